"""The wheel: the rooms with their data files, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROOMS = ("cds_hooks", "fairness", "fhir_mapping", "models")


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel from a copy of the checkout, without a network, and list what it holds."""
    source = tmp_path_factory.mktemp("source")
    caches = shutil.ignore_patterns("__pycache__")
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=caches)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).write_text((ROOT / name).read_text())
    build = "import sys, hatchling.build as b; b.build_wheel(sys.argv[1])"
    target = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", build, str(target)], cwd=source, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = target.glob("bedside-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("room", ROOMS)
def test_the_wheel_holds_every_file_of_a_room(wheel_names: set[str], room: str) -> None:
    """Every module and data file of a room is in the wheel."""
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files - wheel_names == set()


@pytest.mark.parametrize(
    "needed",
    [
        "fhir_mapping/data/analytes/lipids.yaml",
        "fhir_mapping/data/valuesets/cancer-nsclc.json",
        "cds_hooks/demo/patients/maria-lindqvist.yaml",
        "cds_hooks/ledger/migrations/versions/r0001_first_form.py",
        "cds_hooks/ledger/migrations/script.py.mako",
        "models/catalog/type2-diabetes-risk/model.yaml",
        "models/catalog/type2-diabetes-risk/model.onnx",
        "models/catalog/immunotherapy-response/model.onnx",
    ],
)
def test_the_wheel_holds_the_data_that_the_service_reads(wheel_names: set[str], needed: str) -> None:
    """What the service reads at run time is installed with it."""
    assert needed in wheel_names


def test_the_wheel_holds_the_pages(wheel_names: set[str]) -> None:
    """The templates of the pages are installed with the edge."""
    assert any(name.startswith("cds_hooks/templates/") for name in wheel_names)


def test_the_wheel_holds_nothing_beside_the_rooms(wheel_names: set[str]) -> None:
    """Tests, caches and lock files stay out of the wheel."""
    tops = {name.split("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(ROOMS)
