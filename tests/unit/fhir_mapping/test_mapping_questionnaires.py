"""Questionnaire features: answers to items, summed when all are there."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import (
    LOINC,
    NOW,
    SUBJECT,
    Resource,
    bundle,
    feature,
    features,
    patient,
    read,
    told,
    without_nothing,
)

from fhir_mapping import prefetch
from fhir_mapping.describe import describe
from fhir_mapping.errors import SpecError
from fhir_mapping.record import PatientRecord

FORM = "https://example.org/Questionnaire/mood"
NEVER, OFTEN = "LA6568-5", "LA6571-9"
ANSWERS = [
    {"system": LOINC, "code": NEVER, "value": 0},
    {"system": LOINC, "code": OFTEN, "value": 3, "label": "often"},
]
SPEC = feature(kind="questionnaire", questionnaire=FORM, items=["q1", "q2"], answers=ANSWERS, unit="{score}")


def coded(code: str, system: str = LOINC) -> Resource:
    """A coded answer."""
    return {"valueCoding": {"system": system, "code": code}}


def item(link: str, *answers: Resource, inner: list[Resource] | None = None) -> Resource:
    """One item with its answers."""
    return without_nothing({"linkId": link, "answer": list(answers) or None, "item": inner})


def response(*items: Resource, ident: str = "r1", **elements: Any) -> Resource:
    """A completed form of 2026, with two answers unless told otherwise."""
    found = {
        "resourceType": "QuestionnaireResponse",
        "id": ident,
        "questionnaire": FORM,
        "status": "completed",
        "subject": SUBJECT,
        "authored": "2026-05-01T10:00:00Z",
        "item": list(items) or [item("q1", coded(OFTEN)), item("q2", {"valueInteger": 2})],
    }
    return without_nothing({**found, **elements})


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ({"valueInteger": 2}, 2),
        ({"valueDecimal": 2.5}, 2.5),
        ({"valueBoolean": True}, 1),
        ({"valueBoolean": False}, 0),
        (coded(OFTEN), 3),
        (coded(NEVER), 0),
    ],
)
def test_answer_of_each_type_counts(answer: Resource, value: float) -> None:
    """Numbers count as they are, booleans as 0 and 1, codings by the list."""
    found = read({**SPEC, "items": ["q1"]}, response(item("q1", answer)))
    assert (found.value, found.unit) == (value, "{score}")
    assert (found.source, found.date) == ("QuestionnaireResponse/r1", "2026-05-01T10:00:00Z")


def test_items_are_summed() -> None:
    """Two answers make a score."""
    assert read(SPEC, response()).value == 5


def test_items_are_found_wherever_they_are_nested() -> None:
    """Groups, and items that hang on an answer, are looked through."""
    hanging = {**coded(NEVER), "item": [item("q2", {"valueInteger": 1})]}
    assert (
        read(SPEC, response(item("group", inner=[item("q1", coded(OFTEN))]), item("x", hanging))).value == 4
    )


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([item("q1", coded(OFTEN))], "not-answered"),
        ([item("q1", coded(OFTEN)), item("q2")], "not-answered"),
        ([item("q1", coded(OFTEN)), item("q2", coded(OFTEN), coded(NEVER))], "several-answers"),
        (
            [item("q1", coded(OFTEN)), item("q2", {"valueInteger": 1}), item("q2", {"valueInteger": 1})],
            "several-answers",
        ),
        ([item("q1", coded("LA1-6")), item("q2", coded(OFTEN))], "answer-not-listed"),
        ([item("q1", coded(OFTEN, "urn:x")), item("q2", coded(OFTEN))], "answer-not-listed"),
        ([item("q1", {"valueString": "often"}), item("q2", coded(OFTEN))], "no-value"),
        ([item("q1", coded(OFTEN)), item("q2", {"valueInteger": "2"})], "invalid-resource"),
    ],
)
def test_incomplete_form_is_missing(items: list[Resource], reason: str) -> None:
    """Nothing is summed unless every item has one answer that can be read; the reason is an issue too."""
    assert read(SPEC, response(*items)).reason == reason
    assert next(issue.path for issue in told(SPEC, response(*items))).startswith("prefetch.bundle.entry[1]")


def test_newest_form_decides() -> None:
    """An older form is not used in the place of a newer one that is incomplete or undated."""
    older = response(ident="r0", authored="2026-01-01T10:00:00Z")
    assert read(SPEC, older, response()).source == "QuestionnaireResponse/r1"
    assert read(SPEC, older, response(item("q1", coded(NEVER)))).reason == "not-answered"
    assert read(SPEC, older, response(authored=None)).reason == "date-missing"
    assert read(SPEC, older, response(status="in-progress")).source == "QuestionnaireResponse/r0"


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"status": "in-progress"}, "status-not-accepted"),
        ({"status": "entered-in-error"}, "status-not-accepted"),
        ({"authored": "2026-07-01T10:00:00Z"}, "after-index-time"),
        ({"authored": "2024-01-01T10:00:00Z"}, "stale"),
        ({"authored": None}, "date-missing"),
        ({"questionnaire": "https://example.org/Questionnaire/other"}, "not-recorded"),
        ({"questionnaire": None}, "detail-missing"),
        ({"questionnaire": None, "item": [{"linkId": "z"}]}, "not-recorded"),
        ({"subject": {"reference": "Patient/p2"}}, "other-subject"),
    ],
)
def test_form_that_does_not_count(elements: Resource, reason: str) -> None:
    """Forms that are unfinished, of another time, form or person do not count."""
    assert read({**SPEC, "window": "1y"}, response(**elements)).reason == reason


@pytest.mark.parametrize(
    ("asked", "sent", "reason"),
    [
        (FORM, f"{FORM}|2.0", None),
        (f"{FORM}|2.0", f"{FORM}|2.0", None),
        (f"{FORM}|2.0", f"{FORM}|1.0", "not-recorded"),
        (f"{FORM}|2.0", FORM, "detail-missing"),
    ],
)
def test_version_matters_where_it_is_asked_for(asked: str, sent: str, reason: str | None) -> None:
    """Without a version any counts; with one, only that, and a form that tells none is missing."""
    assert read({**SPEC, "questionnaire": asked}, response(questionnaire=sent)).reason == reason


def test_score_out_of_range_is_missing() -> None:
    """`range` holds for the sum."""
    assert read({**SPEC, "range": [0, 4]}, response()).reason == "out-of-range"


@given(st.permutations(range(4)))
def test_order_of_entries_does_not_matter(order: list[int]) -> None:
    """Of several forms of one time the one with the greatest id is used, in any order."""
    forms = [
        response(item("q1", {"valueInteger": i}), item("q2", coded(NEVER)), ident=f"r{i}") for i in range(4)
    ]
    assert read(SPEC, *(forms[at] for at in order)).value == 3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"questionnaire": "mood"}, "questionnaire: must be a canonical URL"),
        ({"items": []}, "items: must name"),
        ({"items": ["q1", "q1"]}, "items: must name"),
        ({"statuses": ["done"]}, "statuses"),
        ({"statuses": ["entered-in-error"]}, "never counts"),
        ({"answers": [{"system": "http://loinc", "code": "x", "value": 1}]}, "code system"),
    ],
)
def test_spec_that_makes_no_sense_is_refused(fields: Resource, words: str) -> None:
    """URLs, items, statuses and code systems are checked at load."""
    with pytest.raises(SpecError) as refused:
        features({**SPEC, **fields})
    assert words in str(refused.value)


def test_description_and_prefetch() -> None:
    """A third party learns the form and its items, and which search to answer."""
    compiled = features(SPEC)
    (described,) = describe(compiled)
    assert (described["questionnaire"], described["items"]) == (FORM, ["q1", "q2"])
    assert prefetch.templates([compiled])["questionnaireResponses"] == (
        "QuestionnaireResponse?patient={{context.patientId}}"
    )


def test_labels_are_no_part_of_the_digest() -> None:
    """The numbers of the answers are, and the words are not."""
    plain = [{**answer, "label": "x"} for answer in ANSWERS]
    other = [{**answer, "value": 9} for answer in ANSWERS]
    assert features({**SPEC, "answers": plain}).sha256 == features(SPEC).sha256
    assert features({**SPEC, "answers": other}).sha256 != features(SPEC).sha256


WRONG: list[Any] = ["", [], {}, None, 5, True, "x", [5], {"x": 5}]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all elements of a JSON value but itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in items for found in ((*at, key), *places(inner, (*at, key)))]


CASES = [place for place in places(response()) if place != ("resourceType",)]


@pytest.mark.parametrize("place", CASES, ids=lambda place: ".".join(map(str, place)))
def test_mutation_leaves_the_value_or_takes_it_away(place: tuple[Any, ...]) -> None:
    """Each element dropped, emptied or retyped: the score is as before, or missing with a reason."""
    compiled = features(SPEC)
    for wrong in WRONG:
        if wrong == 5 and place[-1] == "valueInteger":
            continue
        entry = copy.deepcopy(response())
        holder: Any = entry
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = wrong
        found = compiled.extract(PatientRecord.of_bundle(bundle(patient(), entry)), NOW)["f"]
        assert found.value == 5 if found.known else found.reason, (place, wrong)


SAMPLES = os.environ.get("BEDSIDE_FHIR_SAMPLES")


@pytest.mark.skipif(not SAMPLES, reason="BEDSIDE_FHIR_SAMPLES names no folder of samples")
def test_example_of_us_core_is_scored() -> None:
    """The PHQ-9 example of US Core has the score that its own item of the total has."""
    path = Path(SAMPLES or "") / "us-core-examples" / "QuestionnaireResponse-phq-9-example.json"
    sample = json.loads(path.read_text(encoding="utf-8"))
    values = {"LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3}
    links = [
        "/44250-9",
        "/44255-8",
        "/44259-0",
        "/44254-1",
        "/44251-7",
        "/44258-2",
        "/44252-5",
        "/44253-3",
        "/44260-8",
    ]
    answers = [{"system": LOINC, "code": code, "value": value} for code, value in values.items()]
    spec = feature(kind="questionnaire", questionnaire=sample["questionnaire"], items=links, answers=answers)
    total = feature(kind="questionnaire", questionnaire=sample["questionnaire"], items=["/44261-6"], name="g")
    chart = PatientRecord.of_bundle(bundle(patient(id="example"), sample))
    found = features(spec, total).extract(chart, NOW)
    assert found["f"].value == found["g"].value
