"""Entries in words, in local codes and in NDC alone: no silent 0, and no doubt where the words settle it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapping_samples import (
    ICD10CM,
    METFORMIN,
    NOW,
    RXNORM,
    SNOMED,
    Resource,
    allergy,
    concept,
    condition,
    encounter,
    feature,
    features,
    order,
    patient,
    procedure,
    read,
    relative,
    told,
)

from fhir_mapping.drafts import read_draft
from fhir_mapping.payload import decode_payload
from fhir_mapping.record import PatientRecord
from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.names import Naming, words_of
from fhir_mapping.values import UNREADABLE, FeatureValue

NDC = "http://hl7.org/fhir/sid/ndc"
LOCAL = "urn:oid:1.2.3.4"
DRUGS = feature(kind="medication", valueset="glucose-lowering-drugs")
ONE_DRUG = feature(kind="medication", codes=[{"system": RXNORM, "code": METFORMIN}])
DIABETES = feature(kind="condition", valueset="diabetes-mellitus")
CHECKPOINT = feature(kind="draft", valueset="checkpoint-inhibitors")
ASPIRIN = {"itemCodeableConcept": concept("1191", RXNORM)}
UNCLEAR = {
    "a member's name": {"text": "METFORMIN 500 mg"},
    "a brand": {"text": "Glucophage 500 mg"},
    "a member among others": {"text": "aspirin and metformin"},
    "half of it unknown": {"text": "Aspirin with Glucophage"},
    "NDC alone": concept("0087-6060-05", NDC),
    "a local code": concept("MET500", LOCAL),
    "a code without system": {"coding": [{"code": "MET500"}]},
    "a name in the display alone": concept("0087-6060-05", NDC, display="metFORMIN hydrochloride 500 MG"),
    "a display that says another thing": {
        **concept("0087-6060-05", NDC, display="Glucophage 500 mg"),
        "text": "Aspirin 81 mg",
    },
    "an amount": {"text": "500 mg"},
    "nothing": {},
}
SETTLED = {
    "words": {"text": "Aspirin 81 mg"},
    "capitals and forms": {"text": "ASPIRIN EC 81mg tablet, once daily"},
    "NDC with a display": concept("11917-0034", NDC, display="Aspirin 81 MG Oral Tablet"),
    "a display that says more": {
        **concept("11917-0034", NDC, display="Bayer ASPIRIN lo-dose TBEC"),
        "text": "Aspirin 81 mg",
    },
    "words beside an NDC": {**concept("11917-0034", NDC), "text": "aspirin"},
    "two known names": {"text": "aspirin / clopidogrel"},
}


def drafted(spec: Resource, draft: Resource) -> tuple[FeatureValue, list[str]]:
    """A feature over one draft order, and the paths of its issues."""
    sent = {"patient": decode_payload(json.dumps(patient()).encode())}
    record = PatientRecord("p1", sent, lambda _: (), [read_draft(json.dumps(draft).encode())])
    value = features(spec).extract(record, NOW)["f"]
    return value, [one.path for one in record.issues]


@pytest.mark.parametrize("spec", [DRUGS, ONE_DRUG], ids=["value set", "ingredient"])
@pytest.mark.parametrize("said", UNCLEAR.values(), ids=UNCLEAR)
def test_an_order_that_may_be_the_drug_gives_no_silent_value(spec: Resource, said: Resource) -> None:
    """Words, NDC and local codes that settle nothing make the feature missing, and the issue has the path."""
    given = order(medicationCodeableConcept=said)
    found = read(spec, given)
    assert found.state == "missing"
    assert found.reason in UNREADABLE
    assert any(issue.path.startswith("prefetch.bundle.entry[1].resource") for issue in told(spec, given))


@pytest.mark.parametrize("spec", [DRUGS, ONE_DRUG], ids=["value set", "ingredient"])
@pytest.mark.parametrize("said", SETTLED.values(), ids=SETTLED)
def test_an_order_of_another_drug_in_words_silences_nothing(spec: Resource, said: Resource) -> None:
    """A text that is made of names of other drugs, forms and amounts is another drug."""
    assert read(spec, order(medicationCodeableConcept=said)).state == "none-recorded"


@pytest.mark.parametrize("spec", [DRUGS, ONE_DRUG], ids=["value set", "ingredient"])
def test_another_entry_that_says_yes_decides(spec: Resource) -> None:
    """Beside an order that carries the code, one in words does not matter."""
    in_words = order("m2", medicationCodeableConcept=UNCLEAR["a brand"])
    assert read(spec, in_words, order()).value == 1.0


@pytest.mark.parametrize("elements", [{"status": "cancelled"}, {"authoredOn": "2027-01-01"}])
def test_an_order_in_words_that_would_not_count_leaves_no_doubt(elements: Resource) -> None:
    """What was cancelled, or ordered later, need not be understood."""
    given = order(medicationCodeableConcept=UNCLEAR["a brand"], **elements)
    assert read(DRUGS, given).state == "none-recorded"


@pytest.mark.parametrize(
    ("drug", "reason"),
    [
        ({"code": {"text": "aspirin"}}, None),
        ({"code": {"text": "Glucophage"}}, "not-coded"),
        ({"code": concept("0087", NDC), "ingredient": [{"itemCodeableConcept": {"text": "aspirin"}}]}, None),
        ({"code": concept("0087", NDC), "ingredient": [{"itemCodeableConcept": {"text": "x"}}]}, "not-coded"),
        (
            {
                "code": concept("0087", NDC),
                "ingredient": [
                    ASPIRIN,
                    {"itemCodeableConcept": {"text": "Glucophage"}},
                ],
            },
            "not-coded",
        ),
        (
            {"code": concept("0087", NDC), "ingredient": [ASPIRIN]},
            None,
        ),
        ({"ingredient": [{"isActive": True}]}, "incomplete"),
        ({"code": {}}, "incomplete"),
    ],
)
def test_a_medication_is_believed_as_far_as_it_tells(drug: Resource, reason: str | None) -> None:
    """Product and every ingredient count: by code where it can be compared, else by their words."""
    sent = {"resourceType": "Medication", "id": "d", **drug}
    given = order(medicationCodeableConcept=None, medicationReference={"reference": "Medication/d"})
    for spec in (DRUGS, ONE_DRUG):
        assert read(spec, given, sent).reason == reason


def test_an_unknown_product_with_an_ingredient_in_words_is_unknown() -> None:
    """Of an RxNorm product that is not known, one known ingredient beside another in words is not all."""
    drug = {
        "resourceType": "Medication",
        "id": "d",
        "code": concept("9999999", RXNORM),
        "ingredient": [
            ASPIRIN,
            {"itemCodeableConcept": {"text": "Glucophage"}},
        ],
    }
    given = order(medicationCodeableConcept=None, medicationReference={"reference": "Medication/d"})
    assert read(ONE_DRUG, given, drug).reason == "product-unknown"


def test_an_unknown_product_that_its_display_names_is_another_drug() -> None:
    """The sender's own name of a product that is not in the table tells what it is."""
    named = concept("212033", RXNORM, display="aspirin 325 MG Oral Tablet")
    assert read(ONE_DRUG, order(medicationCodeableConcept=named)).state == "none-recorded"


