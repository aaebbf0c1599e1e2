"""Which models are served, and by which services."""

import json
import os
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import toy_models as toys

from models.errors import ManifestError, ModelError, ModelRefused
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


def off_by_sex(folder: Path, **fairness: object) -> Path:
    """A model whose evaluation shows women off a claim that keeps it from being loaded."""
    evaluation = toys.evaluation()
    evaluation["results"][1]["metrics"][0] |= {"value": 2.0, "low": 1.7, "high": 2.4}
    claim = {"metric": "o_e", "between": [0.8, 1.25], "ideal": 1.0, "on_fail": "do-not-load"}
    policy = {"dataset": "cohort", "output": "death", "claims": [claim], **fairness}
    files = {"evaluation.json": json.dumps(evaluation).encode()}
    return toys.write_folder(folder / "off", toys.manifest(id="toy-risk", fairness=policy), files=files)


@pytest.mark.parametrize("strict", [True, False])
def test_a_version_that_fails_its_own_claims_is_refused_and_the_others_are_served(
    tmp_path: Path, strict: bool
) -> None:
    """A declared consequence is no mistake, so it does not stop a strict load either."""
    off_by_sex(tmp_path)
    toys.write_folder(tmp_path / "well", toys.manifest(id="other-risk"), files={"evaluation.json": None})
    registry = Registry.load([tmp_path], strict)
    assert list(registry.models) == ["other-risk"]
    assert [(one.folder.name, "Female (o_e)" in one.reason) for one in registry.refused] == [("off", True)]


@pytest.mark.parametrize(("day", "served"), [(date(2026, 6, 30), ["toy-risk"]), (date(2026, 7, 1), [])])
def test_an_override_serves_a_failing_version_until_its_day(
    tmp_path: Path, day: date, served: list[str]
) -> None:
    """On the last day of a named owner's override the version is still loaded."""
    override = {"action": "caution", "owner": "Dr Okafor", "until": "2026-06-30", "reason": "bridging"}
    off_by_sex(tmp_path, override=override)
    assert list(Registry.load([tmp_path], today=day).models) == served


def test_an_override_without_a_near_end_is_an_error_of_the_manifest(tmp_path: Path) -> None:
    """A year is the longest, told with the day; a model that needs no override is refused too."""
    override = {"action": "caution", "owner": "Dr Okafor", "until": "2999-01-01", "reason": "bridging"}
    off_by_sex(tmp_path, override=override)
    told = r"fairness\.override\.until: must end within a year, on 2027-07-01 at the latest"
    with pytest.raises(ManifestError, match=told):
        Registry.load([tmp_path], today=date(2026, 6, 30))


def test_a_policy_on_an_unknown_attribute_names_the_field(tmp_path: Path) -> None:
    """A group attribute that neither the project nor the evaluation has is an error of the manifest."""
    off_by_sex(tmp_path, attributes=["sex", "shoe_size"])
    with pytest.raises(ManifestError, match=r"fairness\.attributes: `shoe_size`"):
        Registry.load([tmp_path])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read a folder")
@pytest.mark.parametrize("mode", [0o711, 0o744])
def test_a_folder_that_may_not_be_read_is_named(mode: int) -> None:
    """By somebody who may enter it and not list it, or list it and not enter it."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name, "models")
        (folder / "toy").mkdir(parents=True)
        folder.chmod(mode)
        os.seteuid(65_534)
        try:
            with pytest.raises(ModelRefused, match=r"models: cannot be read \(Permission denied\)"):
                Registry.load([folder])
        finally:
            os.seteuid(0)


def test_a_model_folder_is_no_folder_of_models(tmp_path: Path) -> None:
    """The folder around it is asked for, in place of serving nothing."""
    with pytest.raises(ModelRefused, match="is a model folder itself"):
        Registry.load([toys.write_folder(tmp_path / "toy")])
