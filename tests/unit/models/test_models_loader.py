"""What a model folder must be before anything in it is run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import toy_models as toys
import yaml

from models.errors import EvaluationError, ManifestError, ModelError, ModelRefused
from models.loader import load_model


def test_a_folder_is_a_model(tmp_path: Path) -> None:
    """A folder written from scratch loads and gives the probability of its formula."""
    model = toys.toy(tmp_path / "toy")
    found = model.predict(toys.vector(model, age=50, lactate=2, score=1)).outputs[0].probability
    assert toys.logit(found) == pytest.approx(-3.0 + 0.03 * 50 + 0.5 * 2 - 0.8, abs=1e-5)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    """One changed byte of the model file is noticed by its digest."""
    folder = toys.write_folder(tmp_path / "toy")
    content = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(content + b"\x00")
    with pytest.raises(ModelRefused, match=r"model\.onnx: differs from its digest"):
        load_model(folder)


@pytest.mark.parametrize("name", ["reference.json", "evaluation.json"])
def test_a_file_without_digest_is_refused(tmp_path: Path, name: str) -> None:
    """A file that the service would read may not lie there unvouched for."""
    folder = toys.write_folder(tmp_path / "toy", files={name: None})
    (folder / name).write_text("{}", encoding="utf-8")
    with pytest.raises(ModelRefused, match=f"{re.escape(name)}: the manifest has no digest"):
        load_model(folder)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file of the manifest that is not there is named."""
    folder = toys.write_folder(tmp_path / "toy")
    (folder / "evaluation.json").unlink()
    with pytest.raises(ModelRefused, match=r"evaluation\.json: is in the manifest and cannot be read"):
        load_model(folder)


@pytest.mark.parametrize("key", ["model", "version", "feature_spec"])
def test_metadata_of_another_model_is_refused(tmp_path: Path, key: str) -> None:
    """Weights of another model, version or feature set do not run under this manifest."""
    weights = toys.stamped(toys.graph(), toys.manifest(), **{key: "pending"})
    folder = toys.write_folder(tmp_path / "toy", model=weights)
    with pytest.raises(ModelRefused, match=f"bedside.{key}.*found `pending`"):
        load_model(folder)


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 2), (4, 2), (3, 1), (3, 3)])
def test_another_shape_is_refused(tmp_path: Path, inputs: int, outputs: int) -> None:
    """Columns must be the input features, outputs those of the manifest."""
    folder = toys.write_folder(tmp_path / "toy", model=toys.graph(inputs, outputs))
    with pytest.raises(ModelRefused, match="must be float32"):
        load_model(folder)


def test_another_input_name_is_refused(tmp_path: Path) -> None:
    """The one input is called `features`."""
    model = toys.graph()
    model.graph.input[0].name = model.graph.node[0].input[0] = "x"
    with pytest.raises(ModelRefused, match="one input, named `features`"):
        load_model(toys.write_folder(tmp_path / "toy", model=model))


def test_a_missing_probability_is_refused(tmp_path: Path) -> None:
    """An output called `probability` is needed."""
    model = toys.graph()
    model.graph.output[0].name = model.graph.node[2].output[0] = "p"
    with pytest.raises(ModelRefused, match="output named `probability`"):
        load_model(toys.write_folder(tmp_path / "toy", model=model))


def test_an_input_that_nothing_can_fill_in_is_refused(tmp_path: Path) -> None:
    """Averaging over a missing input needs it in reference.json."""
    reference = json.dumps(toys.reference(("age", "lactate"))).encode()
    folder = toys.write_folder(tmp_path / "toy", files={"reference.json": reference})
    with pytest.raises(ManifestError, match=r"features\.score\.when_missing: is not in reference\.json"):
        load_model(folder)


def test_a_typical_patient_needs_a_reference(tmp_path: Path) -> None:
    """A card that shows the typical patient cannot be filled in without reference.json."""
    features = [{**feature, "required": True} for feature in toys.FEATURES]
    folder = toys.write_folder(
        tmp_path / "toy", toys.manifest(features=features), files={"reference.json": None}
    )
    with pytest.raises(ManifestError, match="card: shows a typical patient"):
        load_model(folder)


def test_an_anchor_that_is_no_input_is_refused(tmp_path: Path) -> None:
    """The typical patient can share inputs only."""
    folder = toys.write_folder(tmp_path / "toy", toys.manifest(explanation={"anchors": ["sepsis"]}))
    with pytest.raises(ManifestError, match=r"explanation\.anchors"):
        load_model(folder)


def test_an_evaluation_of_another_version_is_refused(tmp_path: Path) -> None:
    """Figures of another version say nothing about this one."""
    other = json.dumps({**toys.evaluation(), "version": "0.0.9"}).encode()
    folder = toys.write_folder(tmp_path / "toy", files={"evaluation.json": other})
    with pytest.raises(ModelRefused, match="another model or version"):
        load_model(folder)


def test_an_evaluation_of_another_form_is_refused(tmp_path: Path) -> None:
    """An evaluation with a field that nobody knows is not read."""
    other = json.dumps({**toys.evaluation(), "verdict": "fine"}).encode()
    folder = toys.write_folder(tmp_path / "toy", files={"evaluation.json": other})
    with pytest.raises(EvaluationError, match="verdict"):
        load_model(folder)


REFERENCE_FAULTS: dict[str, dict[str, Any]] = {
    "is not an input": {"features": ["age", "lactate", "height"]},
    "either quantiles or discrete": {"quantiles": {}},
    "probs must increase": {"probs": [0.5, 0.1]},
    "one value per probability": {"probs": [0.1, 0.5]},
    "positive definite": {"correlation": [[1, 2, 0], [2, 1, 0], [0, 0, 1]]},
    "no distribution": {"discrete": {"score": {"values": [0, 1], "proportions": [0.2, 0.2]}}},
    "Expected `int`": {"n": "many"},
}


@pytest.mark.parametrize("message", list(REFERENCE_FAULTS))
def test_a_faulty_reference_is_refused(tmp_path: Path, message: str) -> None:
    """Each fault of reference.json is told in words."""
    content = json.dumps({**toys.reference(), **REFERENCE_FAULTS[message]}).encode()
    folder = toys.write_folder(tmp_path / "toy", files={"reference.json": content})
    with pytest.raises(ModelRefused, match=rf"reference\.json: .*{message}"):
        load_model(folder)


def test_a_model_without_evaluation_loads(tmp_path: Path) -> None:
    """A model that was never evaluated runs; the gate then has no evidence."""
    folder = toys.write_folder(tmp_path / "toy", files={"evaluation.json": None})
    assert load_model(folder).evaluation is None


def test_every_refusal_is_a_model_error(tmp_path: Path) -> None:
    """A folder with garbage in place of the manifest raises nothing but ModelError."""
    folder = toys.write_folder(tmp_path / "toy")
    (folder / "model.yaml").write_text(yaml.safe_dump(["not", "a", "manifest"]), encoding="utf-8")
    with pytest.raises(ModelError):
        load_model(folder)
