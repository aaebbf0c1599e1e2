"""The feature language of a model's manifest: what a feature is, in data.

Each kind of feature is one struct; a field that a kind does not know is refused. `fhir_mapping.features`
gives the meaning, `fhir_mapping.prefetch` the queries, `fhir_mapping.describe` the words for a third party.
"""

import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.spec_base import (
    Answer,
    Assumption,
    Bounds,
    Category,
    Code,
    Common,
    window_seconds,
)
from fhir_mapping.spec_checks import check
from fhir_mapping.spec_errors import ill_typed, located, of_feature
from fhir_mapping.spec_genomics import (
    AlleleCarried,
    AlleleCount,
    Diplotype,
    Microsatellite,
    VariantPresent,
)

__all__ = [
    "FINAL",
    "LATER",
    "NAME",
    "Age",
    "AlleleCarried",
    "AlleleCount",
    "Allergy",
    "Answer",
    "AnyOf",
    "Assumption",
    "Bounds",
    "Category",
    "Code",
    "Common",
    "Condition",
    "Derived",
    "Diplotype",
    "Draft",
    "Encounter",
    "FamilyHistory",
    "FeatureSpec",
    "Formula",
    "Medication",
    "Microsatellite",
    "Observation",
    "Presence",
    "Procedure",
    "Questionnaire",
    "Sex",
    "Timed",
    "VariantPresent",
    "Which",
    "parse",
    "window_seconds",
]

Which = Literal[
    "latest", "first", "min", "max", "mean", "count", "any", "trend", "days_since", "days_since_first"
]
Presence = Literal["any", "count"]
Timed = Literal["any", "count", "days_since", "days_since_first"]

Formula = Literal[
    "ratio",
    "difference",
    "sum",
    "non_hdl",
    "bmi",
    "bsa_mosteller",
    "map",
    "egfr_ckd_epi_2021",
    "creatinine_clearance_cockcroft_gault",
    "fib4",
]

FINAL = ("final", "amended", "corrected")
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


class Age(Common, frozen=True, kw_only=True, tag="age"):
    """Completed years at the index time."""


class Sex(Common, frozen=True, kw_only=True, tag="sex"):
    """1 male, 0 female; sources in the order of `fhir_mapping.person.demographics.SEX_SOURCES`."""


class Observation(Common, frozen=True, kw_only=True, tag="observation"):
    """A number or a coded answer from Observation, by analyte or by explicit codes.

    `trend` is the slope in the unit per year through the values in the window, `points` the least number of
    times with a value. `days_since` counts from the latest usable value, `days_since_first` from the first.
    """

    analyte: str | None = None
    codes: tuple[Code, ...] = ()
    panels: tuple[str, ...] = ()
    units: dict[str, Any] = msgspec.field(default_factory=dict)
    spellings: dict[str, str] = msgspec.field(default_factory=dict)
    answers: tuple[Answer, ...] = ()
    at_least: float | None = None
    value: Which = "latest"
    points: Annotated[int, msgspec.Meta(ge=3)] = 3
    statuses: tuple[str, ...] = FINAL


class Condition(Common, frozen=True, kw_only=True, tag="condition"):
    """Problems and diagnoses; refuted and entered-in-error never count.

    `verification` lists the verification statuses that count; empty: all but those two. `active` asks for
    what was active on the index date, in place of `clinical`.
    """

    valueset: str | None = None
    codes: tuple[Code, ...] = ()
    categories: tuple[Category, ...] = ()
    value: Timed = "any"
    clinical: tuple[str, ...] = ("active", "recurrence", "relapse", "inactive", "remission", "resolved")
    verification: tuple[str, ...] = ()
    active: bool = False


class Medication(Common, frozen=True, kw_only=True, tag="medication"):
    """Medication orders, statements and administrations of given ingredients or products.

    `active` asks for what was ordered or taken on the index date, in place of `statuses`.
    """

    valueset: str | None = None
    codes: tuple[Code, ...] = ()
    resources: tuple[str, ...] = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")
    statuses: tuple[str, ...] = ("active", "completed", "in-progress", "on-hold", "stopped")
    value: Timed = "any"
    active: bool = False


class Procedure(Common, frozen=True, kw_only=True, tag="procedure"):
    """Procedures that were done or are under way."""

    valueset: str | None = None
    codes: tuple[Code, ...] = ()
    statuses: tuple[str, ...] = ("in-progress", "completed", "stopped", "on-hold")
    value: Timed = "any"


class Allergy(Common, frozen=True, kw_only=True, tag="allergy"):
    """Allergies and intolerances, by code or by the substance of a reaction."""

    valueset: str | None = None
    codes: tuple[Code, ...] = ()
    clinical: tuple[str, ...] = ("active",)
    criticality: tuple[str, ...] = ()
    value: Presence = "any"


