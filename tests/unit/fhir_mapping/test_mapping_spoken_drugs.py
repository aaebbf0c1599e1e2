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

from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.names import Naming, Spoken

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


@pytest.mark.parametrize(
    "valueset", ["glucose-lowering-drugs", "checkpoint-inhibitors", "systemic-antineoplastic-drugs"]
)
def test_the_quick_look_passes_over_no_name(valueset: str) -> None:
    """Every display and designation without a figure is found, in a longer text too."""
    document = catalogue.valueset_document(valueset)
    naming = Naming(catalogue.valueset(valueset))
    concepts = [one for part in document["compose"]["include"] for one in part["concept"]]
    names = [one["display"] for one in concepts if "display" in one]
    names += [other["value"] for one in concepts for other in one.get("designation", ())]
    wanted = [name for name in names if not any(map(str.isdigit, name)) and name != "guar gum"]
    assert len(wanted) > 50
    assert all(naming.is_named_in(Spoken.of([f"Rx: {name.upper()} oral tablet"])) for name in wanted)
    assert not naming.is_named_in(
        Spoken.of(["atorvastatin calcium 40 MG Oral Tablet", "hydrochlorothiazide"])
    )
