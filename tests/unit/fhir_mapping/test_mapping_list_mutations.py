"""Each element of an entry that counts dropped, emptied, retyped or made wrong: no other value in silence."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from mapping_samples import (
    BREAST_CANCER,
    METFORMIN,
    NOW,
    PENICILLIN,
    RXNORM,
    SNOMED,
    Resource,
    allergy,
    bundle,
    clinical,
    concept,
    condition,
    encounter,
    feature,
    features,
    order,
    patient,
    procedure,
    relative,
)

from fhir_mapping.record import PatientRecord

GOUT, ENDOSCOPY = "90560007", "80146002"
DROPPED = object()
WRONG: list[Any] = [DROPPED, "", [], {}, None, 5, True, "x", [5], {"x": 5}]
TEXTS = ["2026-02-30", "2026-05-01T10:00:00", "Patient/other"]


def listed(kind: str, code: str, system: str = SNOMED, **fields: Any) -> Resource:
    """A spec of a list."""
    return feature(kind=kind, codes=[{"system": system, "code": code}], **fields)


DRUG = {"resourceType": "Medication", "id": "med", "code": concept(METFORMIN, RXNORM)}
# What is read, the entry that counts, and another of the same list, so that the list is there without it.
SUBJECTS: dict[str, tuple[Resource, Resource, Resource]] = {
    "condition": (
        listed("condition", GOUT, window="2y", verification=["confirmed"], clinical=["active"]),
        condition(GOUT),
        condition("38341003", ident="other"),
    ),
    "active condition": (
        listed("condition", GOUT, active=True),
        condition(GOUT, clinicalStatus=clinical("resolved"), abatementDateTime="2026-08-01"),
        condition("38341003", ident="other"),
    ),
    "order": (
        listed("medication", METFORMIN, RXNORM, active=True, window="2y"),
        order(dispenseRequest={"validityPeriod": {"start": "2026-01-10", "end": "2026-07-01"}}),
        order("other", medicationCodeableConcept=concept("1191", RXNORM)),
    ),
    "contained drug": (
        listed("medication", METFORMIN, RXNORM),
        order(medicationCodeableConcept=None, medicationReference={"reference": "#med"}, contained=[DRUG]),
        order("other", medicationCodeableConcept=concept("1191", RXNORM)),
    ),
    "procedure": (
        listed("procedure", ENDOSCOPY, window="2y"),
        procedure(ENDOSCOPY),
        procedure("367336001", ident="other"),
    ),
    "allergy": (
        listed("allergy", PENICILLIN, RXNORM, criticality=["high"], window="2y"),
        allergy(),
        allergy("1191", ident="other"),
    ),
    "reaction": (
        listed("allergy", PENICILLIN, RXNORM),
        allergy(
            "1191",
            reaction=[{"substance": concept(PENICILLIN, RXNORM), "manifestation": [{"text": "rash"}]}],
        ),
        allergy("1191", ident="other"),
    ),
    "relative": (
        listed("family_history", BREAST_CANCER, degree="first", onset_before=50, window="2y"),
        relative(),
        relative("SIS", "other", "22298006"),
    ),
    "encounter": (
        listed("encounter", "50849002", classes=["EMER"], window="2y"),
        encounter(),
        encounter("AMB", ident="other"),
    ),
}
# Without it the entry says something else that is just as right, or something that counts all the same.
SAYS_LESS = {
    ("active condition", "abatementDateTime"),  # resolved, nobody says when: not active
    ("reaction", "reaction"),
    ("reaction", "reaction.0"),
    ("reaction", "reaction.0.substance"),
    ("relative", "condition"),
    ("relative", "condition.0"),
}
NOTHING: list[Any] = [DROPPED, "", [], {}, None, {"x": 5}]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all elements of a JSON value but itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from places(inner, (*at, key))


def changed(entry: Resource, place: tuple[Any, ...], wrong: Any) -> Resource:
    """The entry with one element dropped or replaced."""
    entry = copy.deepcopy(entry)
    holder: Any = entry
    for key in place[:-1]:
        holder = holder[key]
    if wrong is DROPPED:
        del holder[place[-1]]
    else:
        holder[place[-1]] = wrong
    return entry


CASES = [
    (name, place)
    for name, (_, entry, _) in SUBJECTS.items()
    for place in places(entry)
    if place != ("resourceType",)
]


def is_code(place: tuple[Any, ...]) -> bool:
    """Whether another text at a place says another thing just as rightly: a code, its system, a relation."""
    return place[-1] in {"code", "system", "reference"} and place[0] != "subject" and place[0] != "patient"


@pytest.mark.parametrize("which", ["any", "count"])
@pytest.mark.parametrize(("name", "place"), CASES, ids=lambda one: "".join(map(str, one)))
def test_mutation_leaves_the_value_or_takes_it_away(name: str, place: tuple[Any, ...], which: str) -> None:
    """The feature is as before, or missing with a reason and an issue whose path leads to the entry."""
    spec, entry, other = SUBJECTS[name]
    compiled = features({**spec, "value": which})
    path = ".".join(str(key) for key in place)
    for wrong in [*WRONG, *TEXTS]:
        if isinstance(wrong, str) and wrong and is_code(place):
            continue
        if (name, path) in SAYS_LESS and wrong in NOTHING:
            continue
        chart = PatientRecord.of_bundle(bundle(patient(), other, changed(entry, place, wrong)))
        found = compiled.extract(chart, NOW)["f"]
        if found.known:
            assert (found.value, found.state) == (1.0, "ok"), (path, wrong)
        else:
            paths = [issue.path for issue in chart.issues]
            assert any(one.startswith("prefetch.bundle.entry[2]") for one in paths), (
                path,
                wrong,
                found.reason,
            )


@pytest.mark.parametrize("name", SUBJECTS)
def test_entry_itself_counts(name: str) -> None:
    """The entries that are changed above are each found and counted once."""
    spec, entry, other = SUBJECTS[name]
    chart = PatientRecord.of_bundle(bundle(patient(), other, entry))
    assert features({**spec, "value": "count"}).extract(chart, NOW)["f"].value == 1.0
