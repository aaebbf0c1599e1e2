"""Writes the digests of a model folder's files into its manifest, and names the feature set in the model.

The manifest is edited as text, so that its comments and its order stay.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from pathlib import Path

import yaml

MANIFEST = "model.yaml"
SEALED = ("evaluation.json", "golden.json", "model.onnx", "reference.json")


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def seal(folder: Path) -> None:
    """Replace or append the ``files:`` block of ``folder``/model.yaml; absent files are left out."""
    manifest = folder / MANIFEST
    text = manifest.read_text(encoding="utf-8")
    block = "files:\n" + "".join(
        f"  {name}: {digest(folder / name)}\n" for name in SEALED if (folder / name).exists()
    )
    # The block is the key and the indented lines under it.
    found = re.compile(r"^files:[^\n]*\n(?:[ \t]+[^\n]*\n?)*", re.MULTILINE)
    text, count = found.subn(lambda _: block, text)
    manifest.write_text(text if count else f"{text.rstrip()}\n\n{block}", encoding="utf-8")


def feature_spec(folder: Path) -> str:
    """Digest of the manifest's feature set, as the service computes it when it loads the model."""
    spec = importlib.import_module("fhir_mapping.features")
    return str(spec.FeatureSet.load(folder / MANIFEST).sha256)


def metadata(model: str, version: str, folder: Path) -> dict[str, str]:
    """The ``metadata_props`` of a model: its identity and the feature set that it was trained for."""
    return {
        "bedside.feature_spec": feature_spec(folder),
        "bedside.model": model,
        "bedside.version": version,
    }


def reseal(folder: Path) -> None:
    """Name the manifest's present version and feature set in model.onnx, then renew the digests.

    For a change of the manifest or of the tables behind it that leaves every feature's meaning as it was;
    golden cases and parity tests show whether it did. Weights are not touched.
    """
    onnx = importlib.import_module("onnx")
    manifest = yaml.safe_load((folder / MANIFEST).read_text(encoding="utf-8"))
    model = onnx.load(folder / "model.onnx")
    onnx.helper.set_model_props(model, metadata(manifest["id"], manifest["version"], folder))
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    seal(folder)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        reseal(Path(name))
