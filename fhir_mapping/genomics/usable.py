"""Whether a result counts at all: its status, the reports that list it, what its sender says is missing."""

import msgspec

from fhir_mapping.genomics.elements import ACCEPTED, Elements
from fhir_mapping.genomics.walk import Contents, Found
from fhir_mapping.issues import Issue

_WITHDRAWN = frozenset({"cancelled", "entered-in-error"})


class Source(msgspec.Struct, frozen=True):
    """One Observation with its components; `reason` tells why it does not count, None when it does."""

    found: Found
    elements: Elements
    reason: str | None

    def references(self) -> tuple[str, ...]:
        """What the Observation is derived from; contained ones get the name of what contains them."""
        owner = self.found.source.partition("#")[0]
        sent = [one.reference for one in self.found.observation.derived_from or () if one.reference]
        return tuple(owner + one if one.startswith("#") else one for one in sent)


class Withdrawn:
    """References to results that only withdrawn reports list."""

    def __init__(self, contents: Contents) -> None:
        standing = {reference for status, reference in contents.reports if status not in _WITHDRAWN}
        listed = {reference for status, reference in contents.reports if status in _WITHDRAWN}
        self._references = listed - standing

    def __contains__(self, found: Found) -> bool:
        return any(key in self._references for key in found.keys)


def source_of(found: Found, withdrawn: Withdrawn, issues: list[Issue]) -> Source:
    """An Observation with why it does not count, where it does not."""
    reason = None
    if found.observation.status not in ACCEPTED:
        reason = "status-not-accepted"
    elif found in withdrawn:
        reason = "report-withdrawn"
    elif found.observation.data_absent_reason is not None:
        reason = "data-absent"
    return Source(found, Elements(found, issues), reason)
