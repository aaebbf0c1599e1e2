"""Which statuses FHIR knows, and what an entry's statuses say about whether it counts."""

from collections.abc import Iterator
from functools import cache
from importlib import resources

import msgspec

from fhir_mapping.wire import CodeableConcept
from fhir_mapping.yamlfile import read_yaml

IGNORED = ""
"""Says that an entry does not count and that this is in order: nobody needs to hear of it."""

UNKNOWN = "status-unknown"
_UNKNOWN_CODE = "unknown"

Table = dict[str, frozenset[str]]


class Statuses(msgspec.Struct, frozen=True):
    """Codes by resource type for each element that tells whether an entry counts; `never` by element."""

    status: Table
    clinical: Table
    verification: Table
    intent: Table
    criticality: Table
    classes: Table = msgspec.field(name="class")
    never: Table


@cache
def statuses() -> Statuses:
    """The table of `data/statuses.yaml`."""
    text = (resources.files("fhir_mapping") / "data" / "statuses.yaml").read_text(encoding="utf-8")
    return msgspec.convert(read_yaml(text), Statuses)


def codes_of(concept: CodeableConcept | None) -> Iterator[str]:
    """The codes of a concept, whatever their systems."""
    for coding in (concept.coding or ()) if concept is not None else ():
        if coding.code is not None:
            yield coding.code


def by_code(code: str | None, accepted: frozenset[str], known: frozenset[str]) -> str | None:
    """None when a status is accepted, IGNORED when it is another that FHIR knows, else `status-unknown`."""
    if code in accepted:
        return None
    return IGNORED if code in known and code != _UNKNOWN_CODE else UNKNOWN


def by_concept(
    concept: CodeableConcept | None,
    accepted: frozenset[str],
    known: frozenset[str],
    absent: str | None = None,
) -> str | None:
    """The same for a status that is a CodeableConcept; `absent` is the answer where there is none."""
    if concept is None:
        return absent
    codes = tuple(codes_of(concept))
    if any(code in accepted for code in codes):
        return None
    return IGNORED if any(code in known for code in codes) else UNKNOWN


def refuted(concept: CodeableConcept | None, known: frozenset[str]) -> str | None:
    """IGNORED for a verification status that takes the entry back, `status-unknown` for one that FHIR does
    not know, else None: what nobody has verified yet counts."""
    if concept is None:
        return None
    codes = tuple(codes_of(concept))
    if any(code in statuses().never["verification"] for code in codes):
        return IGNORED
    return None if any(code in known for code in codes) else UNKNOWN