class FamilyHistory(Common, frozen=True, kw_only=True, tag="family_history"):
    """Relatives with an illness; `count` counts relatives, living and deceased.

    Whose: `degree` of relationship by blood (default any), or a list of `relationships`. `onset_before` is an
    age in years.
    """

    valueset: str | None = None
    codes: tuple[Code, ...] = ()
    degree: Literal["first", "second", "any"] | None = None
    relationships: tuple[Code, ...] = ()
    onset_before: Annotated[int, msgspec.Meta(ge=1, le=130)] | None = None
    statuses: tuple[str, ...] = ("partial", "completed")
    value: Presence = "any"


class Encounter(Common, frozen=True, kw_only=True, tag="encounter"):
    """Visits and stays by class, by type, or by both.

    `classes` are codes of HL7 v3 ActCode such as EMER. Codes of ActCode in `codes` and `valueset` are classes
    too, the others are types.
    """

    classes: tuple[str, ...] = ()
    valueset: str | None = None
    codes: tuple[Code, ...] = ()
    statuses: tuple[str, ...] = ("arrived", "triaged", "in-progress", "onleave", "finished")
    value: Timed = "any"


class AnyOf(Common, frozen=True, kw_only=True, tag="any_of"):
    """1 when any input feature is 1; 0 when all known ones are 0; missing when all are missing, or when one
    is because of an entry that nobody can read."""

    inputs: tuple[str, ...]


class Derived(Common, frozen=True, kw_only=True, tag="derived"):
    """A formula of `data/formulas.yaml` over other features, in its order of inputs; `prefer` names a feature
    that is taken as it is when known."""

    formula: Formula
    inputs: tuple[str, ...]
    prefer: str | None = None


class Questionnaire(Common, frozen=True, kw_only=True, tag="questionnaire"):
    """The sum of the answers to some items of the latest answered form; missing unless all are answered.

    `questionnaire` is its canonical URL, with `|version` only where the version matters; `items` are linkIds.
    Integers and decimals count as they are, booleans as 0 and 1, codings by `answers`.
    """

    questionnaire: str
    items: tuple[str, ...]
    answers: tuple[Answer, ...] = ()
    statuses: tuple[str, ...] = ("completed", "amended")


class Draft(Common, frozen=True, kw_only=True, tag="draft"):
    """1 when a draft order of the hook (a selected one, where the hook tells) has one of the codes."""

    valueset: str | None = None
    codes: tuple[Code, ...] = ()


FeatureSpec = (
    Age
    | Sex
    | Observation
    | Condition
    | Medication
    | Procedure
    | Allergy
    | FamilyHistory
    | Encounter
    | AnyOf
    | Derived
    | Questionnaire
    | AlleleCount
    | AlleleCarried
    | Diplotype
    | VariantPresent
    | Microsatellite
    | Draft
)

LATER: dict[str, Any] = {"verification": (), "active": False, "points": 3}
"""Fields that came after the first models: at these values they are no part of a digest."""


def parse(features: Any, where: str, file: Path | None = None) -> tuple[FeatureSpec, ...]:
    """Read the `features` list of a manifest; raises SpecError with line, feature and field.

    `where` names the file for the message, `file` is read again to find the line.
    """
    if not isinstance(features, list) or not features:
        raise SpecError(f"{where}: `features` must be a list with at least one feature")
    specs: dict[str, FeatureSpec] = {}
    for at, feature in enumerate(features):
        try:
            spec = _parse_one(feature)
            if spec.name in specs:
                raise SpecError(f"feature `{spec.name}` is defined twice", "name")
        except SpecError as error:
            raise located(error, where, file, at) from None
        specs[spec.name] = spec
    return tuple(specs.values())


def _parse_one(feature: Any) -> FeatureSpec:
    name = feature.get("name", "?") if isinstance(feature, dict) else "?"
    try:
        spec: FeatureSpec = msgspec.convert(feature, FeatureSpec)
        window_seconds(spec.window)
        for field, limits in (("range", spec.range), ("domain", spec.domain)):
            if limits is not None and not -math.inf < limits[0] <= limits[1] < math.inf:
                raise SpecError("must be [low, high], two finite numbers", field)
        if not NAME.match(spec.name):
            raise SpecError("must be snake_case, 1 to 63 characters", "name")
        check(feature)
    except SpecError as error:
        raise of_feature(error, name) from None
    except msgspec.ValidationError as error:
        raise of_feature(ill_typed(error), name) from None
    return spec
