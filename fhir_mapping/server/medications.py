"""Drugs that orders name by reference and that nobody sent along: some EHRs write every order so."""

import re
from collections.abc import Iterable, Iterator, Sequence

from fhir_mapping.payload import Bundle, Payload, in_entries
from fhir_mapping.resources import (
    Medication,
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    Resource,
)
from fhir_mapping.server.policy import KeyPolicy

__all__ = ["KEY", "POLICY", "query", "unresolved"]

KEY = "referencedMedications"
"""Key under which they are read; none that a client is asked for, so that it takes nothing's place."""
POLICY = KeyPolicy(required=False, partial="omit")
"""A drug that cannot be read stays unresolved, which its order's features then tell."""
MOST = 100
"""Drugs read for one call; the address of the search stays below 8 kB."""
_ORDERS = (MedicationAdministration, MedicationRequest, MedicationStatement)
# Relative references only: an absolute one may be of another server, where the id is somebody else's drug.
_REFERENCE = re.compile(r"Medication/(?P<id>[A-Za-z0-9.-]{1,64})(/_history/.*)?")


def unresolved(payloads: Iterable[Payload | None]) -> list[str]:
    """Ids of the Medications to which orders refer and which are not among the payloads, in order of
    appearance."""
    named: dict[str, None] = {}
    sent: set[str | None] = set()
    for resource in _resources(payloads):
        if isinstance(resource, Medication):
            sent.add(resource.id)
        elif isinstance(resource, _ORDERS) and resource.reference is not None:
            match = _REFERENCE.fullmatch(resource.reference.reference or "")
            if match is not None and resource.code is None:
                named[match["id"]] = None
    return [one for one in named if one not in sent][:MOST]


def query(ids: Sequence[str]) -> str:
    """Search for Medications by their ids."""
    return f"Medication?_id={','.join(ids)}"


def _resources(payloads: Iterable[Payload | None]) -> Iterator[Resource | None]:
    for payload in payloads:
        if isinstance(payload, Bundle):
            yield from in_entries(payload)
        else:
            yield payload
