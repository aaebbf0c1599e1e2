"""Prefetch templates in the words of CDS Hooks 2.0 and of the 3.0 ballot."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.services import discovery, windows
from fhir_mapping import prefetch
from fhir_mapping.prefetch_dialect import in_dialect
from models.registry import Registry

TEMPLATES = {
    "patient": "Patient/{{context.patientId}}",
    "observations": "Observation?patient={{context.patientId}}&code=http://loinc.org|4548-4&_sort=-date",
    "conditions": "Condition?patient={{context.patientId}}",
    "medicationRequests": "MedicationRequest?patient={{context.patientId}}",
    "medicationStatements": "MedicationStatement?patient={{context.patientId}}",
}
YEAR_S = 365 * 86_400.0
TOKEN = re.compile(r"\{\{(.*?)\}\}")
RELATIVE_DATE = re.compile(r"today\(\) - ([1-9][0-9]*) days")
PRIOR_KEYS = re.compile(r"%([A-Za-z]+)\.")


def bound_of(template: str, today: date) -> date:
    """The date that a client would put for the relative date of a template."""
    days = RELATIVE_DATE.search(template)
    assert days is not None
    return today - timedelta(days=int(days[1]))


def test_the_words_of_2_0_are_left_alone() -> None:
    """Templates for a 2.0 client hold nothing but what 2.0 knows, whatever the windows."""
    assert in_dialect(TEMPLATES, dict.fromkeys(TEMPLATES, YEAR_S), "2.0") == TEMPLATES


def test_results_are_asked_for_as_far_back_as_a_feature_looks() -> None:
    """The 3.0 search ends one day before the window, as a relative date."""
    found = in_dialect(TEMPLATES, {"observations": YEAR_S}, "3.0")
    assert found["observations"] == f"{TEMPLATES['observations']}&date=ge{{{{today() - 366 days}}}}"


@pytest.mark.parametrize("longest", [{}, {"observations": math.inf}])
def test_a_search_without_a_window_is_not_cut(longest: dict[str, float]) -> None:
    """Where a feature looks back without a bound, or nothing is known, the search has no date."""
    assert in_dialect(TEMPLATES, longest, "3.0")["observations"] == TEMPLATES["observations"]


def test_lists_are_never_cut() -> None:
    """Problems and drugs keep their undated entries: no date is asked for."""
    found = in_dialect(TEMPLATES, dict.fromkeys(TEMPLATES, YEAR_S), "3.0")
    assert {key: found[key] for key in TEMPLATES if key != "observations"} == {
        key: template for key, template in TEMPLATES.items() if key != "observations"
    }


def test_drugs_named_by_reference_are_asked_for() -> None:
    """The Medications come by the ids in the orders that are there, under a key after those that it names."""
    found = in_dialect(TEMPLATES, {}, "3.0")
    assert list(found)[-1] == "medications"
    assert found["medications"].startswith("Medication?_id={{%medicationRequests.entry.resource.medication.")
    assert PRIOR_KEYS.findall(found["medications"]) == ["medicationRequests", "medicationStatements"]


def test_without_orders_no_drugs_are_asked_for() -> None:
    """A service that reads no orders asks for no Medications."""
    assert "medications" not in in_dialect({"patient": TEMPLATES["patient"]}, {}, "3.0")


@given(
    window=st.floats(1, 100 * YEAR_S),
    age=st.floats(0, 1),
    ours=st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    client=st.integers(-14 * 60, 14 * 60),
    written=st.integers(-14 * 60, 14 * 60),
)
def test_nothing_inside_a_window_is_cut_off(
    window: float, age: float, ours: datetime, client: int, written: int
) -> None:
    """A result inside the window at our time is not before the bound, whichever zones it and the client have.

    A FHIR server compares instants: the bound is the client's midnight.
    """
    now = ours.replace(tzinfo=UTC)
    measured = (now - timedelta(seconds=age * window)).astimezone(timezone(timedelta(minutes=written)))
    zone = timezone(timedelta(minutes=client))
    template = in_dialect(TEMPLATES, {"observations": window}, "3.0")["observations"]
    bound = bound_of(template, now.astimezone(zone).date())
    assert measured >= datetime(bound.year, bound.month, bound.day, tzinfo=zone)


def test_the_window_of_a_key_is_the_longest_of_its_features(catalogue: Registry) -> None:
    """Bundled models: each window is that of the model's own features, infinite where one has no bound."""
    for model in catalogue.models.values():
        seconds = [
            spec.seconds
            for spec in model.features.specs
            if model.features.readers[spec.name].kinds == ("Observation",)
        ]
        assert windows([model.features])["observations"] == max(seconds, default=math.inf)
        assert windows([model.features])["patient"] == math.inf


def test_discovery_speaks_3_0_only_when_told(catalogue: Registry) -> None:
    """By default discovery has context tokens only; in 3.0 each variable names a key listed before."""
    services = list(catalogue.services.values())
    for service in discovery(services)["services"]:
        tokens = {token for query in service["prefetch"].values() for token in TOKEN.findall(query)}
        assert tokens == {prefetch.PATIENT}
    for service in discovery(services, "3.0")["services"]:
        keys = list(service["prefetch"])
        for at, query in enumerate(service["prefetch"].values()):
            assert set(PRIOR_KEYS.findall(query)) <= set(keys[:at])
