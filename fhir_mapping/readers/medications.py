"""Whether a medication entry counts: orders that were orders, what was taken or given, and what was active on
the index date."""

from typing import cast

import msgspec

from fhir_mapping.readers.since import DAY_LENGTH
from fhir_mapping.readers.statuses import IGNORED, UNKNOWN, by_code, statuses
from fhir_mapping.resources import MedicationAdministration, MedicationRequest, MedicationStatement, Resource
from fhir_mapping.spec import Medication
from fhir_mapping.times import DateError, IndexTime, bounds
from fhir_mapping.wire import Period, decoder

_NO_ORDER = frozenset(("proposal", "plan", "option"))
_GOING_ON = frozenset(("active", "in-progress"))
_OVER = frozenset(("completed", "stopped"))


class _Dispense(msgspec.Struct, gc=False):
    validityPeriod: Period | None = None  # noqa: N815 - FHIR's own name


_decode_dispense = decoder(_Dispense)


class MedicationJudge:
    """Compiled form of what a `medication` feature asks of an entry's statuses."""

    __slots__ = ("accepted", "active", "known")

    def __init__(self, spec: Medication) -> None:
        self.active = spec.active
        self.accepted = frozenset(spec.statuses)
        self.known = statuses()

    def __call__(self, resource: Resource, index: IndexTime) -> str | None:
        """None when it counts, IGNORED when it does not, else the reason why nobody can tell.

        A proposal, a plan or a prohibition is no order, whatever its status.
        """
        if isinstance(resource, MedicationRequest):
            if resource.doNotPerform or resource.intent in _NO_ORDER:
                return IGNORED
            if resource.intent not in self.known.intent["MedicationRequest"]:
                return UNKNOWN
        known = self.known.status[resource.kind]
        if not self.active:
            return by_code(resource.status, self.accepted, known)
        standing = by_code(resource.status, _GOING_ON | _OVER, known)
        if standing is not None:
            return standing
        try:
            return None if _covers(resource, index) else IGNORED
        except DateError as error:
            return error.code
        except msgspec.MsgspecError:
            return "invalid-resource"


def _covers(resource: Resource, index: IndexTime) -> bool:
    """Whether a drug was being taken or on order at the index time; its beginning is seen to elsewhere.

    An order: active, and valid then, as far as it says from when until when. A statement or an
    administration: its period covers the index time; a period that has no end goes on while the status says
    so. What is over and has no end was over. Raises DateError and msgspec.MsgspecError.
    """
    goes_on = resource.status in _GOING_ON
    if isinstance(resource, MedicationRequest):
        return goes_on and _is_valid(resource, index)
    taken = cast("MedicationStatement | MedicationAdministration", resource)
    end = taken.effectivePeriod.end if taken.effectivePeriod is not None else None
    if end is not None:
        return not _is_past(end, index)
    at_a_point = taken.kind == "MedicationAdministration" and taken.effectiveDateTime is not None
    return goes_on and not at_a_point


def _is_past(end: str | None, index: IndexTime) -> bool:
    """Whether a date, its last moment, lies before the index time; a date that is absent does not."""
    return end is not None and bounds(end, index.zone)[1] < index.moment


def _is_valid(order: MedicationRequest, index: IndexTime) -> bool:
    """Whether the index time lies in an order's period of validity. Raises DateError, also for a month or
    year of its beginning into which the index time falls."""
    raw = bytes(order.dispenseRequest)
    if not raw:
        return True
    dispense: _Dispense = _decode_dispense(raw)
    period = dispense.validityPeriod
    if period is None:
        return True
    return not _begins_later(period.start, index) and not _is_past(period.end, index)


def _begins_later(start: str | None, index: IndexTime) -> bool:
    if start is None:
        return False
    first, last = bounds(start, index.zone)
    if first <= index.moment < last and len(start) < DAY_LENGTH:
        raise DateError("date-partial")
    return first > index.moment
