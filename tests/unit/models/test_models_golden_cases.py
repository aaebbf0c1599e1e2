"""Golden cases: written by training, checked where the model runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fhir_mapping.features import FeatureSet
from fhir_mapping.values import FeatureVector
from models.golden import Case, check, read, run
from models.golden_cases import CASES, GOLDEN, case_of, golden, read_cases
from models.loader import load_model
from models.prediction import Applicability, OutputValue, Prediction

CATALOG = Path(__file__).parents[3] / "models" / "catalog"
FOLDERS = sorted(path.parent for path in CATALOG.glob("*/golden_cases.yaml"))
FEATURES = [
    {"name": "albumin", "label": "Albumin", "kind": "observation", "analyte": "albumin", "window": "60d"},
    {
        "name": "ordered",
        "label": "Ordered",
        "kind": "draft",
        "input": False,
        "valueset": "checkpoint-inhibitors",
    },
]
ENTRY: dict[str, Any] = {
    "name": "case",
    "index": "2025-06-10T09:00:00Z",
    "patient": {"gender": "female", "birthDate": "1960-01-01"},
    "facts": [{"observation": "1751-7", "value": 41, "ucum": "g/L", "date": "2025-06-01"}],
    "drafts": ["1547545"],
}


class Tenth:
    """A model whose only output is a tenth of the albumin, with an adjustable bias."""

    features = FeatureSet.parse(FEATURES, "test")

    def __init__(self, bias: float = 0.0, status: str = "inside") -> None:
        self.bias = bias
        self.status = status

    def predict(self, vector: FeatureVector) -> Prediction:
        """One output, none when outside."""
        if self.status != "inside":
            return Prediction("m", "1", Applicability("outside", "why"), vector)
        p = vector["albumin"].value / 10 + self.bias
        out = OutputValue("out", "Out", p, p - 0.1, p + 0.1)
        return Prediction("m", "1", Applicability("inside"), vector, (out,))


def written(model: Tenth) -> bytes:
    """A golden.json of one case."""
    return msgspec.json.encode([run(model, case_of(ENTRY))])


def test_facts_and_drafts_reach_the_features() -> None:
    """The short form becomes FHIR that the mapper reads: a unit that is converted, and a draft order."""
    found = run(Tenth(), case_of(ENTRY))
    assert found.features == {"albumin": pytest.approx(4.1), "ordered": 1.0}
    assert found.outputs == {"out": pytest.approx((0.41, 0.31, 0.51))}


def test_the_same_model_agrees() -> None:
    """No difference is told when nothing changed."""
    assert check(Tenth(), written(Tenth())) == []


@pytest.mark.parametrize(("bias", "lines"), [(9e-6, 0), (2e-5, 1)])
def test_a_changed_probability_is_told(bias: float, lines: int) -> None:
    """Beyond 1e-5 the output is named, with its values now and then; rounding of single precision is not."""
    found = check(Tenth(bias), written(Tenth()))
    assert len(found) == lines
    assert all("case `case`: output `out` is 0.41002" in line for line in found)


def test_a_changed_feature_is_told() -> None:
    """A value that became another is named with both."""
    case = run(Tenth(), case_of(ENTRY))
    other = msgspec.structs.replace(case, features={**case.features, "albumin": None})
    assert check(Tenth(), msgspec.json.encode([other])) == [
        "case `case`: feature `albumin` is 4.1, recorded missing"
    ]


def test_a_model_that_falls_silent_is_told() -> None:
    """A changed status and the outputs that are gone are two differences."""
    found = check(Tenth(status="outside"), written(Tenth()))
    assert [line.split(": ")[1].split(" is")[0] for line in found] == ["status", "output `out`"]


@pytest.mark.parametrize("content", [b"", b"{}", b'[{"name": "a"}]'])
def test_an_unreadable_file_is_one_sentence(content: bytes) -> None:
    """A damaged golden.json is a difference and not a traceback."""
    assert [line.startswith("golden.json cannot be read") for line in check(Tenth(), content)] == [True]


def test_a_resource_type_that_is_not_there_counts_as_asked_for() -> None:
    """The Bundle is the whole chart: a chart without drugs means no drug, and not that nobody looked."""
    spec = {"name": "drug", "label": "Drug", "kind": "medication", "valueset": "checkpoint-inhibitors"}
    model = Tenth(status="outside")
    model.features = FeatureSet.parse([spec], "test")
    case = Case(name="c", index=datetime(2025, 1, 1, tzinfo=UTC), bundle=case_of(ENTRY).bundle, status="",
                features={}, outputs={})  # fmt: skip
    assert run(model, case).features == {"drug": 0.0}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_recorded_cases_hold(folder: Path) -> None:
    """Every model of the catalogue gives what its golden.json records."""
    assert check(load_model(folder), (folder / GOLDEN).read_bytes()) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_recorded_cases_are_the_declared_ones(folder: Path) -> None:
    """golden.json was written from golden_cases.yaml as it is, and holds scored and unscored patients."""
    recorded = read((folder / GOLDEN).read_bytes())
    declared = read_cases(folder / CASES)
    patients = [[(case.name, case.bundle, case.drafts) for case in cases] for cases in (recorded, declared)]
    assert patients[0] == patients[1]
    assert {bool(case.outputs) for case in recorded} == {True, False}
    assert all(bool(case.outputs) == (case.status == "inside") for case in recorded)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_writing_again_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """The file depends on the model and the declared cases alone."""
    for name in load_model(folder).manifest.files | {"model.yaml": ""}:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    golden(tmp_path, read_cases(folder / CASES))
    assert (tmp_path / GOLDEN).read_bytes() == (folder / GOLDEN).read_bytes()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_golden_cases_are_sealed(folder: Path) -> None:
    """The digest of golden.json is in the manifest."""
    assert GOLDEN in load_model(folder).manifest.files


def test_a_fact_may_be_told_in_words_and_a_condition_may_be_over() -> None:
    """What silences a model without a code, and what no longer does, can be a golden case."""
    facts = [
        {"medication": "Keytruda", "system": "words", "date": "2024-02-01"},
        {"condition": "72892002", "date": "2024-02-01", "until": "2024-11-01"},
    ]
    case = case_of({"name": "c", "index": "2025-06-10T09:00:00Z", "patient": {}, "facts": facts})
    drug, condition = (one["resource"] for one in case.bundle["entry"][1:])
    assert drug["medicationCodeableConcept"] == {"text": "Keytruda"}
    assert condition["abatementDateTime"] == "2024-11-01"
