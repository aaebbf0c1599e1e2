"""How a model is watched once it runs: the `monitor` part of a manifest's `fairness` block."""

from hashlib import sha256
from typing import Literal

import msgspec

from fairness.verdicts.claims import Claim, LevelClaim
from fairness.verdicts.looks import Spending

NOT_ANSWERED = ("absent", "declined", "unknown")
DEFAULT_ATTRIBUTES = ("sex", "age_band", "race", "ethnicity")
# The gate's default claim, for everybody and every group that answered.
DEFAULT_CLAIMS: tuple[Claim, ...] = (
    LevelClaim(
        metric="o_e",
        between=(0.8, 1.25),
        crossings=((), *((attribute,) for attribute in DEFAULT_ATTRIBUTES)),
        leave_out=NOT_ANSWERED,
    ),
)


class MonitorPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as an outcome, when it is judged, what is claimed, and what follows.

    An outcome belongs to a prediction when it is dated from `skew_days` before it to `window_days` after it.
    A prediction is judged from `window_days + delay_days` on, never earlier: events become known before
    non-events do, so that young predictions look worse than they are. `no_record` says what a mature
    prediction without any outcome means: `unknown`, or `no-event` where every event is certain to be
    reported. Below `min_coverage` (share of mature predictions with an outcome) nothing is said to hold or
    not.

    `planned` is the number of judged patients at which the last of the looks falls; each look spends its
    part of `alpha`. A broken claim leads to `on_fail` for its group, for `hold_days` or until lifted by a
    named owner. `drift_psi` is the population stability index from which a shift counts when chance does not
    explain it. Raises ValueError naming what does not fit.
    """

    window_days: float = 90.0
    delay_days: float = 30.0
    skew_days: float = 1.0
    no_record: Literal["unknown", "no-event"] = "unknown"
    min_coverage: float = 0.8
    attributes: tuple[str, ...] = DEFAULT_ATTRIBUTES
    claims: tuple[Claim, ...] = DEFAULT_CLAIMS
    alpha: float = 0.05
    spending: Spending = "obrien-fleming"
    planned: int = 2000
    on_fail: Literal["report", "caution", "withhold"] = "caution"
    hold_days: int = 90
    min_n: int = 30
    min_events: int = 10
    drift_psi: float = 0.2

    def __post_init__(self) -> None:
        days = (self.window_days, self.delay_days, self.skew_days)
        if self.window_days <= 0 or min(days) < 0:
            raise ValueError("window_days must be above 0, delay_days and skew_days not below 0")
        if not 0.0 < self.alpha < 0.5:
            raise ValueError("alpha must lie between 0 and 0.5")
        if not 0.0 <= self.min_coverage <= 1.0:
            raise ValueError("min_coverage must lie in [0, 1]")
        if min(self.planned, self.hold_days, self.min_n) < 1 or not self.drift_psi > 0.0:
            raise ValueError("planned, hold_days, min_n and drift_psi must be above 0")
        for claim in self.claims:
            for attribute in attributes_of(claim):
                if attribute not in self.attributes:
                    raise ValueError(f"claim on {claim.metric}: `{attribute}` is not in `attributes`")

    @property
    def mature_days(self) -> float:
        """Age in days from which a prediction is judged."""
        return self.window_days + self.delay_days

    def digest(self) -> str:
        """SHA-256 (hex) of the plan: looks of one plan count together, those of another anew."""
        return sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


def attributes_of(claim: Claim) -> tuple[str, ...]:
    """Every attribute that a claim names, once."""
    if isinstance(claim, LevelClaim):
        return tuple(dict.fromkeys(name for crossing in claim.crossings for name in crossing))
    return claim.attributes
