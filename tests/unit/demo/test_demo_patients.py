"""Bundled patients: valid FHIR, resolving references, dates that move with the day of reading, coverage."""

import re
from collections.abc import Iterator
from datetime import date
from importlib import import_module, resources
from typing import Any

import pytest

from cds_hooks import demo
from cds_hooks.demo.person import birth_date
from fhir_mapping.terminology.catalogue import valueset

TODAY = date(2026, 11, 24)
OMB_RACES = {"1002-5", "2028-9", "2054-5", "2076-8", "2106-3"}
Json = dict[str, Any]


def resources_of(name: str, as_of: date = TODAY) -> list[Json]:
    """All resources of a chart and of its draft orders."""
    drafts = demo.draft_orders(name, as_of)
    bundles = [demo.bundle(name, as_of)] + ([drafts] if drafts else [])
    return [entry["resource"] for bundle in bundles for entry in bundle["entry"]]


def patient_of(name: str) -> Json:
    """The Patient of a chart."""
    patient: Json = next(r for r in resources_of(name) if r["resourceType"] == "Patient")
    return patient


def references(node: Any) -> Iterator[str]:
    """Every literal reference below a node."""
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def extension_codes(name: str, url_end: str) -> set[str]:
    """ombCategory codes of one US Core extension of a patient."""
    found = [e for e in patient_of(name).get("extension", ()) if e["url"].endswith(url_end)]
    return {part["valueCoding"]["code"] for e in found for part in e["extension"] if "valueCoding" in part}


def coded(name: str, field: str) -> set[tuple[str, str]]:
    """(code, system) pairs of one CodeableConcept field over all resources of a chart."""
    concepts = [resource[field] for resource in resources_of(name) if field in resource]
    return {(coding["code"], coding["system"]) for concept in concepts for coding in concept["coding"]}


@pytest.mark.parametrize("name", demo.names())
def test_every_resource_is_valid_r4(name: str) -> None:
    """Each composed resource passes fhir.resources, and so do the Bundles around them."""
    for resource in resources_of(name):
        kind = resource["resourceType"]
        getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind).model_validate(resource)
    model = import_module("fhir.resources.R4B.bundle").Bundle
    assert model.model_validate(demo.bundle(name, TODAY)).type == "collection"


@pytest.mark.parametrize("name", demo.names())
def test_ids_are_valid_and_unique(name: str) -> None:
    """Ids fit the FHIR id type, and no two resources of one kind share one."""
    keys = [(resource["resourceType"], resource["id"]) for resource in resources_of(name)]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", key[1]) for key in keys)


@pytest.mark.parametrize("name", demo.names())
def test_references_resolve_inside_the_chart(name: str) -> None:
    """What a resource or a draft order points at is in the chart's Bundle."""
    chart = {
        f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in demo.bundle(name, TODAY)["entry"]
    }
    assert set(references(resources_of(name))) <= chart


@pytest.mark.parametrize("name", demo.names())
def test_charts_never_go_stale(name: str) -> None:
    """A chart read a year later shows the same facts with every date one year on."""
    later = date(2027, 11, 24)
    now = re.sub(r"\d{4}-\d{2}-\d{2}", "DATE", str(resources_of(name)))
    then = re.sub(r"\d{4}-\d{2}-\d{2}", "DATE", str(resources_of(name, later)))
    assert now == then
    assert str(resources_of(name)) != str(resources_of(name, later))


@pytest.mark.parametrize("name", demo.names())
def test_nothing_recorded_lies_in_the_future(name: str) -> None:
    """Results, conditions and past orders precede the day on which the chart is read."""
    fields = ("effectiveDateTime", "onsetDateTime", "performedDateTime", "recordedDate")
    dates = [resource[field] for resource in resources_of(name) for field in fields if field in resource]
    assert all(moment[:10] < TODAY.isoformat() for moment in dates)


@pytest.mark.parametrize("name", demo.names())
def test_every_patient_has_a_story(name: str) -> None:
    """A story says in a sentence or two who it is and why the chart is bundled."""
    assert 60 < len(demo.story(name)) < 700


