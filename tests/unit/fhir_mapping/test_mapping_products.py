"""A feature that names an ingredient finds its products, and takes no unknown product for another drug."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapping_samples import METFORMIN, NOW, RXNORM, Resource, concept, feature, features, order, patient, read

from fhir_mapping.describe import describe
from fhir_mapping.drafts import read_draft
from fhir_mapping.features import FeatureSet
from fhir_mapping.payload import decode_payload
from fhir_mapping.record import PatientRecord
from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.products import ingredients, is_known, with_products
from fhir_mapping.terminology.site import SiteTerminology

EXTENDED, WITH_SITAGLIPTIN = "860975", "861769"  # metformin 500 mg extended release; with sitagliptin
GLARGINE, ACARBOSE, UNKNOWN = "274783", "199149", "314076"
METFORMIN_FEATURE = feature(kind="medication", codes=[{"system": RXNORM, "code": METFORMIN}])


def ordered(code: str, **elements: Any) -> Resource:
    """An order of a drug by its RxNorm code."""
    return order(medicationCodeableConcept=concept(code, RXNORM), **elements)


def referred(*ingredient: Resource) -> tuple[Resource, Resource]:
    """An order of an unknown product whose Medication names its ingredients."""
    drug = {"resourceType": "Medication", "id": "d", "code": concept(UNKNOWN, RXNORM)}
    reference = order(medicationCodeableConcept=None, medicationReference={"reference": "Medication/d"})
    return reference, drug | ({"ingredient": list(ingredient)} if ingredient else {})


@pytest.mark.parametrize("code", [METFORMIN, EXTENDED])
def test_a_product_of_the_ingredient_is_found(code: str) -> None:
    """An order of a product counts as an order of what it is made of."""
    assert read(METFORMIN_FEATURE, ordered(code)).value == 1.0


@pytest.mark.parametrize("code", [GLARGINE, ACARBOSE])
def test_a_known_product_of_another_ingredient_is_another_drug(code: str) -> None:
    """Of a product that is known, its absence of the ingredient is known too."""
    told = read(METFORMIN_FEATURE, ordered(code))
    assert (told.value, told.state) == (0.0, "none-recorded")


def test_an_unknown_product_is_no_proof_of_absence() -> None:
    """Nobody can tell what it is made of: missing with a reason, and a known one beside it decides."""
    told = read(METFORMIN_FEATURE, ordered(UNKNOWN))
    assert (told.state, told.reason) == ("missing", "product-unknown")
    assert read(METFORMIN_FEATURE, ordered(UNKNOWN), ordered(EXTENDED, ident="m2")).value == 1.0


@pytest.mark.parametrize(
    "elements",
    [{"status": "cancelled"}, {"intent": "proposal"}, {"authoredOn": "2027-01-01"}, {"doNotPerform": True}],
)
def test_an_unknown_product_that_was_not_ordered_leaves_no_doubt(elements: Resource) -> None:
    """What would not count anyway need not be known."""
    assert read(METFORMIN_FEATURE, ordered(UNKNOWN, **elements)).state == "none-recorded"


def test_a_medication_that_names_its_ingredients_is_believed() -> None:
    """Its ingredients say what an unknown product is, and what it is not."""
    metformin = {"itemCodeableConcept": concept(METFORMIN, RXNORM)}
    other = {"itemCodeableConcept": concept("29046", RXNORM)}
    assert read(METFORMIN_FEATURE, *referred(metformin)).value == 1.0
    assert read(METFORMIN_FEATURE, *referred(other)).state == "none-recorded"
    assert read(METFORMIN_FEATURE, *referred()).reason == "product-unknown"


def test_an_id_of_two_medications_is_neither() -> None:
    """Two Medications of one id: the order of the payload does not decide which drug was ordered."""
    reference, unknown = referred()
    known = unknown | {"code": concept(METFORMIN, RXNORM)}
    for listed in ((known, unknown), (unknown, known)):
        assert read(METFORMIN_FEATURE, reference, *listed).reason == "incomplete"
    assert read(METFORMIN_FEATURE, reference, known, known).value == 1.0


@pytest.mark.parametrize(
    "spec", [{"valueset": "glucose-lowering-drugs"}, {"codes": [{"system": RXNORM, "code": EXTENDED}]}]
)
def test_enumerated_products_mean_what_they_list(spec: Resource) -> None:
    """A value set, and a list of products, leave no doubt about another product."""
    told = read(feature(kind="medication", **spec), ordered(UNKNOWN))
    assert (told.value, told.state) == (0.0, "none-recorded")


def test_a_sites_value_sets_are_enumerated_too() -> None:
    """With a site's own terminology a value set's ingredients are no more than what is listed."""
    site = SiteTerminology(local={(METFORMIN, RXNORM): (("MET", "urn:oid:1.2.3"),)})
    spec = feature(kind="medication", valueset="glucose-lowering-drugs")
    for told, expected in ((spec, frozenset()), (METFORMIN_FEATURE, frozenset({METFORMIN}))):
        reader = FeatureSet.parse([told], "model.yaml", site=site).readers["f"]
        assert reader.ingredients == expected  # type: ignore[union-attr] # a medication has them
        assert ("MET", "urn:oid:1.2.3") in reader.codes  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [(EXTENDED, "ok", None), (GLARGINE, "none-recorded", None), (UNKNOWN, "missing", "product-unknown")],
)
def test_drafts_are_matched_alike(code: str, state: str, reason: str | None) -> None:
    """A draft of a product is a draft of its ingredient; of an unknown one nobody can tell."""
    raw = json.dumps(ordered(code)).encode()
    sent = {"patient": decode_payload(json.dumps(patient()).encode())}
    spec = feature(kind="draft", codes=[{"system": RXNORM, "code": METFORMIN}])
    told = features(spec).extract(PatientRecord("p1", sent, lambda _: (), [read_draft(raw)]), NOW)["f"]
    assert (told.state, told.reason) == (state, reason)


def test_a_third_party_is_told_how_products_are_matched() -> None:
    """The page of a model lists the products, names the ingredient and says what an unknown one does."""
    (told,) = describe(features(METFORMIN_FEATURE))
    assert told["ofIngredients"] == [METFORMIN]
    assert {"system": RXNORM, "code": EXTENDED} in told["codes"]
    assert "product-unknown" in told["matching"]
    (told,) = describe(features(feature(kind="medication", valueset="glucose-lowering-drugs")))
    assert "ofIngredients" not in told


def test_the_table_agrees_with_the_value_sets() -> None:
    """Every product and ingredient of the drug value sets is known, and no product is an ingredient."""
    for name in ("glucose-lowering-drugs", "systemic-antineoplastic-drugs"):
        codes = catalogue.valueset(name)
        assert all(is_known(code) for code, system in codes if system == RXNORM)
    products = set(with_products(((METFORMIN, RXNORM),))) - {(METFORMIN, RXNORM)}
    assert len(products) > 20
    assert ingredients(products) == frozenset()
