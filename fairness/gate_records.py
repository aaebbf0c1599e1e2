"""Records of the gate: what a manifest claims, and what the gate says about a patient."""

from typing import Literal

import msgspec

Action = Literal["serve", "caution", "withhold"]
Verdict = Literal["in-line", "off", "insufficient", "no-cases", "not-collected", "not-recorded"]


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a metric of every group must satisfy, and what follows when the data show that it does not."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None
    ideal: float | None = None
    threshold: float | None = None
    on_fail: Literal["caution", "withhold"] = "caution"

    def __post_init__(self) -> None:
        if sum(limit is not None for limit in (self.at_least, self.at_most, self.between)) != 1:
            raise ValueError("a claim needs exactly one of at_least, at_most, between")

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that keeps the claim; infinite where open."""
        if self.between is not None:
            return self.between
        low = float("-inf") if self.at_least is None else self.at_least
        return low, float("inf") if self.at_most is None else self.at_most


# Observed over expected events within a quarter of each other: 0.8 = 1 / 1.25. The width is a choice of this
# project; a manifest may claim more or less.
DEFAULT_CLAIMS = (Claim(metric="o_e", between=(0.8, 1.25), ideal=1.0),)
DEFAULT_ATTRIBUTES = ("sex", "age_band", "race", "ethnicity")


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The `fairness` block of a manifest: which evaluation counts, and how much of it is evidence."""

    dataset: str
    output: str
    min_n: int = 30
    min_events: int = 10
    attributes: tuple[str, ...] = DEFAULT_ATTRIBUTES
    claims: tuple[Claim, ...] = DEFAULT_CLAIMS


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known about one group of the patient.

    `in-line`: no claim is shown to be broken. `off`: one is. `insufficient`: too few people or events to say.
    `no-cases`: the data have none of the group. `not-collected`: the data do not have the attribute.
    `not-recorded`: the patient's own group is not on record. `observed_expected` and its 95 % interval are
    None where the group has none.
    """

    attribute: str
    value: str
    label: str
    verdict: Verdict
    text: str
    n: int | None = None
    events: int | None = None
    observed_expected: float | None = None
    low: float | None = None
    high: float | None = None
    claim: str | None = None


class Clearance(msgspec.Struct, frozen=True):
    """What the gate says: `line` is one plain sentence for the card, at most 220 characters."""

    action: Action
    line: str
    evidence: tuple[Evidence, ...] = ()