LANTUS = concept("9999998", RXNORM, display="3 ML insulin glargine 100 UNT/ML Pen Injector [Lantus]")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (LANTUS, "named-in-words"),
        ({**concept("9999998", RXNORM), "text": "Lantus (insulin glargine)"}, "named-in-words"),
        (concept("9999998", RXNORM, display="lisinopril 10 MG Oral Tablet [Zestril]"), None),
        (concept("9999998", RXNORM, display="metforminoid cream"), None),
        (concept("9999998", RXNORM), None),
    ],
)
def test_an_unlisted_product_is_doubted_where_its_words_hold_a_members_name(
    said: Resource, reason: str | None
) -> None:
    """Brands are in no table here; their RxNorm names tell the ingredient."""
    assert read(DRUGS, order(medicationCodeableConcept=said)).reason == reason


def test_an_unlisted_product_by_reference_is_doubted_by_its_words() -> None:
    drug = {"resourceType": "Medication", "id": "d", "code": LANTUS}
    given = order(medicationCodeableConcept=None, medicationReference={"reference": "Medication/d"})
    assert read(DRUGS, given, drug).reason == "named-in-words"


def test_a_listed_drug_beside_an_unlisted_brand_decides() -> None:
    metformin = order(medicationCodeableConcept=concept(METFORMIN, RXNORM))
    assert read(DRUGS, metformin, order(medicationCodeableConcept=LANTUS) | {"id": "o2"}).value == 1


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"text": "type 2 diabetes"}, "missing"),
        ({"text": "T2DM"}, "missing"),
        ({"text": "no gout"}, "missing"),
        (concept("DM", LOCAL), "missing"),
        (concept("DM", LOCAL, display="Type 2 diabetes mellitus"), "missing"),
        ({"text": "Gout"}, "none-recorded"),
        ({"text": "Viral sinusitis (disorder)"}, "none-recorded"),
        (concept("HTN", LOCAL, display="Essential hypertension"), "none-recorded"),
    ],
)
def test_conditions_in_words_follow_the_same_rule(said: Resource, state: str) -> None:
    """A problem that may be diabetes is doubt; one that is surely another is not."""
    assert read(DIABETES, condition("1") | {"code": said}).state == state


