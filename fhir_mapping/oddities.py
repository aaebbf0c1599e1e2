"""What makes a resource mean something else than its elements say, or leaves open which of two stands."""

from collections.abc import Iterator, Sequence

from fhir_mapping.resources import Resource
from fhir_mapping.validation.authority import Finding
from fhir_mapping.validation.strict import CHANGING


def ambiguous(resources: Sequence[Resource]) -> frozenset[int]:
    """Positions of resources whose type and id stand for two contents, and -1 when there are any."""
    idents = [resource.id for resource in resources]
    unnamed = idents.count(None)
    if len(set(idents)) - (unnamed > 0) == len(idents) - unnamed:
        return frozenset()  # as almost every chart
    first: dict[tuple[str, str], int] = {}
    found: set[int] = set()
    for at, resource in enumerate(resources):
        ident = resource.id
        if ident is not None:
            before = first.setdefault((resource.kind, ident), at)
            if before != at and resources[before] != resource:
                found |= {before, at, -1}
    return frozenset(found)


def changed_meaning(kind: str, raw: bytes) -> Iterator[Finding]:
    """Elements that change what a resource says, and that FHIR forbids to pass over."""
    for element in CHANGING:
        if b'"%b"' % element.encode() in raw:
            yield Finding("", f"has {element}, which may change its meaning", "not-understood")
    if kind == "Observation" and b'"focus"' in raw:
        told = "has a focus: it is about something else than the patient"
        yield Finding("", told, "not-understood")
