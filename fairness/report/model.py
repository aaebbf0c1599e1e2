"""What a fairness report says, ready to be shown: every view is made from this and from nothing else.

A report is made after disclosure control. A figure that is withheld is not in here at all: its state is
`masked`, and its value, limits, counts and curve points are None or left out. Everything is immutable and
goes to JSON as it is.
"""

from typing import Literal

import msgspec

State = Literal["ok", "insufficient", "undefined", "masked"]
Outcome = Literal["pass", "fail", "insufficient evidence", "no claim"]
VerdictOutcome = Literal["pass", "fail", "insufficient evidence", "beyond chance"]
Kind = Literal["binary", "survival", "multi-class", "ordinal", "continuous"]


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every part: immutable, fields by name."""


class Shrunken(_Row, frozen=True):
    """A figure drawn towards the mean of its intersections, with its interval; shown beside the raw one."""

    value: float
    low: float
    high: float


class MetricRow(_Row, frozen=True):
    """One figure of one group; `threshold` is None for figures without one.

    `ok`: value and, as a rule, limits. `insufficient`: the same, from too few people or events to count.
    `undefined`: the formula has no value. `masked`: withheld. `why` says the reason in a sentence whenever
    the state is not `ok` or a limit is missing. `shrunken` is given for intersections only.
    """

    name: str
    threshold: float | None
    value: float | None
    low: float | None
    high: float | None
    state: State
    why: str | None = None
    shrunken: Shrunken | None = None


class GroupRow(_Row, frozen=True):
    """One group: everybody (`overall`, `all`), a value of an attribute, or an intersection.

    `attribute` is `sex` or `sex × race`, `value` is `female` or `female × asian`, `members` the same in
    pairs, empty for everybody. `label` is for people. `n` and `events` are None where withheld, `events` also
    for continuous outcomes. `state` is that of the group as evidence.
    """

    attribute: str
    value: str
    members: tuple[tuple[str, str], ...]
    label: str
    n: int | None
    events: int | None
    state: State
    why: str | None
    metrics: tuple[MetricRow, ...]


class GapRow(_Row, frozen=True):
    """A group's figure less that of everybody else (`scale` ratio, for O/E: divided by it); 0 (ratio: 1) is
    equality."""

    attribute: str
    value: str
    label: str
    metric: str
    threshold: float | None
    reference: str
    scale: Literal["difference", "ratio"]
    gap: float | None
    low: float | None
    high: float | None
    state: State
    why: str | None = None


class NeededRow(_Row, frozen=True):
    """How many more patients and events a group needs; None where no number would do, or where withheld."""

    attribute: str
    value: str
    label: str
    patients: int | None
    events: int | None
    state: Literal["ok", "masked"]
    why: str


class VerdictRow(_Row, frozen=True):
    """What the data say to a claim, about one group or (spread) all groups of an attribute.

    `claim` is a sentence. `beyond chance` is said only where nothing was claimed: the largest gap is larger
    than chance among equal groups explains. `expected_gap` and `gap_95` are mean and 95th percentile of that
    gap if the groups did not differ. `p_adjusted` is `p_fail` adjusted over all verdicts.
    """

    kind: Literal["level", "gap", "spread", "screen"]
    claim: str
    metric: str
    threshold: float | None
    attribute: str
    value: str
    label: str
    outcome: VerdictOutcome
    estimate: float | None
    low: float | None
    high: float | None
    p_pass: float | None
    p_fail: float | None
    p_adjusted: float | None
    expected_gap: float | None
    gap_95: float | None
    state: Literal["ok", "masked"]
    why: str | None
    needed: NeededRow | None


class CalibrationPoint(_Row, frozen=True):
    """Smoothed observed risk at a predicted one, with its pointwise interval; all in [0, 1]."""

    predicted: float
    observed: float
    low: float
    high: float


class DecisionPoint(_Row, frozen=True):
    """Net benefit at a declared threshold: of the model, of acting on everybody; of nobody it is 0."""

    threshold: float
    model: float
    low: float | None
    high: float | None
    treat_all: float


class RiskBand(_Row, frozen=True):
    """People with a score from `low` up to `high`, and their share of the group; None where withheld."""

    low: float
    high: float
    people: int | None
    share: float | None


class GroupCurves(_Row, frozen=True):
    """What the charts of one group are drawn from; a group that is withheld has no entry.

    Points that are withheld are left out, and a curve that cannot be fitted is empty.
    """

    attribute: str
    value: str
    label: str
    calibration: tuple[CalibrationPoint, ...]
    decision: tuple[DecisionPoint, ...]
    risk: tuple[RiskBand, ...]


class Check(_Row, frozen=True):
    """A finding about the input, such as duplicate patients; `count` is None where withheld."""

    name: str
    count: int | None
    told: str


class DataFile(_Row, frozen=True):
    """A file that a report was made from: its name without a folder, and its digest in hexadecimal."""

    name: str
    sha256: str


class Report(_Row, frozen=True):
    """One audit. `n` and `events` are those of everybody; `level` is that of every interval.

    `outcome` is `pass` only when every claim passes and every group can be estimated. `created` is given by
    the caller, so that the same input makes the same bytes. `notes` is what this report cannot show.
    `unestimable` names the groups that are not `ok`; `left_out` the values that no claim judges. `data` are
    the files that were audited.
    """

    title: str
    source: str
    model: str | None
    version: str | None
    created: str | None
    kind: Kind
    n: int | None
    events: int | None
    thresholds: tuple[float, ...]
    level: float
    minimum_cell: int
    alpha: float
    adjustment: str
    outcome: Outcome
    groups: tuple[GroupRow, ...]
    gaps: tuple[GapRow, ...]
    verdicts: tuple[VerdictRow, ...]
    curves: tuple[GroupCurves, ...]
    needed: tuple[NeededRow, ...]
    unestimable: tuple[str, ...]
    left_out: tuple[str, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    data: tuple[DataFile, ...] = ()

    def group(self, attribute: str, value: str) -> GroupRow:
        """The row of a group by its names; raises `KeyError` when there is none."""
        for row in self.groups:
            if (row.attribute, row.value) == (attribute, value):
                return row
        raise KeyError((attribute, value))
