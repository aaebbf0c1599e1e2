"""Which models are served, and by which services."""

from pathlib import Path

import pytest
import toy_models as toys

from models.errors import ModelError, ModelRefused
from models.registry import Registry


def three(folder: Path) -> Path:
    """A good model, a retired one, and one whose weights were changed."""
    toys.write_folder(folder / "a-good")
    toys.write_folder(
        folder / "b-retired", toys.manifest(id="old-risk", status="retired"), files={"evaluation.json": None}
    )
    broken = toys.write_folder(folder / "c-broken", toys.manifest(id="broken-risk"))
    (broken / "model.onnx").write_bytes(b"changed")
    return folder


def test_adding_a_folder_adds_a_service(tmp_path: Path) -> None:
    """A folder in the catalogue is served under its own id on its hooks."""
    toys.write_folder(tmp_path / "toy", toys.manifest(hooks=["patient-view", "order-sign"]))
    assert set(Registry.load([tmp_path]).services) == {
        ("toy-risk", "patient-view"),
        ("toy-risk", "order-sign"),
    }


def test_models_of_one_service_are_grouped(tmp_path: Path) -> None:
    """Two models that name the same service and hook answer together."""
    toys.write_folder(tmp_path / "one", toys.manifest(service="risks"))
    toys.write_folder(
        tmp_path / "two", toys.manifest(id="second-risk", service="risks"), files={"evaluation.json": None}
    )
    service = Registry.load([tmp_path]).services["risks", "patient-view"]
    assert [model.manifest.id for model in service.models] == ["toy-risk", "second-risk"]


def test_a_retired_model_is_known_and_not_served(tmp_path: Path) -> None:
    """Retired models can be looked up and form no service."""
    registry = Registry.load([three(tmp_path)], strict=False)
    assert "old-risk" in registry.models
    assert ("old-risk", "patient-view") not in registry.services


def test_a_broken_folder_does_not_stop_the_others(tmp_path: Path) -> None:
    """Not strict: the broken folder is refused with its reason and the good one is served."""
    registry = Registry.load([three(tmp_path)], strict=False)
    assert ("toy-risk", "patient-view") in registry.services
    assert [(r.folder.name, "digest" in r.reason) for r in registry.refused] == [("c-broken", True)]


def test_strict_loading_raises(tmp_path: Path) -> None:
    """Strict: the first broken folder stops the load."""
    with pytest.raises(ModelError, match="c-broken"):
        Registry.load([three(tmp_path)])


def test_a_second_model_with_the_same_id_is_refused(tmp_path: Path) -> None:
    """An id is taken once, across folders too."""
    toys.write_folder(tmp_path / "bundled" / "toy")
    toys.write_folder(tmp_path / "own" / "toy")
    with pytest.raises(ModelRefused, match="id `toy-risk` is taken"):
        Registry.load([tmp_path / "bundled", tmp_path / "own"])


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A mistyped folder of models is an error, not an empty catalogue."""
    with pytest.raises(ModelRefused, match="is not a folder"):
        Registry.load([tmp_path / "nowhere"])
