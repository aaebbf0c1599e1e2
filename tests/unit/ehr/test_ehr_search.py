"""Answering prefetch queries from a Bundle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.ehr.bundle_file import PatientBundle, patient_bundle
from cds_hooks.ehr.errors import UnsupportedQuery
from cds_hooks.ehr.parameters import parameter, searchable_types
from cds_hooks.ehr.search import answer

Json = dict[str, Any]
LOINC = "http://loinc.org"


def observation(number: str, loinc: str, when: str | None = None, **members: Any) -> Json:
    made: Json = {
        "resourceType": "Observation",
        "id": number,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": loinc}]},
        "subject": {"reference": "Patient/p1"},
    }
    return made | ({"effectiveDateTime": when} if when else {}) | members


@pytest.fixture
def bundle(chart: Callable[..., Json]) -> PatientBundle:
    """A chart with observations, conditions and a prescription."""
    pressure = [{"code": {"coding": [{"system": LOINC, "code": "8480-6"}]}, "valueQuantity": {"value": 120}}]
    two_codings = {"coding": [{"system": "urn:lab", "code": "A1C"}, {"system": LOINC, "code": "4548-4"}]}
    return patient_bundle(
        chart(
            observation("o1", "4548-4", "2024-03-01T08:00:00Z"),
            observation("o2", "4548-4", "2024", status="amended"),
            observation("o3", "85354-9", "2023-06-15", component=pressure),
            observation("o4", "x", "2024-05-02", code=two_codings),
            observation("o5", "local", code={"coding": [{"code": "local"}]}),
            observation("o6", "4548-4", "2024-05-02", subject={"reference": "Patient/other"}),
            {
                "resourceType": "Condition",
                "id": "c1",
                "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/x", "code": "active"}]},
                "verificationStatus": {"coding": [{"code": "confirmed"}]},
                "category": [{"coding": [{"code": "problem-list-item"}]}, {"coding": [{"code": "mds"}]}],
                "onsetPeriod": {"start": "2010"},
                "subject": {"reference": "Patient/p1"},
                "encounter": {"reference": "Encounter/e1"},
            },
        ),
        name="x",
    )


def ids(query: str, bundle: PatientBundle) -> list[str]:
    found = answer(query, bundle)
    assert found is not None
    return [entry["resource"]["id"] for entry in found.get("entry", [])]


def test_read_gives_the_resource(bundle: PatientBundle) -> None:
    """A read answers with the resource itself."""
    assert answer("Patient/p1", bundle) is bundle.patient


def test_read_of_nothing_gives_none(bundle: PatientBundle) -> None:
    """A read of an id that is not there answers None."""
    assert answer("Practitioner/nobody", bundle) is None


def test_searchset_form(bundle: PatientBundle) -> None:
    """A search answers with a searchset: total, absolute fullUrl, resource and search mode."""
    found = answer("Condition?patient=p1", bundle)
    assert found == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 1,
        "entry": [
            {
                "fullUrl": "https://ehr.bedside.example/fhir/Condition/c1",
                "resource": bundle.find("Condition", "c1"),
                "search": {"mode": "match"},
            }
        ],
    }


def test_empty_searchset_has_no_entry(bundle: PatientBundle) -> None:
    """Nothing found is a total of 0 without an empty array, which FHIR does not allow."""
    assert answer("Goal?patient=p1", bundle) == {"resourceType": "Bundle", "type": "searchset", "total": 0}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("patient=p1", ["o1", "o2", "o3", "o4", "o5"]),
        ("patient=Patient/p1", ["o1", "o2", "o3", "o4", "o5"]),
        ("subject=p1&_id=o1", ["o1"]),
        ("subject=Patient/other", ["o6"]),
        ("patient=p1,other&_id=o1,o6", ["o1", "o6"]),
        ("patient=Practitioner/p1", []),
        ("patient=p1&code=4548-4", ["o1", "o2", "o4"]),
        (f"patient=p1&code={LOINC}|4548-4", ["o1", "o2", "o4"]),
        (f"patient=p1&code={LOINC}%7C4548-4", ["o1", "o2", "o4"]),
        ("patient=p1&code=urn:lab|A1C", ["o4"]),
        ("patient=p1&code=urn:lab|4548-4", []),
        ("patient=p1&code=|local", ["o5"]),
        ("patient=p1&code=|4548-4", []),
        (f"patient=p1&code={LOINC}|", ["o1", "o2", "o3", "o4"]),
        ("patient=p1&code=local,85354-9", ["o3", "o5"]),
        ("patient=p1&code=8480-6", []),
        ("patient=p1&combo-code=8480-6", ["o3"]),
        ("patient=p1&combo-code=85354-9", ["o3"]),
        ("patient=p1&component-code=8480-6", ["o3"]),
        ("patient=p1&component-code=85354-9", []),
        ("patient=p1&status=amended", ["o2"]),
        ("patient=p1&status=final,amended&code=4548-4", ["o1", "o2", "o4"]),
        ("patient=p1&date=2024", ["o1", "o2", "o4"]),
        ("patient=p1&date=eq2024-05-02", ["o4"]),
        ("patient=p1&date=ge2024-05-01", ["o2", "o4"]),
        ("patient=p1&date=le2024-01-01", ["o3"]),
        ("patient=p1&date=le2024-01-02", ["o2", "o3"]),
        ("patient=p1&date=lt2024", ["o3"]),
        ("patient=p1&date=gt2023&date=lt2024-04", ["o1", "o2"]),
        ("patient=p1&date=ge2024-03-01T09:00:00+01:00&date=lt2024-03-02&code=4548-4", ["o1", "o2"]),
        ("patient=p1&_sort=date", ["o3", "o2", "o1", "o4", "o5"]),
        ("patient=p1&_sort=-date", ["o2", "o4", "o1", "o3", "o5"]),
        ("patient=p1&_sort=-_id", ["o5", "o4", "o3", "o2", "o1"]),
        ("patient=p1&_sort=-status,-date", ["o4", "o1", "o3", "o5", "o2"]),
        ("patient=p1&code=4548-4&_sort=-date&_count=1", ["o2"]),
    ],
)
def test_observation_search(bundle: PatientBundle, query: str, expected: list[str]) -> None:
    """Each form of parameter finds the observations that FHIR's search rules say."""
    assert ids(f"Observation?{query}", bundle) == expected


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("clinical-status=active", True),
        ("clinical-status=http://other|active", False),
        ("clinical-status=recurrence,relapse", False),
        ("verification-status=confirmed", True),
        ("category=mds", True),
        ("onset-date=gt2020", True),
        ("onset-date=lt2010", False),
        ("encounter=e1", True),
        ("encounter=Encounter/e1", True),
        ("encounter=Encounter/e2", False),
        ("recorded-date=ge1900", False),
    ],
)
def test_condition_search(bundle: PatientBundle, query: str, found: bool) -> None:
    """Conditions are found by their statuses, categories, onset and encounter."""
    assert (ids(f"Condition?{query}", bundle) == ["c1"]) is found


