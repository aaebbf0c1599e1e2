"""The feature language of a model's manifest: what a feature is, in data.

Each kind of feature is one struct; a field that a kind does not know is refused. `fhir_mapping.features`
gives the meaning, `fhir_mapping.prefetch` the queries, `fhir_mapping.describe` the words for a third party.
"""

import re
from typing import Any, Literal

import msgspec

from fhir_mapping.errors import SpecError

Bounds = tuple[float, float]
Which = Literal["latest", "first", "min", "max", "mean", "count", "any"]

FINAL = ("final", "amended", "corrected")
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_WINDOW = re.compile(r"(\d+)([dmy])\Z")
_DAYS = {"d": 1.0, "m": 30.4375, "y": 365.25}


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One code; system is the code system's canonical URL."""

    system: str
    code: str
    display: str | None = None


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number that a coded answer stands for."""

    system: str
    code: str
    value: float
    label: str | None = None


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One level of a nominal feature, with the codes that mean it."""

    value: float
    label: str
    valueset: str | None = None
    codes: tuple[Code, ...] = ()


class Assumption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that stands in for a missing one, and why that is fair; the card shows it as assumed."""

    value: float
    because: str


class Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """Fields of every feature.

    `range` holds plausible values (outside: missing, `out-of-range`), `domain` the span of the training
    population (outside: the model does not apply), both in `unit`. `window` counts back from the index time:
    `90d`, `6m`, `2y` or `any`.
    """

    name: str
    label: str
    input: bool = True
    required: bool = False
    when_missing: Literal["integrate", "nan"] | Assumption = "integrate"
    unit: str | None = None
    range: Bounds | None = None
    domain: Bounds | None = None
    window: str = "any"
    note: str | None = None

    @property
    def seconds(self) -> float:
        """Length of the look-back window in seconds; infinite for `any`."""
        return window_seconds(self.window)


class Age(Common, frozen=True, kw_only=True, tag="age"):
    """Completed years at the index time."""


class Sex(Common, frozen=True, kw_only=True, tag="sex"):
    """1 male, 0 female; sources in the order of `fhir_mapping.demographics.SEX_SOURCES`."""


class Observation(Common, frozen=True, kw_only=True, tag="observation"):
    """A number or a coded answer from Observation, by analyte or by explicit codes."""

    analyte: str | None = None
    codes: tuple[Code, ...] = ()
    panels: tuple[str, ...] = ()
    units: dict[str, Any] = {}
    spellings: dict[str, str] = {}
    answers: tuple[Answer, ...] = ()
    at_least: float | None = None
    value: Which = "latest"
    statuses: tuple[str, ...] = FINAL


class Condition(Common, frozen=True, kw_only=True, tag="condition"):
    """Problems and diagnoses; refuted and entered-in-error never count."""

    valueset: str | None = None
    codes: tuple[Code, ...] = ()
    categories: tuple[Category, ...] = ()
    value: Literal["any", "count"] = "any"
    clinical: tuple[str, ...] = ("active", "recurrence", "relapse", "inactive", "remission", "resolved")


class Medication(Common, frozen=True, kw_only=True, tag="medication"):
    """Medication orders, statements and administrations of given ingredients or products."""

    valueset: str | None = None
    codes: tuple[Code, ...] = ()
    resources: tuple[str, ...] = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")
    statuses: tuple[str, ...] = ("active", "completed", "in-progress", "on-hold", "stopped")
    value: Literal["any", "count"] = "any"


class Procedure(Common, frozen=True, kw_only=True, tag="procedure"):
    """Procedures that were done or are under way."""

    valueset: str | None = None
    codes: tuple[Code, ...] = ()
    statuses: tuple[str, ...] = ("in-progress", "completed", "stopped", "on-hold")
    value: Literal["any", "count"] = "any"


class AnyOf(Common, frozen=True, kw_only=True, tag="any_of"):
    """1 when any input feature is 1; 0 when all known ones are 0; missing when all are missing."""

    inputs: tuple[str, ...]


class Derived(Common, frozen=True, kw_only=True, tag="derived"):
    """A formula over other features; `prefer` names a feature that is taken as it is when known."""

    formula: Literal["ratio", "bmi", "difference"]
    inputs: tuple[str, str]
    prefer: str | None = None


class Draft(Common, frozen=True, kw_only=True, tag="draft"):
    """1 when a draft order of the hook (a selected one, where the hook tells) has one of the codes."""

    valueset: str | None = None
    codes: tuple[Code, ...] = ()


FeatureSpec = Age | Sex | Observation | Condition | Medication | Procedure | AnyOf | Derived | Draft


def parse(features: Any, where: str) -> tuple[FeatureSpec, ...]:
    """Read the `features` list of a manifest; raises SpecError with the feature's name and field.

    `where` names the file for the message.
    """
    if not isinstance(features, list) or not features:
        raise SpecError(f"{where}: `features` must be a list with at least one feature")
    specs = tuple(_parse_one(feature, i, where) for i, feature in enumerate(features))
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"{where}: feature `{name}` is defined twice")
    return specs


def _parse_one(feature: Any, position: int, where: str) -> FeatureSpec:
    name = feature.get("name", "?") if isinstance(feature, dict) else "?"
    try:
        spec: FeatureSpec = msgspec.convert(feature, FeatureSpec)
        window_seconds(spec.window)
        for field, limits in (("range", spec.range), ("domain", spec.domain)):
            if limits is not None and not limits[0] <= limits[1]:
                raise SpecError(f"{field} must be [low, high]")
    except (msgspec.ValidationError, SpecError) as error:
        raise SpecError(f"{where}: features[{position}] `{name}`: {error}") from None
    if not NAME.match(spec.name):
        raise SpecError(f"{where}: features[{position}]: name must be snake_case, 1 to 63 characters")
    return spec


def window_seconds(window: str) -> float:
    """Seconds of a window such as `90d`, `6m`, `2y`; infinity for `any`. Raises SpecError."""
    if window == "any":
        return float("inf")
    match = _WINDOW.match(window)
    if match is None:
        raise SpecError("window must be `any` or a number with d, m or y, such as `365d`")
    return int(match[1]) * _DAYS[match[2]] * 86_400.0
