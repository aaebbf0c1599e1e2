"""The device question: what the inputs say cannot be declared away."""

from __future__ import annotations

from typing import Any

import pytest
from evidence_records import DIABETES, RESPONSE, declared, record, sources

from fairness.evidence.errors import EvidenceError
from fairness.evidence.facts import facts
from fairness.evidence.record import Record, Sources, build
from fhir_mapping.spec import Common

SIGNED = {"claim": "non-device", "decided_by": "A. Person", "decided_on": "2026-11-01"}


def asked(model: str, **device: Any) -> Record:
    told = sources(model)["manifest"]["regulatory"]["device"]
    return declared(model, device=told | device)


def criterion(found: Record, number: str) -> str:
    return next(str(one["state"]) for one in found.document["device"]["criteria"] if one["id"] == number)


def test_no_claim_is_made_for_a_model_without_one() -> None:
    """All four criteria may be met; it still takes a person to say so."""
    device = record(DIABETES).document["device"]
    assert [one["state"] for one in device["criteria"]] == ["met"] * 4
    assert (device["conclusion"], device["claim"]) == ("open", None)


def test_a_signed_claim_stands_where_every_criterion_is_met() -> None:
    """The conclusion names a person, not the software."""
    assert (
        asked(DIABETES, **SIGNED).document["device"]["conclusion"] == "claimed non-device by the named person"
    )


def test_tumour_mutational_burden_is_found_by_its_code() -> None:
    """The genomic pattern is found although nothing declares it."""
    found = asked(RESPONSE, genomic_pattern=[])
    assert [one["feature"] for one in found.document["device"]["excluding"]] == ["tumour_mutational_burden"]
    assert found.document["device"]["conclusion"] == "cannot be marked non-device"


def test_a_model_with_a_genomic_pattern_cannot_be_marked_non_device() -> None:
    """The claim is refused with the criterion and the input."""
    with pytest.raises(EvidenceError, match="criterion 1 is not met: Tumour mutational burden"):
        asked(RESPONSE, **SIGNED)


def test_a_time_critical_card_cannot_be_marked_non_device() -> None:
    """The third criterion fails whatever the inputs are."""
    assert criterion(asked(DIABETES, time_critical=True), "3") == "not met"
    with pytest.raises(EvidenceError, match="criterion 3"):
        asked(DIABETES, **SIGNED, time_critical=True)


def test_a_card_for_patients_cannot_be_marked_non_device() -> None:
    """The criteria speak of professionals."""
    assert criterion(asked(DIABETES, for_professionals=False), "3") == "not met"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "image"},
        {"kind": "diplotype"},
        {"kind": "variant_present"},
        {"resources": ["ImagingStudy"]},
        {"resources": ["MolecularSequence"]},
        {"codes": [{"system": "http://loinc.org", "code": "11524-6"}]},
    ],
)
def test_an_image_a_signal_or_a_genomic_pattern_is_found(change: dict[str, Any]) -> None:
    """By the kind of the feature, its resource, or its code."""
    told = sources(DIABETES)
    told["features"][3] |= change
    assert build(Sources(**told)).document["device"]["conclusion"] == "cannot be marked non-device"


def test_repeated_measurements_wait_for_a_person() -> None:
    """A mean over a window may be a pattern; the software does not decide it, and no claim passes."""
    told = sources(DIABETES)
    next(one for one in told["features"] if one["name"] == "systolic")["value"] = "mean"
    assert criterion(build(Sources(**told)), "1") == "open"


def test_an_input_of_an_unknown_kind_waits_for_a_person() -> None:
    """A kind of feature that nobody has classed blocks the claim."""
    told = sources(DIABETES)
    told["features"][3]["kind"] = "retina_photograph"
    assert criterion(build(Sources(**told)), "1") == "open"


def test_every_kind_of_feature_is_classed() -> None:
    """A new kind in the feature language has to be put into a list of fda-cds.yaml."""
    lists = facts("fda-cds")
    classed = {
        *lists["ordinary_kinds"],
        *lists["image_or_signal"]["kinds"],
        *lists["genomic_pattern"]["kinds"],
    }
    kinds = {str(kind.__struct_config__.tag) for kind in Common.__subclasses__()}
    assert kinds - classed == set()


def test_a_declared_input_that_is_no_feature_is_refused() -> None:
    """A misspelt name would hide an image."""
    with pytest.raises(EvidenceError, match=r"image_or_signal.*retina"):
        asked(DIABETES, image_or_signal=["retina"])


def test_a_claim_without_a_signature_is_refused() -> None:
    """Somebody has to answer for it."""
    with pytest.raises(EvidenceError, match="decided_by"):
        asked(DIABETES, claim="non-device")


def test_a_score_without_reasons_leaves_the_fourth_criterion_open() -> None:
    """Nobody can review a basis that is not shown."""
    told = sources(DIABETES)
    told["manifest"]["explanation"]["method"] = "none"
    assert criterion(build(Sources(**told)), "4") == "open"
