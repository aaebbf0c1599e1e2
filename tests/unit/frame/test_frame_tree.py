"""The tree: imports run one way, and no file names a place of one machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_MACHINE_PATH = re.compile(rb"(?<![A-Za-z0-9._/$-])/(?:work|farm|root|home|tmp)/[A-Za-z0-9._-]+")
_UNTRACKED = {".git", ".hypothesis", ".bedside", "__pycache__", "dist", "build"}
_BINARY = {".onnx", ".gz", ".pyc"}


def places(content: bytes) -> list[str]:
    """Return the paths of one machine that a text names."""
    return [found.decode() for found in _MACHINE_PATH.findall(content)]


def files_of_the_tree() -> list[Path]:
    """Return the files of the checkout outside tests/, environments and caches."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        at_top = Path(folder) == ROOT
        folders[:] = [
            name
            for name in folders
            if name not in _UNTRACKED
            and not name.startswith(".venv")
            and not name.endswith("_cache")
            and not (at_top and name == "tests")
        ]
        found += [Path(folder) / name for name in files]
    return [path for path in found if path.suffix not in _BINARY]


def test_imports_run_one_way() -> None:
    """The import contracts of pyproject.toml hold for the whole tree."""
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("room", ["cds_hooks", "fairness", "fhir_mapping", "models"])
def test_no_room_names_a_place_of_one_machine(room: str) -> None:
    """No module or data file of a room points into somebody's home or scratch directory."""
    named = {str(path): places(path.read_bytes()) for path in files_of_the_tree() if room in path.parts}
    assert named
    assert {path: found for path, found in named.items() if found} == {}


def test_no_other_file_names_a_place_of_one_machine() -> None:
    """Neither do the files at the top: the build, its locks and the pages that a newcomer reads."""
    named = {path.name: places(path.read_bytes()) for path in files_of_the_tree()}
    assert {path: found for path, found in named.items() if found} == {}


@pytest.mark.parametrize("text", [b"see /work/main", b'"/root/.cache"', b"(/tmp/out.json)"])
def test_a_place_of_one_machine_is_recognised(text: bytes) -> None:
    """The search above finds a path in running text, quotes and brackets."""
    assert places(text)


@pytest.mark.parametrize("text", [b"https://bedside.example/work/list", b"$TMPDIR/tmp/x", b"room/work/rule"])
def test_a_part_of_an_address_is_no_place(text: bytes) -> None:
    """The search above passes over the path of a URL or of a relative file."""
    assert places(text) == []
