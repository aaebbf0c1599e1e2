"""The record: the same bytes each time, nothing invented, and every declaration checked."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import pytest
from evidence_records import MODELS, RESPONSE, audit, declared, record, sources

from fairness.evidence.errors import EvidenceError
from fairness.evidence.record import Sources, build
from models.manifest import Manifest
from models.regulatory import Regulatory


@pytest.mark.parametrize("model", MODELS)
def test_the_same_sources_give_the_same_bytes(model: str) -> None:
    """Building twice from equal sources gives equal bytes."""
    assert record(model).encode() == record(model).encode()


def test_the_order_of_the_sources_does_not_matter() -> None:
    """Mappings in another order give the same bytes."""
    told = sources()
    told["digests"] = dict(reversed(told["digests"].items()))
    told["manifest"] = dict(reversed(told["manifest"].items()))
    assert build(Sources(**told)).encode() == record().encode()


def test_another_process_gives_the_same_bytes() -> None:
    """Hash randomisation and the clock leave no trace in the record."""
    code = "from evidence_records import record; print(record().sha256)"
    done = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={
            "PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed, "TZ": zone,
        }).stdout.strip()
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    ]  # fmt: skip
    assert done == [record().sha256] * 2


def test_without_a_date_the_record_says_so() -> None:
    """No clock stands in for a date that was not given."""
    found = record(created=None)
    assert found.document["created"] is None
    assert "created" in {one["at"] for one in found.open_items}


@pytest.mark.parametrize("day", ["24.11.2026", "2026-13-01", "today"])
def test_a_date_that_is_none_is_refused(day: str) -> None:
    """The error names the field."""
    with pytest.raises(EvidenceError, match="created"):
        record(created=day)


def test_an_audit_of_another_model_is_refused() -> None:
    """A report may not be filed under the wrong model."""
    with pytest.raises(EvidenceError, match=r"audits\[0\]"):
        record(audits=[audit(RESPONSE)])


@pytest.mark.parametrize("name", ["model", "version"])
def test_an_audit_of_nobody_knows_what_is_refused(name: str) -> None:
    """A report without a model could be about any predictions, and would close the open item."""
    with pytest.raises(EvidenceError, match=r"audits\[0\]: does not say which model"):
        record(audits=[{**audit(), name: None}])


def test_an_audit_of_the_model_closes_its_open_item() -> None:
    """With a report attached, the lack of one is no longer told."""
    audited = record(audits=[audit()])
    assert "audits" in {one["at"] for one in record().open_items}
    assert "audits" not in {one["at"] for one in audited.open_items}


def test_an_audit_tells_validity_and_fairness_at_the_place_of_use() -> None:
    """Figures of everybody, each verdict, and who cannot be judged; what is withheld is told as withheld."""
    found = record(audits=[audit()]).document["local"]
    assert found["validity"][1:] == ["Ranking (AUROC) 0.712 (0.650 to 0.770)", "Brier score withheld"]
    assert found["fairness"] == [
        "Audit at one clinic (predictions.csv, 2026-11-20): fail",
        "Observed to expected between 0.8 and 1.25, Men: fail",
        "Too little evidence: sex unknown",
    ]


@pytest.mark.parametrize("document", [{}, {"groups": 1}, {"groups": [{}]}, {"groups": [], "verdicts": None}])
def test_a_document_that_is_no_report_is_refused(document: dict[str, object]) -> None:
    """The error says which, and what to give."""
    with pytest.raises(EvidenceError, match=r"audits\[0\]: is no report"):
        record(audits=[document])


def test_faults_of_the_data_are_told_once() -> None:
    """Those of training and those of each data set, without repetition."""
    defects = record(RESPONSE).document["data_defects"]
    assert defects
    assert len(defects) == len(set(defects))


def test_the_record_holds_digests_seed_and_code() -> None:
    """What it takes to make the model again is in the record."""
    found = record().document
    assert len(found["digests"]["model.onnx"]) == 64
    assert (found["seeds"], found["code"]["version"]) == ({"evaluation": 20260101}, "0.1.0")


@pytest.mark.parametrize("model", MODELS)
def test_what_nobody_declared_is_an_open_item(model: str) -> None:
    """An empty regulatory block opens every declaration and fills none."""
    empty = declared(model, **msgspec.to_builtins(Regulatory()))
    places = {one["at"] for one in empty.open_items}
    assert {"regulatory/method", "regulatory/plain", "regulatory/fairness/approach"} <= places


def test_each_open_item_has_a_remedy() -> None:
    """Nobody is left with a finding and no way to mend it."""
    assert all(one["what"] and one["remedy"] and one["at"] for one in record(RESPONSE).open_items)


def test_an_attribute_that_nobody_measured_is_open() -> None:
    """Race was not recorded in the cohorts, and the record says so."""
    told = [one["what"] for one in record(RESPONSE).open_items]
    assert "Nothing is known about fairness by race" in told


def test_an_unknown_field_of_the_block_is_refused(tmp_path: object) -> None:
    """A spelling mistake in `regulatory` never passes as a declaration."""
    with pytest.raises(msgspec.ValidationError, match="clinical_riks"):
        msgspec.convert({"clinical_riks": "low"}, Regulatory)


def test_a_manifest_without_the_block_loads() -> None:
    """The block is optional, with nothing declared."""
    content = {name: part for name, part in sources()["manifest"].items() if name != "regulatory"}
    assert msgspec.convert(json.loads(json.dumps(content)), Manifest).regulatory == Regulatory()
