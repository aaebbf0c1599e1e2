"""The formulas of derived features, with the units and the coefficients of `data/formulas.yaml`."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.yamlfile import YAMLError, read_yaml

Coefficients = Mapping[str, float]
Numbers = Sequence[float]
SAME, ANY = "same", "any"


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input: the units that it may have, or the kind of feature that it must be; `range` is where the
    formula holds."""

    name: str
    unit: str | tuple[str, ...] = ANY
    kind: Literal["sex"] | None = None
    range: tuple[float, float] = (-math.inf, math.inf)


class Formula(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One formula; with `more`, any number of further inputs like the last."""

    inputs: tuple[Input, ...]
    unit: str
    source: str
    coefficients: dict[str, float] = {}
    more: bool = False


@cache
def formulas() -> Mapping[str, Formula]:
    """The table by name; raises SpecError when the file does not fit."""
    text = (resources.files("fhir_mapping") / "data" / "formulas.yaml").read_text(encoding="utf-8")
    try:
        return msgspec.convert(read_yaml(text)["formulas"], dict[str, Formula])
    except (msgspec.ValidationError, KeyError, YAMLError) as error:
        raise SpecError(f"formulas.yaml: {error}") from None


def inputs_of(formula: Formula, count: int) -> tuple[Input, ...]:
    """The formula's inputs for a number of features; raises SpecError when they are too few or too many."""
    wanted = formula.inputs
    if count == len(wanted) or (formula.more and count > len(wanted)):
        return (*wanted, *(wanted[-1:] * (count - len(wanted))))
    names = ", ".join(one.name for one in wanted)
    raise SpecError(f"must be {len(wanted)}, in this order: {names}", "inputs")


def compute(name: str, values: Numbers) -> float | None:
    """The formula's value; None where it is undefined: outside its inputs' range, by a denominator that is
    not positive, or when the result is not finite."""
    formula = formulas()[name]
    for one, value in zip(formula.inputs, values, strict=False):
        if not one.range[0] <= value <= one.range[1]:
            return None
    try:
        result = _FORMULAS[name](values, formula.coefficients)
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return result if result is not None and math.isfinite(result) else None


def _ratio(v: Numbers, _: Coefficients) -> float | None:
    return v[0] / v[1] if v[1] > 0.0 else None


def _difference(v: Numbers, _: Coefficients) -> float | None:
    return v[0] - v[1]


def _sum(v: Numbers, _: Coefficients) -> float | None:
    return math.fsum(v)


def _non_hdl(v: Numbers, _: Coefficients) -> float | None:
    return v[0] - v[1] if v[0] >= v[1] >= 0.0 else None


def _bmi(v: Numbers, _: Coefficients) -> float | None:
    squared = (v[1] / 100.0) ** 2
    return v[0] / squared if squared > 0.0 else None


def _bsa_mosteller(v: Numbers, c: Coefficients) -> float | None:
    return math.sqrt(v[0] * v[1] / c["divisor"]) if min(v) > 0.0 else None


def _map(v: Numbers, c: Coefficients) -> float | None:
    systolic, diastolic = v
    return diastolic + (systolic - diastolic) * c["systolic_part"] if systolic >= diastolic > 0.0 else None


def _egfr_ckd_epi_2021(v: Numbers, c: Coefficients) -> float | None:
    creatinine, age, male = v
    if creatinine <= 0.0:
        return None
    sex = "male" if male else "female"
    relative = creatinine / c[f"kappa_{sex}"]
    below = math.pow(min(relative, 1.0), c[f"alpha_{sex}"])
    above = math.pow(max(relative, 1.0), c["above"])
    return c["scale"] * below * above * math.pow(c["age"], age) * (1.0 if male else c["female"])


def _cockcroft_gault(v: Numbers, c: Coefficients) -> float | None:
    creatinine, age, weight, male = v
    if creatinine <= 0.0 or age >= c["years"]:
        return None
    return (c["years"] - age) * weight / (c["divisor"] * creatinine) * (1.0 if male else c["female"])


def _fib4(v: Numbers, _: Coefficients) -> float | None:
    age, ast, alt, platelets = v
    return age * ast / (platelets * math.sqrt(alt)) if min(alt, platelets) > 0.0 else None


_FORMULAS: Mapping[str, Callable[[Numbers, Coefficients], float | None]] = {
    "ratio": _ratio,
    "difference": _difference,
    "sum": _sum,
    "non_hdl": _non_hdl,
    "bmi": _bmi,
    "bsa_mosteller": _bsa_mosteller,
    "map": _map,
    "egfr_ckd_epi_2021": _egfr_ckd_epi_2021,
    "creatinine_clearance_cockcroft_gault": _cockcroft_gault,
    "fib4": _fib4,
}
