"""Which words of a medication name a member of a list: brands, classes, other languages, and sound-alikes."""

from __future__ import annotations

import pytest
from mapping_samples import (
    NOW,
    RXNORM,
    Resource,
    bundle,
    concept,
    fast_record,
    feature,
    features,
    order,
    read,
)
from mapping_samples import patient as person

GLUCOSE = feature(kind="medication", valueset="glucose-lowering-drugs")
CHECKPOINT = feature(kind="medication", valueset="checkpoint-inhibitors")


def reason(spec: Resource, text: str) -> str | None:
    """Why the feature is missing beside an order in these words."""
    return read(spec, order(medicationCodeableConcept={"text": text})).reason


@pytest.mark.parametrize(
    "text",
    [
        "Glucophage XR 500 mg",
        "JANUVIA 100MG TAB",
        "Ozempic®",
        "Toujeo SoloStar",
        "Xigduo XR",
        "SGLT-2 inhibitor",
        "GLP-1 RA (weekly)",
        "a sulphonylurea",
        "Metformina 850 mg",
        "Metforminhydrochlorid",
        "Insuline aspart",
        "insulina glargina",
        "Gliclazid 30 mg",
        "gliclazida",
        "Insulinas",
    ],
)
def test_brands_classes_and_other_languages_name_a_glucose_lowering_drug(text: str) -> None:
    assert reason(GLUCOSE, text) == "named-in-words"


@pytest.mark.parametrize(
    "text",
    [
        "anti-PD-(L)1 antibody",
        "PD-1 blockade",
        "Checkpointinhibitor",
        "immune checkpoint inhibition",
        "Pembrolizumabe",
        "nivolumabum",
        "BMS-936558",
        "cadonilimab",
    ],
)
def test_classes_trial_names_and_other_languages_name_a_checkpoint_inhibitor(text: str) -> None:
    assert reason(CHECKPOINT, text) == "named-in-words"


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (GLUCOSE, "Insulin-like growth factor 1"),
        (GLUCOSE, "Partially hydrolysed guar gum"),
        (GLUCOSE, "Actonel 35 mg"),
        (GLUCOSE, "Actosolv"),
        (GLUCOSE, "Metforminesque"),
        (CHECKPOINT, "Abatacept (CTLA-4 Ig)"),
        (CHECKPOINT, "PD-L1 expression"),
        (CHECKPOINT, "Sacituzumab"),
    ],
)
def test_what_sounds_alike_is_not_named(spec: Resource, text: str) -> None:
    """It may still be anything, as any text may."""
    assert reason(spec, text) == "not-coded"


@pytest.mark.parametrize("text", ["Jardiance 10 MG Oral Tablet", "Lantus 100 UNT/ML", "Glucophage"])
def test_a_brand_under_a_product_that_is_in_no_table_is_no_silent_zero(text: str) -> None:
    """Codes of branded products are too many to list; their words tell what they are."""
    given = order(medicationCodeableConcept=concept("9999991", RXNORM, display=text))
    assert read(GLUCOSE, given).reason == "named-in-words"
    quick = features(GLUCOSE).extract(fast_record(bundle(person(), given)), NOW)
    assert quick["f"].reason == "named-in-words"


def test_growth_factor_beside_insulin_is_insulin() -> None:
    assert reason(GLUCOSE, "Insulin, insulin-like growth factor") == "named-in-words"
