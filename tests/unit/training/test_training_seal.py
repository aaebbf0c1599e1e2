"""Digests in the manifest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from models.training.seal import seal

BEFORE = "# a comment\nid: example # beside it\nfiles:\n  old.onnx: 00\n\noutputs: [] # after it\n"


def sealed(folder: Path, manifest: str) -> str:
    """The manifest of a folder with one model file, after sealing."""
    (folder / "model.yaml").write_text(manifest, encoding="utf-8")
    (folder / "model.onnx").write_bytes(b"model")
    seal(folder)
    return (folder / "model.yaml").read_text(encoding="utf-8")


def test_only_the_files_block_changes(tmp_path: Path) -> None:
    """Comments, order and the blocks around `files:` stay as they were."""
    line = f"  model.onnx: {hashlib.sha256(b'model').hexdigest()}\n"
    assert sealed(tmp_path, BEFORE) == BEFORE.replace("  old.onnx: 00\n", line)


@pytest.mark.parametrize("manifest", ["id: example\n", "id: example\nfiles: {}\n"])
def test_a_missing_or_empty_block_is_written(tmp_path: Path, manifest: str) -> None:
    """A manifest without digests gets them, once."""
    assert sealed(tmp_path, manifest).count("files:\n  model.onnx: ") == 1


def test_sealing_twice_changes_nothing(tmp_path: Path) -> None:
    """The digests of unchanged files are the same text."""
    once = sealed(tmp_path, BEFORE)
    assert sealed(tmp_path, once) == once
