"""What is claimed about groups, and what the data say to it."""

import math
from collections.abc import Iterator
from typing import Literal

import msgspec

from fairness.engine.estimates import CONTRASTED, SILENCE, scale_of
from fairness.engine.evaluate import METRICS
from fairness.engine.rates import RATES
from fairness.engine.row_sample import AREAS, base_name
from fairness.errors import SampleError
from fairness.verdicts.needed import Needed

# Figures of outcomes other than yes or no, and of silence; those of a class are written `auroc:CLASS`.
OF_ROWS = ("survival_auc", "concordance", "survival_o_e", "survival_brier", "bias", "mae",
           "interval_coverage", "within_one", "level_bias", "level_error", "weighted_kappa",
           *SILENCE)  # fmt: skip
# Figures that cannot leave 0 to 1.
SHARES = frozenset({*RATES, *AREAS, *SILENCE, "prevalence", "interval_coverage", "within_one"})
_OF_CLASSES = ("sensitivity", "ppv", "auroc", "o_e")

Outcome = Literal["pass", "fail", "insufficient evidence"]
FailRule = Literal["unequal", "beyond-margin"]


class _Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """`attributes` are the attributes (or, two or more of them joined, the intersection) whose groups are
    meant.

    `leave_out` names values that are not judged, such as `absent`; the audit lists them.
    """

    metric: str
    threshold: float | None = None
    leave_out: tuple[str, ...] = ()

    def _check(self, known: tuple[str, ...]) -> None:
        if self.metric not in known and not _of_rows(self.metric):
            raise SampleError(f"claim: metric {self.metric!r} is not one of {', '.join((*known, *OF_ROWS))}")
        if self.metric in ("accuracy", "brier") and self.threshold is None:
            return  # of several classes; whoever judges knows the outcome
        needs = self.metric == "net_benefit" or self.metric in RATES
        if needs != (self.threshold is not None):
            raise SampleError(f"claim: {self.metric} {'needs a' if needs else 'has no'} threshold")


def _check_attributes(attributes: tuple[str, ...]) -> None:
    if len(set(attributes)) != len(attributes):
        raise SampleError(f"claim: {'*'.join(attributes)} names an attribute twice")


def _of_rows(metric: str) -> bool:
    return metric in OF_ROWS or (":" in metric and base_name(metric) in _OF_CLASSES)


class LevelClaim(_Claim, frozen=True, kw_only=True, tag="level"):
    """A figure of every group lies within limits: `at_least`, `at_most` or `between`, exactly one of them.

    `crossings` are the sets of attributes whose groups are meant; () alone is everybody. Raises `SampleError`
    when it is not a claim.
    """

    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None
    crossings: tuple[tuple[str, ...], ...] = ((),)

    def __post_init__(self) -> None:
        self._check(tuple(name for name in METRICS if name != "ici"))
        if sum(limit is not None for limit in (self.at_least, self.at_most, self.between)) != 1:
            raise SampleError("claim: needs exactly one of at_least, at_most, between")
        if self.between is not None and self.between[0] >= self.between[1]:
            raise SampleError("claim: between needs a lower and a higher limit")
        limits = [limit for limit in self.limits if limit is not None]
        if not all(map(math.isfinite, limits)):
            raise SampleError(f"claim: a limit of {self.metric} is not a finite number")
        if base_name(self.metric) in SHARES and not any(0.0 < limit <= 1.0 for limit in self._telling()):
            raise SampleError(f"claim: {self.metric} lies between 0 and 1, so that these limits say nothing")
        if not self.crossings:
            raise SampleError("claim: crossings names no group; write [[]] for everybody")
        for attributes in self.crossings:
            _check_attributes(attributes)

    def _telling(self) -> Iterator[float]:
        """The limits, as distances from the end of the scale that they keep a share away from."""
        low, high = self.limits
        if low is not None:
            yield low
        if high is not None:
            yield 1.0 - high

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """Lowest and highest figure that keeps the claim; None where open."""
        return self.between if self.between is not None else (self.at_least, self.at_most)


class _GapClaim(_Claim, frozen=True, kw_only=True):
    attributes: tuple[str, ...]
    margin: float

    def __post_init__(self) -> None:
        self._check(CONTRASTED)
        if not self.attributes:
            raise SampleError("claim: names no attribute")
        _check_attributes(self.attributes)
        least = 1.0 if scale_of(self.metric) == "ratio" else 0.0
        if not self.margin > least:
            raise SampleError(f"claim: the margin of {self.metric} must be above {least:g}")
        if not math.isfinite(self.margin) or (base_name(self.metric) in SHARES and self.margin >= 1.0):
            raise SampleError(f"claim: no gap of {self.metric} reaches a margin of {self.margin:g}")


class GapClaim(_GapClaim, frozen=True, kw_only=True, tag="gap"):
    """Every group of `attributes` differs from everybody else by less than the margin (O/E: by a smaller
    factor).

    `fails`: "unequal" when the gap is larger than the margin and equality is rejected, "beyond-margin" when
    the data show that the gap itself is larger than the margin.
    """

    fails: FailRule = "unequal"


class SpreadClaim(_GapClaim, frozen=True, kw_only=True, tag="spread"):
    """The largest and the smallest group of `attributes` differ by less than the margin.

    It fails when they differ by more and by more than chance explains among equal groups, and passes when
    every pair of groups is shown to be equivalent.
    """


Claim = LevelClaim | GapClaim | SpreadClaim


class Verdict(msgspec.Struct, frozen=True):
    """What the data say about one claim and one group (spread: about all groups of the attributes).

    `pass`: shown to hold. `fail`: shown not to hold. Otherwise `insufficient evidence`, with `why`, and with
    what is `needed`. `estimate`, `low` and `high` are the figure, difference or spread. `p_pass` is against
    "does not hold", `p_fail` against "holds" (gap and spread: against equality), `p_fail_adjusted` for all
    verdicts of the audit. `expected_gap` and `gap_95`: mean and 95th percentile of the spread if the groups
    did not differ.
    """

    claim: Claim
    attribute: str
    value: str
    n: int
    events: int | None
    outcome: Outcome
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p_pass: float | None = None
    p_fail: float | None = None
    p_fail_adjusted: float | None = None
    expected_gap: float | None = None
    gap_95: float | None = None
    why: str | None = None
    needed: Needed | None = None


class Audit(msgspec.Struct, frozen=True):
    """All verdicts.

    `outcome` is `fail` when one fails, `pass` when there are some and every one passes.
    """

    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    alpha: float
    adjustment: Literal["holm", "benjamini-hochberg"]
    left_out: tuple[str, ...] = ()
