"""Seals a model folder: names the model and its feature set in model.onnx, each file's digest in model.yaml.

The manifest is edited as text, so that its comments and its order stay.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from fhir_mapping.errors import SpecError
from fhir_mapping.features import FeatureSet
from models.errors import ManifestError, ModelRefused
from models.manifest import MANIFEST, Manifest
from models.manifest_checks import MODEL_FILE
from models.onnx_guard import guard
from models.onnx_metadata import with_metadata

SEALED = ("evaluation.json", "golden.json", MODEL_FILE, "reference.json")
# The block is the key and the indented lines under it.
_BLOCK = re.compile(r"^files:[^\n]*\n(?:[ \t]+[^\n]*\n?)*", re.MULTILINE)


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def seal(folder: Path) -> None:
    """Replace or append the ``files:`` block of ``folder``/model.yaml; absent files are left out."""
    manifest = folder / MANIFEST
    text = _with_digests(manifest.read_text(encoding="utf-8"), _digests(folder))
    manifest.write_text(text, encoding="utf-8")


def metadata(model: str, version: str, folder: Path) -> dict[str, str]:
    """The ``metadata_props`` of a model: its identity and the feature set that it was trained for.

    Raises ``ManifestError`` for features that cannot be used.
    """
    return {
        "bedside.feature_spec": feature_spec(folder),
        "bedside.model": model,
        "bedside.version": version,
    }


def feature_spec(folder: Path) -> str:
    """Digest of the manifest's feature set, as the service computes it when it loads the model."""
    try:
        return FeatureSet.load(folder / MANIFEST).sha256
    except SpecError as error:
        place, _, problem = str(error).partition(": ")
        raise ManifestError(folder / place, "features", problem) from None


def reseal(folder: Path) -> Manifest:
    """Name the manifest's present id, version and feature set in model.onnx, then renew the digests.

    Weights are not touched. Nothing is written unless the manifest, its features and the ONNX file can be
    used: raises ``ManifestError`` or ``ModelRefused`` otherwise, and ``OSError`` when a file cannot be
    written.
    """
    path = folder / MANIFEST
    model = _model_file(folder / MODEL_FILE)
    text = _text(path)
    draft = Manifest.parse(_with_digests(text, {MODEL_FILE: hashlib.sha256(model).hexdigest()}), path)
    try:
        guard(model)
    except ModelRefused as error:
        raise ModelRefused(f"{folder / MODEL_FILE}: {error}") from None
    stamped = with_metadata(model, metadata(draft.id, draft.version, folder))
    if stamped != model:
        (folder / MODEL_FILE).write_bytes(stamped)
    sealed = _with_digests(text, _digests(folder))
    if sealed != text:
        path.write_text(sealed, encoding="utf-8")
    return Manifest.parse(sealed, path)


def _digests(folder: Path) -> dict[str, str]:
    return {name: digest(folder / name) for name in SEALED if (folder / name).exists()}


def _with_digests(text: str, digests: dict[str, str]) -> str:
    block = "files:\n" + "".join(f"  {name}: {found}\n" for name, found in digests.items())
    sealed, count = _BLOCK.subn(lambda _: block, text)
    return sealed if count else f"{text.rstrip()}\n\n{block}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ManifestError(path, "file", "cannot be read; it must be a file of UTF-8 text") from None


def _model_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = type(error).__name__
        raise ModelRefused(f"{path}: cannot be read ({why}); export the model to that file first") from None
