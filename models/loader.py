"""Reads one model folder, and believes nothing in it that the manifest does not vouch for.

Every file is read once, up to its limit; its digest is compared and the very same bytes are used.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from fhir_mapping.errors import SpecError
from fhir_mapping.features import FeatureSet
from fhir_mapping.spec import FeatureSpec
from fhir_mapping.terminology.site import SiteTerminology
from models.errors import ManifestError, ModelRefused
from models.evaluation import Evaluation
from models.manifest import MANIFEST, Manifest
from models.manifest_checks import MODEL_FILE, TYPICAL, placeholders
from models.onnx_guard import MAX_BYTES
from models.reference import Reference
from models.runtime import Model
from models.session import open_session
from models.trial import try_out

EVALUATION_FILE = "evaluation.json"
REFERENCE_FILE = "reference.json"
# What the service reads when it is there; it may not be there without a digest.
READ_FILES = (MODEL_FILE, EVALUATION_FILE, REFERENCE_FILE)

_SEAL = "run `bedside models seal FOLDER`"


def load_model(folder: Path, site: SiteTerminology = SiteTerminology.EMPTY) -> Model:
    """The model of a folder, ready to run; `site` are the site's own codes.

    Raises ManifestError (model.yaml, or a graph that fails where the manifest says that it may be asked),
    ModelRefused (digests, ONNX file, reference) or EvaluationError.
    """
    path = folder / MANIFEST
    manifest = Manifest.load(path)
    features = _features(manifest, path, site)
    files = _verified(folder, manifest.files)
    reference = Reference.read(files[REFERENCE_FILE], features.inputs) if REFERENCE_FILE in files else None
    for spec in _undrawable(features, reference):
        remedy = "is not in reference.json; make the input required, `nan`, or give it a stated value"
        raise ManifestError(path, f"features.{spec.name}.when_missing", remedy)
    if reference is None and _shows_typical(manifest):
        raise ManifestError(
            path, "card", "shows a typical patient; add reference.json or take the figure out"
        )
    session = open_session(files[MODEL_FILE], len(features.inputs), len(manifest.outputs), {
        "bedside.model": manifest.id,
        "bedside.version": manifest.version,
        "bedside.feature_spec": features.sha256,
    })  # fmt: skip
    model = Model(manifest, features, session, reference=reference, evaluation=_evaluation(files, manifest),
                  sha256=manifest.files[MODEL_FILE], folder=folder)  # fmt: skip
    try_out(model)
    return model


def _features(manifest: Manifest, path: Path, site: SiteTerminology) -> FeatureSet:
    try:
        features = FeatureSet.parse(manifest.features, str(path), path, site)
    except SpecError as error:
        place, _, problem = str(error).partition(": ")
        raise ManifestError(place, "features", problem) from None
    unknown = [name for name in manifest.explanation.anchors if name not in features.inputs]
    if unknown:
        raise ManifestError(
            path, "explanation.anchors", f"`{unknown[0]}` is not an input; name features of the model"
        )
    return features


def _verified(folder: Path, digests: Mapping[str, str]) -> dict[str, bytes]:
    """Bytes of the files that the service reads, after every digest of the manifest held."""
    for name in READ_FILES:
        if name not in digests and (folder / name).exists():
            raise ModelRefused(f"{folder / name}: the manifest has no digest of it; {_SEAL}")
    content: dict[str, bytes] = {}
    for name, digest in digests.items():
        found = _read(folder / name)
        if hashlib.sha256(found).hexdigest() != digest:
            raise ModelRefused(
                f"{folder / name}: differs from its digest in the manifest; restore it, or {_SEAL}"
            )
        if name in READ_FILES:
            content[name] = found
    return content


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError:
        raise ModelRefused(f"{path}: is in the manifest and cannot be read") from None
    if len(content) > MAX_BYTES:
        raise ModelRefused(f"{path}: is larger than {MAX_BYTES // 2**20} MiB")
    return content


def _shows_typical(manifest: Manifest) -> bool:
    texts = (manifest.card.headline, manifest.card.lead or "")
    return any(figure == TYPICAL for text in texts for _, figure in placeholders(text))


def _undrawable(features: FeatureSet, reference: Reference | None) -> Iterator[FeatureSpec]:
    """Inputs that may be missing, are to be averaged over, and are not in the reference population."""
    drawn = () if reference is None else reference.features
    for spec in features.specs:
        if spec.input and not spec.required and spec.when_missing == "integrate" and spec.name not in drawn:
            yield spec


def _evaluation(files: Mapping[str, bytes], manifest: Manifest) -> Evaluation | None:
    if EVALUATION_FILE not in files:
        return None
    evaluation = Evaluation.read(files[EVALUATION_FILE])
    if (evaluation.model, evaluation.version) != (manifest.id, manifest.version):
        raise ModelRefused(f"{EVALUATION_FILE}: is of another model or version; evaluate this one")
    return evaluation
