"""Digests in the manifest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from models.loader import load_model
from models.sealing import reseal, seal

FOLDER = Path(__file__).parents[3] / "models" / "catalog" / "type2-diabetes-risk"
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


def test_a_new_version_is_named_in_the_model_without_touching_its_weights(tmp_path: Path) -> None:
    """After resealing, the service loads the folder as the new version, with the same probabilities."""
    for name in ("model.yaml", "model.onnx", "reference.json"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    manifest = (tmp_path / "model.yaml").read_text(encoding="utf-8")
    newer = manifest.replace("version: 1.0.0", "version: 1.0.1")
    (tmp_path / "model.yaml").write_text(newer, encoding="utf-8")
    reseal(tmp_path)
    assert load_model(tmp_path).manifest.version == "1.0.1"
    row = {"features": np.array([[60, 1, 30, 105, 135, 200, 45, 1, 0]], dtype=np.float32)}
    paths = (FOLDER / "model.onnx", tmp_path / "model.onnx")
    before, after = (ort.InferenceSession(path).run(None, row) for path in paths)
    np.testing.assert_array_equal(before[0], after[0])
