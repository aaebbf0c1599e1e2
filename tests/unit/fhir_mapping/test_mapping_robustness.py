"""Payloads that nobody should send: never a crash, never a word of them in a message."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mapping_samples import (
    LOINC,
    METFORMIN,
    MODELS,
    NOW,
    RXNORM,
    SNOMED,
    Resource,
    bundle,
    catalog_features,
    concept,
    condition,
    fast_record,
    observation,
    order,
    patient,
    procedure,
    quantity,
)

from fhir_mapping.errors import MappingError
from fhir_mapping.issues import Issue
from fhir_mapping.person import demographics
from fhir_mapping.record import PatientRecord

SETS = [catalog_features(model) for model in MODELS]
CANARY = "Xq7canary7qX"
RACE = {
    "url": demographics.RACE,
    "extension": [{"url": "ombCategory", "valueCoding": {"system": demographics.OMB, "code": "2106-3"}}],
}
MEDICATION = {"resourceType": "Medication", "id": "med", "code": concept(METFORMIN, RXNORM)}
PANEL = {
    "component": [{"code": concept("8480-6"), "valueQuantity": quantity(131, "mm[Hg]")}],
    "valueQuantity": None,
}
SMOKING = {"valueQuantity": None, "valueCodeableConcept": concept("8517006", SNOMED)}
CHART: list[Resource] = [
    patient(name=[{"family": "Sample", "given": ["Ann"]}], extension=[RACE]),
    observation(80, "2026-05-01T08:00:00Z"),
    observation(81, "2026-04-01T08:00:00Z", "o2"),
    observation(200, "2025", "h", "8302-2", valueQuantity=quantity(180, "cm")),
    observation(code="85354-9", ident="bp", **PANEL),
    observation(code="72166-2", ident="s", **SMOKING),
    observation(code="89555-7", ident="a", valueQuantity=None, valueInteger=3),
    observation(code="751-8", ident="n", valueQuantity=quantity(4, "10*3/uL")),
    observation(code="731-0", ident="l", valueQuantity=quantity(2, "10*3/uL")),
    condition("44054006"),
    condition("254637007", ident="c2"),
    order(),
    order(
        "m2",
        medicationCodeableConcept=None,
        medicationReference={"reference": "#med"},
        contained=[MEDICATION],
    ),
    procedure("367336001"),
]
VALID: Resource = json.loads(bundle(*CHART))
Place = tuple[Any, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Paths of all elements of a JSON value but itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from places(inner, (*at, key))


PLACES = list(places(VALID))
DROP = object()
ODD = st.one_of(
    st.just(DROP),
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, 10**400, -(10**400), 1e308, -0.0, 5e-324]),
    st.text(max_size=8),
    st.sampled_from(
        ["NaN", "Infinity", "2026-99-99", "9999-12-31", "0001-01-01T00:00:00+14:00", "#med", "#", "/"]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
    st.integers(1, 3000).map(lambda depth: json.loads("[" * (depth % 200) + "]" * (depth % 200) or "0")),
)


def put(document: Any, place: Place, value: Any) -> None:
    """Replace or drop one element, when earlier changes have left its place there."""
    holder = document
    for key in place[:-1]:
        try:
            holder = holder[key]
        except (KeyError, IndexError, TypeError):
            return
    key = place[-1]
    if isinstance(holder, dict) and value is DROP:
        holder.pop(key, None)
    elif isinstance(holder, dict) and isinstance(key, str):
        holder[key] = value
    elif isinstance(holder, list) and isinstance(key, int) and key < len(holder):
        holder[key] = None if value is DROP else value


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """The valid Bundle with one to four elements dropped or replaced."""
    document = copy.deepcopy(VALID)
    for place, value in draw(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=4)):
        put(document, place, value)
    return json.dumps(document).encode()


def read_all(body: bytes) -> tuple[list[Any], list[Issue]]:
    """Vectors of both models, the demographics, and the issues."""
    chart = PatientRecord.of_bundle(body)
    vectors: list[Any] = [one.extract(chart, NOW).values for one in SETS]
    return [*vectors, demographics.of(chart, NOW)], chart.issues


def test_unchanged_chart_is_read_without_an_issue() -> None:
    """The chart that is mutated below is itself valid and gives values to both models."""
    vectors, issues = read_all(bundle(*CHART))
    assert issues == []
    assert all(sum(value.state == "ok" for value in values) >= 5 for values in vectors[:2])


@given(mutated())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_mutated_bundle_raises_nothing_but_mapping_errors(body: bytes) -> None:
    """Dropped, swapped, nested and huge elements give a vector of the usual form or a MappingError."""
    try:
        vectors, issues = read_all(body)
    except MappingError:
        return
    assert all(
        value.state in {"ok", "none-recorded", "missing"} for values in vectors[:2] for value in values
    )
    assert all(issue.path.startswith("prefetch.bundle") for issue in issues)


@given(st.binary(max_size=60), st.integers(0, 2000))
@settings(max_examples=200, deadline=None)
def test_torn_bytes_raise_nothing_but_mapping_errors(noise: bytes, where: int) -> None:
    """Bytes written over a Bundle, at any place, give a vector or a MappingError."""
    body = bundle(*CHART)
    at = where % len(body)
    try:
        vectors, _ = read_all(body[:at] + noise + body[at + len(noise) :])
    except MappingError:
        return
    assert len(vectors) == 3


def weight_or_error(body: bytes) -> str:
    """State of the weight in a Bundle, or the text of the error."""
    try:
        (values, *_), _ = read_all(body)
    except MappingError as error:
        return str(error)
    return str(next(one.state for one in values if one.name == "weight"))


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "1" * 5000, "00", "1e-400", "0x10"])
def test_number_that_json_cannot_hold_is_refused(number: str) -> None:
    """Numbers out of range or out of JSON give no weight of more than the plausible."""
    body = bundle(patient(), observation("@")).replace(b'"@"', number.encode())
    assert weight_or_error(body).startswith(("missing", "prefetch.bundle"))


@pytest.mark.parametrize("depth", [100, 900, 1100, 100_000])
@pytest.mark.parametrize("element", ["note", "extension", "valueQuantity", "contained", "component", "code"])
def test_deep_nesting_is_no_crash(element: str, depth: int) -> None:
    """Nesting of any depth in elements that are read, kept raw or skipped is survived."""
    nested = b"[" * depth + b"]" * depth
    body = bundle(patient(), observation(ident="o1") | {element: "@"}).replace(b'"@"', nested)
    assert weight_or_error(body) in {"missing", "prefetch.bundle: JSON is nested too deeply"}


def worded(place: Place) -> bool:
    """Whether a place holds text, so that a canary may stand there."""
    holder: Any = VALID
    for key in place:
        holder = holder[key]
    return isinstance(holder, str)


@given(
    st.lists(st.sampled_from([place for place in PLACES if worded(place)]), min_size=1, max_size=4),
    st.text(max_size=10),
    st.booleans(),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_message_quotes_the_payload(where: list[Place], words: str, as_key: bool) -> None:
    """Names, ids, units, dates, codes and names of elements never turn up in an issue or an error."""
    document = copy.deepcopy(VALID)
    for place in where:
        put(document, (*place[:-1], CANARY) if as_key else place, CANARY + words)
    try:
        _, issues = read_all(json.dumps(document).encode())
    except MappingError as error:
        told = str(error)
    else:
        told = repr(issues)
    assert CANARY not in told


def test_canary_that_is_misplaced_would_be_found() -> None:
    """Most of the places of the canary make an issue, so that the test above has something to look at."""
    told = 0
    for place in (place for place in PLACES if worded(place)):
        document = copy.deepcopy(VALID)
        put(document, (*place[:-1], CANARY), CANARY)
        told += bool(read_all(json.dumps(document).encode())[1])
    assert told > 20


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
CHARTS = st.lists(
    st.one_of(
        st.builds(
            observation, st.floats(0, 500), st.sampled_from(["2026-05-01", "2026", "2026-04-01T08:00:00Z"])
        ),
        st.builds(lambda shown: observation() | {"code": concept("29463-7", LOINC, display=shown)}, TEXTS),
        st.builds(lambda shown: observation() | {"valueQuantity": {"value": 80, "unit": shown}}, TEXTS),
        st.sampled_from(CHART[1:]),
    ),
    max_size=8,
)


@given(CHARTS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_fast_and_careful_decode_agree(chart: list[Resource]) -> None:
    """The typed decode in one pass and the one entry by entry give the same vectors and as many issues."""
    body = bundle(patient(), *chart)
    fast, careful = fast_record(body), PatientRecord.of_bundle(body)
    for one in SETS:
        assert repr(one.extract(fast, NOW).values) == repr(one.extract(careful, NOW).values)
    assert [issue.code for issue in fast.issues] == [issue.code for issue in careful.issues]