@pytest.mark.parametrize("name", demo.names())
def test_drafts_are_draft_checkpoint_inhibitors(name: str) -> None:
    """A draft order has status draft and is an immune checkpoint inhibitor that the value set knows."""
    bundle = demo.draft_orders(name, TODAY)
    known = set(valueset("checkpoint-inhibitors"))
    for entry in bundle["entry"] if bundle else ():
        coding = entry["resource"]["medicationCodeableConcept"]["coding"][0]
        assert entry["resource"]["status"] == "draft"
        assert (coding["code"], coding["system"]) in known


def test_unknown_patient_is_an_error() -> None:
    """Asking for somebody who is not bundled raises KeyError with the name."""
    with pytest.raises(KeyError, match="nobody"):
        demo.bundle("nobody", TODAY)


def test_birthday_on_leap_day_is_composed_in_common_years() -> None:
    """29 February becomes 28 February when the year of birth has none."""
    assert birth_date({"years": 17, "days": 0}, date(2028, 2, 29)) == "2011-02-28"
    assert birth_date({"years": 40, "days": 0}, date(2028, 2, 29)) == "1988-02-29"


def test_at_least_fourteen_adults_of_both_sexes() -> None:
    """The set is large enough to show both sexes as adults."""
    adults = [patient_of(n) for n in demo.names() if patient_of(n)["birthDate"] <= "2008-11-24"]
    assert len(adults) >= 14
    assert {"female", "male"} <= {patient.get("gender") for patient in adults}


def test_every_us_core_race_and_ethnicity_occurs() -> None:
    """Each minimum category, a combination, a declined and an unknown answer, and both ethnicities occur."""
    races = [extension_codes(name, "us-core-race") for name in demo.names()]
    assert set().union(*races) >= OMB_RACES | {"ASKU", "UNK"}
    assert any(len(race & OMB_RACES) > 1 for race in races)
    ethnicities = [extension_codes(name, "us-core-ethnicity") for name in demo.names()]
    assert set().union(*ethnicities) >= {"2135-2", "2186-5"}


def test_patient_of_the_demonstration_serves_both_models() -> None:
    """Maria has a lung cancer, both biomarkers, prior chemotherapy, a draft order, and no diabetes."""
    conditions = coded("maria-lindqvist", "code")
    assert conditions & set(valueset("cancer-nsclc"))
    assert not conditions & set(valueset("diabetes-mellitus"))
    assert {("94076-7", "http://loinc.org"), ("83053-9", "http://loinc.org")} <= conditions
    drugs = coded("maria-lindqvist", "medicationCodeableConcept")
    assert drugs & set(valueset("systemic-antineoplastic-drugs"))
    assert demo.draft_orders("maria-lindqvist", TODAY) is not None


def test_glioblastoma_is_in_no_cancer_set() -> None:
    """Victor's tumour is of no type that the immunotherapy model was made for."""
    folder = resources.files("fhir_mapping") / "data" / "valuesets"
    types = [path.name.removesuffix(".json") for path in folder.iterdir() if path.name.startswith("cancer-")]
    known = {code for name in types for code in valueset(name)}
    assert len(types) == 16
    assert coded("victor-petrenko", "code") & known == set()


def test_withdrawn_and_refuted_entries_are_in_the_chart() -> None:
    """Grace's chart holds a result entered in error, a condition entered in error and a refuted one."""
    chart = resources_of("grace-muthoni")
    verification = {
        coding["code"]
        for r in chart
        if "verificationStatus" in r
        for coding in r["verificationStatus"]["coding"]
    }
    assert verification == {"refuted", "entered-in-error"}
    assert "entered-in-error" in {r.get("status") for r in chart if r["resourceType"] == "Observation"}


def test_emptiest_chart_holds_a_birth_date_only() -> None:
    """The unnamed arrival is one Patient resource with an id and a birth date."""
    assert resources_of("unnamed-arrival") == [
        {"resourceType": "Patient", "id": "unnamed-arrival", "birthDate": "1964-05-28"}
    ]