def test_a_code_of_the_list_without_its_system_is_doubted_whatever_the_words() -> None:
    """Code and text contradict each other: nobody can tell."""
    said = {"coding": [{"code": "44054006"}], "text": "Gout"}
    assert read(DIABETES, condition("1") | {"code": said}).reason == "not-coded"


@pytest.mark.parametrize(
    ("spec", "unclear", "settled"),
    [
        (
            feature(kind="procedure", valueset="chemotherapy-procedures"),
            procedure("1") | {"code": concept("96413", "http://www.ama-assn.org/go/cpt")},
            procedure("80146002"),
        ),
        (
            feature(kind="allergy", valueset="penicillin-allergy"),
            allergy(code={"text": "PCN"}),
            allergy(code={"text": "aspirin"}),
        ),
        (
            feature(kind="allergy", valueset="penicillin-allergy"),
            allergy(code=concept("N0000011281", "http://hl7.org/fhir/ndfrt")),
            allergy(code=concept("1191", RXNORM)),
        ),
        (
            feature(kind="family_history", valueset="cancer-breast"),
            relative(condition=[{"code": concept("C50", LOCAL)}]),
            relative(condition=[{"code": {"text": "Gout"}}]),
        ),
        (
            feature(kind="encounter", codes=[{"system": SNOMED, "code": "50849002"}]),
            encounter(type=[concept("99281", "http://www.ama-assn.org/go/cpt")]),
            encounter(type=[concept("185349003", SNOMED)]),
        ),
    ],
)
def test_every_list_doubts_what_it_cannot_compare(
    spec: Resource, unclear: Resource, settled: Resource
) -> None:
    """A code of a system that the feature does not list is no proof of absence, one of its own system is."""
    assert read(spec, unclear).reason == "not-coded"
    assert read(spec, settled).state == "none-recorded"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"text": "Keytruda 200 mg"}, "not-coded"),
        ({"text": "pembrolizumab 200 mg"}, "not-coded"),
        (concept("0006-3026-02", NDC), "not-coded"),
        (concept("0006-3026-02", NDC, display="Aspirin 81 MG Oral Tablet"), None),
        ({"text": "Aspirin 81 mg"}, None),
    ],
)
def test_drafts_follow_the_same_rule(said: Resource, reason: str | None) -> None:
    """A draft in words or NDC that may be the drug makes the feature missing, with its path."""
    found, paths = drafted(CHECKPOINT, order(medicationCodeableConcept=said))
    assert found.reason == reason
    assert any(path.startswith("draft") for path in paths) == (reason is not None)


