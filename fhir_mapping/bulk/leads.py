"""The newest line of a feature and patient, and when it may stand for the lines that were forgotten.

A line is forgotten only for one of two reasons: it is older than the leading line of its feature, or it
cannot be used at all. Where the reader then takes a value at least as new as the leading line, what was
forgotten could not have changed it. Where it does not, the patient's lines are read again with care.
"""

from collections.abc import Iterable
from datetime import tzinfo
from typing import Literal

import msgspec

from fhir_mapping.times import DateError, bounds, instant
from fhir_mapping.values import FeatureValue

Hidden = Literal[0, 1, 2]
NOTHING: Hidden = 0
ALIKE: Hidden = 1
"""Only lines whose dates are written like the leading one's, so that the reader would never reach them."""
MIXED: Hidden = 2


class Lead(msgspec.Struct, array_like=True, gc=False):
    """What makes a kept line the leading one: its feature, its date (a full dateTime), what it hides."""

    feature: str
    date: str
    hidden: Hidden = NOTHING

    @property
    def zone(self) -> str:
        """What follows the seconds."""
        return self.date[19:]

    def settles(self, value: FeatureValue, zone: tzinfo) -> bool:
        """Whether a value that was read without the hidden lines is the one that they would have given.

        `zone` is the time zone of its date, where that is a day.
        """
        if self.hidden == NOTHING:
            return True
        if value.reason == "stale":
            return self.hidden == ALIKE
        if value.state != "ok" or value.date is None:
            return False
        if value.date == self.date:
            return True
        try:
            return bounds(value.date, zone)[0] >= instant(self.date)
        except DateError:
            return False

    def beside_others(self) -> "Lead":
        """The same lead in a chart that has lines of which nobody has looked at the date."""
        return self if self.hidden != ALIKE else Lead(self.feature, self.date, MIXED)


class Unsettled(msgspec.Struct, frozen=True, array_like=True):
    """In the place of a row: the patient's lines have to be read again, all of them."""

    patient: str


def foremost(leads: Iterable[tuple[Lead, int]]) -> tuple[list[Lead], set[int]]:
    """Of one patient's leads with their places: the newest of each feature, which hides the others, and the
    places of the hidden ones. Of leads at the same moment all lines stay."""
    newest: dict[str, tuple[Lead, int]] = {}
    hidden: set[int] = set()
    for lead, place in leads:
        known = newest.get(lead.feature)
        if known is None:
            newest[lead.feature] = lead, place
            continue
        before, at = known
        moment, other = instant(lead.date), instant(before.date)
        front, front_at = (lead, place) if moment > other else known
        if moment != other:
            hidden.add(at if front_at == place else place)
        told: Hidden = (
            ALIKE if lead.zone == before.zone and MIXED not in (lead.hidden, before.hidden) else MIXED
        )
        newest[lead.feature] = Lead(lead.feature, front.date, told), front_at
    return [lead for lead, _ in newest.values()], hidden