def test_count_limits_entries_but_not_total(bundle: PatientBundle) -> None:
    """total tells how many matched, however few are returned."""
    found = answer("Observation?patient=p1&_count=2", bundle)
    assert found is not None
    assert (found["total"], len(found["entry"])) == (5, 2)


def test_unknown_parameter_is_named(bundle: PatientBundle) -> None:
    """An unsupported parameter is an error that names it and the type, never ignored."""
    with pytest.raises(UnsupportedQuery, match="'value-quantity' of Observation"):
        answer("Observation?patient=p1&value-quantity=gt5", bundle)


def test_unknown_sort_key_is_named(bundle: PatientBundle) -> None:
    """Sorting by what is no parameter is an error that names it."""
    with pytest.raises(UnsupportedQuery, match="'colour'"):
        answer("Observation?_sort=-colour", bundle)


def test_unknown_type_is_named(bundle: PatientBundle) -> None:
    """A type that cannot be searched is named, also when the query has no parameter."""
    with pytest.raises(UnsupportedQuery, match="searches on Basic"):
        answer("Basic", bundle)


@pytest.mark.parametrize("prefix", ["ne", "sa", "eb", "ap", "zz", "g"])
def test_other_date_prefixes_are_refused(bundle: PatientBundle, prefix: str) -> None:
    """Prefixes outside the five of CDS Hooks are errors that name the parameter."""
    with pytest.raises(UnsupportedQuery, match="'date'"):
        answer(f"Observation?date={prefix}2024", bundle)


def test_bad_date_is_refused_without_its_value(bundle: PatientBundle) -> None:
    """A value that is no date is an error that does not repeat it."""
    with pytest.raises(UnsupportedQuery, match="'date' is no date") as caught:
        answer("Observation?date=ge2024-99", bundle)
    assert "2024-99" not in str(caught.value)


@pytest.mark.parametrize("value", ["a|b|c", "|"])
def test_bad_token_is_refused(bundle: PatientBundle, value: str) -> None:
    """A token with too many or only empty parts is an error that names the parameter."""
    with pytest.raises(UnsupportedQuery, match="'code'"):
        answer(f"Observation?code={value}", bundle)


@given(st.text(max_size=40))
def test_any_parameters_answer_or_are_refused(text: str) -> None:
    """No query string makes the search fail in another way than UnsupportedQuery."""
    patient = {"resourceType": "Patient", "id": "p1"}
    small = PatientBundle(patient, (patient, observation("o1", "1", "2024")))
    try:
        found = answer(f"Observation?{text}", small)
    except UnsupportedQuery:
        return
    assert found is not None
    assert found["total"] in (0, 1)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["coding", "code", "system", "reference", "start", "end"]), inner, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_malformed_elements_do_not_match_and_do_not_fail(element: Any) -> None:
    """Elements of a wrong shape are passed over: a chart may hold invalid FHIR."""
    patient = {"resourceType": "Patient", "id": "p1"}
    members = ("code", "subject", "effectiveDateTime", "effectivePeriod", "component")
    odd = {"resourceType": "Observation", "id": "o1"} | dict.fromkeys(members, element)
    query = "Observation?patient=nobody&combo-code=zzz&date=ge2024&_sort=-date,code,subject"
    found = answer(query, PatientBundle(patient, (patient, odd)))
    assert found is not None
    assert found["total"] == 0


@pytest.mark.parametrize("resource_type", searchable_types())
def test_every_type_of_the_table_has_readable_parameters(resource_type: str) -> None:
    """Every searchable type has at least the parameters of all types."""
    assert parameter(resource_type, "_id").elements == ("id",)