def test_a_draft_of_no_drug_is_no_drug_whatever_its_code() -> None:
    """A laboratory order under a local code leaves no doubt about a drug."""
    lab = {"resourceType": "ServiceRequest", "id": "s", "status": "draft", "code": concept("CBC", LOCAL)}
    assert drafted(CHECKPOINT, lab)[0].state == "none-recorded"


def test_names_of_the_features_own_codes_count() -> None:
    """A display in the manifest is a member's name; a code of the same system without any name leaves every
    text in doubt, because it may be that drug's."""

    def of(*codes: Resource) -> Any:
        return feature(kind="medication", codes=list(codes))

    asked = {"system": RXNORM, "code": "999999", "display": "Zzz"}
    assert read(of(asked), order(medicationCodeableConcept={"text": "aspirin"})).state == "none-recorded"
    nameless = {"system": RXNORM, "code": "999998"}
    assert read(of(asked, nameless), order(medicationCodeableConcept={"text": "aspirin"})).state == "missing"
    both = {"system": RXNORM, "code": "999999", "display": "aspirin 81 MG"}
    assert read(of(both), order(medicationCodeableConcept={"text": "aspirin"})).state == "missing"


def test_two_features_that_differ_in_names_alone_are_read_each_by_itself() -> None:
    """What one feature concluded from words is not taken over by another with other names."""
    named = feature(kind="medication", codes=[{"system": RXNORM, "code": "999999", "display": "Zzz"}])
    bare = feature(kind="medication", codes=[{"system": RXNORM, "code": "999999"}]) | {"name": "g"}
    given = order(medicationCodeableConcept={"text": "aspirin"})
    for specs in ((named, bare), (bare, named)):
        sent = json.dumps({"resourceType": "Bundle", "entry": [{"resource": patient()}, {"resource": given}]})
        found = features(*specs).extract(PatientRecord.of_bundle(sent.encode()), NOW)
        assert (found["f"].state, found["g"].state) == ("none-recorded", "missing")


def test_words_are_compared_whole() -> None:
    """A name inside a longer word is no name; case, punctuation and semantic tags do not matter."""
    naming = Naming(catalogue.valueset("diabetes-mellitus"))
    assert words_of("Gout (disorder)") == words_of("GOUT,") == ("gout",)
    assert naming.is_another(["Gout"])
    assert not naming.is_another(["Goutte"])
    assert not naming.is_another([])
    assert not naming.is_another(["Gout", "type 2 diabetes mellitus"])


def test_a_code_system_that_is_listed_under_another_name_is_compared() -> None:
    """An entry in ICD-10-CM by its OID is comparable with a list in ICD-10-CM."""
    spec = feature(kind="condition", codes=[{"system": ICD10CM, "code": "E11.9"}])
    assert read(spec, condition("I10", "urn:oid:2.16.840.1.113883.6.90")).state == "none-recorded"
    assert read(spec, condition("38341003", SNOMED)).reason == "not-coded"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (concept("I10", ICD10CM), "not-listed"),
        (concept("X", LOCAL), "not-coded"),
        ({"text": "Gout"}, "not-listed"),
        ({"text": "lung ca"}, "not-coded"),
    ],
)
def test_levels_are_compared_as_a_whole(said: Resource, reason: str) -> None:
    """A code of one level's system tells that it is none of another level, of another system."""
    levels = [
        {"value": 1, "label": "Lung", "valueset": "cancer-nsclc"},
        {"value": 2, "label": "Breast", "valueset": "cancer-breast"},
    ]
    spec = feature(kind="condition", categories=levels)
    assert read(spec, condition("1") | {"code": said}).reason == reason
