"""What an audit is asked to do, and what a report says about where it comes from."""

from typing import Literal

import msgspec

from fairness.disclosure import MINIMUM, Look, Release
from fairness.metric import DEFAULT_LEVEL, DEFAULT_SUFFICIENCY, Sufficiency
from fairness.report.model import Check, DataFile
from fairness.verdicts import Claim, LevelClaim

_PURPOSE = Literal["gate", "screen"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How figures are made, judged and withheld.

    `crossings`: sets of attributes whose intersections are shown. `minimum_cell`: the smallest count above 0
    that is told. `before`: what earlier reports on the same people have told; `looks`: what further ones
    told; `keep_looks`: whether all of that is kept for the next report, or the latest counts only.
    """

    claims: tuple[Claim, ...] = ()
    crossings: tuple[tuple[str, ...], ...] = ()
    limits: Sufficiency = DEFAULT_SUFFICIENCY
    level: float = DEFAULT_LEVEL
    alpha: float = 0.05
    purpose: _PURPOSE = "gate"
    minimum_cell: int = MINIMUM
    before: Release | None = None
    looks: tuple[Look, ...] = ()
    keep_looks: bool = False
    seed: int = 0

    def all_crossings(self) -> tuple[tuple[str, ...], ...]:
        """The crossings asked for and those that a claim is about."""
        named = list(self.crossings)
        for claim in self.claims:
            named += claim.crossings if isinstance(claim, LevelClaim) else [claim.attributes]
        return tuple(dict.fromkeys(tuple(crossing) for crossing in named if len(crossing) > 1))


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Title, source and model of a report.

    `created` is a date or time given by the caller, never the clock. `source` names the data without a path.
    """

    title: str
    source: str
    model: str | None = None
    version: str | None = None
    created: str | None = None
    checks: tuple[Check, ...] = ()
    data: tuple[DataFile, ...] = ()
