"""Records of the gate: what a manifest claims, what follows, and what the gate says about a patient."""

import math
from datetime import date, timedelta
from typing import Literal

import msgspec

from fairness.engine.evaluate import METRICS
from fairness.errors import GroupError
from fairness.groups import ATTRIBUTES, label, values_of
from fairness.monitor.plan import MonitorPlan

Action = Literal["serve", "caution", "withhold"]
OnFail = Literal["serve", "caution", "withhold", "do-not-load"]
Verdict = Literal["in-line", "off", "insufficient", "no-cases", "not-collected", "not-recorded"]
EVERYBODY = "overall"
CROSS = " × "
LONGEST_OVERRIDE = timedelta(days=366)
"""How far ahead an override may end: what stands for longer is decided again, with what is known by then."""


def last_day(today: date) -> date:
    """The last day on which an override may hold that is decided, or read in a manifest, today."""
    return today + LONGEST_OVERRIDE


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a metric must satisfy, and what follows when the data show that it does not.

    Either limits (`at_least`, `at_most` or `between`), or `margin`: a group differs by no more than this from
    the largest group of its attribute. `groups` names the groups that are meant, `race` or `race=asian`;
    empty: everybody and every group of the policy's attributes. `on_fail` follows for patients of the group,
    but `do-not-load` for the version as a whole. Raises ValueError naming what does not fit.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None
    margin: float | None = None
    ideal: float | None = None
    threshold: float | None = None
    groups: tuple[str, ...] = ()
    on_fail: OnFail = "caution"

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ValueError(f"metric `{self.metric}` is not one of {', '.join(METRICS)}")
        limits = (self.at_least, self.at_most, self.between, self.margin)
        if sum(limit is not None for limit in limits) != 1:
            raise ValueError("a claim needs exactly one of at_least, at_most, between, margin")
        if self.margin is not None and not self.margin > 0.0:
            raise ValueError("margin must be above 0")
        given = (self.at_least, self.at_most, self.margin, *(self.between or ()))
        # No figure is found beyond a limit of NaN: the claim would look kept.
        if not all(math.isfinite(limit) for limit in given if limit is not None):
            raise ValueError(f"a limit of {self.metric} is not a finite number")
        if self.between is not None and self.between[0] >= self.between[1]:
            raise ValueError("between needs a lower and a higher limit")
        for name in self.groups:
            check_group(name)

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value (or, of a margin, difference) that keeps the claim; infinite where
        open."""
        if self.margin is not None:
            return -self.margin, self.margin
        if self.between is not None:
            return self.between
        low = float("-inf") if self.at_least is None else self.at_least
        return low, float("inf") if self.at_most is None else self.at_most

    def concerns(self, attribute: str, value: str) -> bool:
        """Whether the claim is about a group."""
        return not self.groups or attribute in self.groups or f"{attribute}={value}" in self.groups


def check_group(name: str) -> None:
    """Raise ValueError unless `name` is `attribute` or `attribute=value` with a known value.

    An intersection is `sex × race=female × asian`: as many values as attributes. A model's own attribute
    passes with any value; whether its evaluation has it is known when it is loaded.
    """
    attribute, given, value = name.partition("=")
    attributes, values = attribute.split(CROSS), value.split(CROSS)
    if not all(attributes) or (given and not all(values)):
        raise ValueError(f"group `{name}` must be an attribute, or attribute=value")
    if given and len(attributes) != len(values):
        raise ValueError(f"group `{name}` must have a value for each attribute, such as "
                         f"sex{CROSS}race=female{CROSS}asian")  # fmt: skip
    for one, of_it in zip(attributes, values, strict=False):
        if given and one in ATTRIBUTES:
            _check_value(name, one, of_it)


def _check_value(name: str, attribute: str, value: str) -> None:
    try:
        label(attribute, value)
    except GroupError:
        known = ", ".join(values_of(attribute))
        raise ValueError(
            f"group `{name}`: `{value}` is not a value of {attribute}; there are {known}"
        ) from None


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A named owner's decision to do `action` in place of what broken claims ask for, up to a day.

    `until` is the last day on which it holds; a model whose override ends after `last_day` is not loaded.
    `groups` as in `Claim`; empty: every patient.
    """

    action: Action
    owner: str
    until: date
    reason: str
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.owner.strip() or not self.reason.strip():
            raise ValueError("an override names its owner and its reason")
        for name in self.groups:
            check_group(name)


# Observed over expected events within a quarter of each other: 0.8 = 1 / 1.25. The width is a choice of this
# project; a manifest may claim more or less.
DEFAULT_CLAIMS = (Claim(metric="o_e", between=(0.8, 1.25), ideal=1.0),)
DEFAULT_ATTRIBUTES = ("sex", "age_band", "race", "ethnicity")


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The `fairness` block of a manifest: which evaluation counts, how much of it is evidence, what follows.

    `when_thin` follows for a patient of a group with too little evidence, or none. `override` is a decision
    of a named owner; `monitor` how the model is watched once it runs. Raises ValueError for a claim
    on an attribute that is not in `attributes`, which nothing would judge.
    """

    dataset: str
    output: str
    min_n: int = 30
    min_events: int = 10
    attributes: tuple[str, ...] = DEFAULT_ATTRIBUTES
    claims: tuple[Claim, ...] = DEFAULT_CLAIMS
    when_thin: Action = "caution"
    override: Override | None = None
    monitor: MonitorPlan | None = None

    def __post_init__(self) -> None:
        named = {name.partition("=")[0] for claim in self.claims for name in claim.groups}
        for attribute in sorted(named - {EVERYBODY, *self.attributes}):
            raise ValueError(f"a claim names the group `{attribute}`, which is not in `attributes`")


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
