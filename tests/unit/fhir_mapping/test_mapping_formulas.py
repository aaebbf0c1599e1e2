"""Derived features: the published formulas, their units, and where they are not defined."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import NOW, Resource, bundle, feature, features, observation, patient, quantity, record

from fhir_mapping.errors import SpecError
from fhir_mapping.features import FeatureSet
from fhir_mapping.person.demographics import SEX_SOURCES
from fhir_mapping.readers.formulas import compute, formulas
from fhir_mapping.record import PatientRecord

EGFR, CLEARANCE = "egfr_ckd_epi_2021", "creatinine_clearance_cockcroft_gault"
AGE = feature(name="age", kind="age", input=False)
SEX = feature(name="sex", kind="sex", input=False)


def lab(name: str, analyte: str) -> Resource:
    """An input feature."""
    return feature(name=name, analyte=analyte, input=False)


def derived(formula: str, *inputs: str, **fields: Any) -> Resource:
    """A derived feature `f`."""
    return feature(kind="derived", formula=formula, inputs=list(inputs), **fields)


CREATININE = lab("creatinine", "creatinine")
WEIGHT, HEIGHT = lab("weight", "body-weight"), lab("height", "body-height")
KIDNEY = features(derived(EGFR, "creatinine", "age", "sex"), CREATININE, AGE, SEX)


def test_egfr_is_the_published_figure() -> None:
    """The National Kidney Foundation's calculator gives 71 for a man of 55 with 1.2 mg/dL."""
    assert round(compute(EGFR, [1.2, 55, 1]) or 0) == 71


@given(st.floats(0.1, 30), st.integers(18, 120), st.booleans())
def test_egfr_is_that_of_the_equation_in_pieces(creatinine: float, age: int, male: bool) -> None:
    """The equation agrees with its other form: four pieces by sex and creatinine, in logarithms."""
    knot = 0.9 if male else 0.7
    slope = (-0.302 if male else -0.241) if creatinine <= knot else -1.2
    log = math.log(142) + slope * math.log(creatinine / knot) + age * math.log(0.9938)
    log += 0 if male else math.log(1.012)
    assert compute(EGFR, [creatinine, age, float(male)]) == pytest.approx(math.exp(log), rel=1e-12)


@pytest.mark.parametrize(
    ("formula", "values", "expected"),
    [
        # Worked by hand from the papers: (140 - 60) x 72 / (72 x 1.0); women 85 %.
        (CLEARANCE, [1.0, 60, 72, 1], 80.0),
        (CLEARANCE, [1.0, 60, 72, 0], 68.0),
        ("bsa_mosteller", [70, 170], 1.81812),
        ("bsa_mosteller", [64, 225], 2.0),
        ("fib4", [50, 80, 64, 100], 5.0),
        ("fib4", [45, 30, 25, 270], 1.0),
        ("map", [120, 80], 93.33333),
        ("non_hdl", [200, 50], 150),
        ("sum", [1, 2, 3.5], 6.5),
        ("bmi", [80, 200], 20),
        ("ratio", [6, 3], 2),
        ("difference", [6, 8], -2),
    ],
)
def test_formula_has_its_published_value(formula: str, values: list[float], expected: float) -> None:
    """Each formula gives the value that its paper's expression has."""
    assert compute(formula, values) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("formula", "values"),
    [
        (EGFR, [0, 50, 1]),
        (EGFR, [1, 17, 1]),
        (CLEARANCE, [0, 50, 70, 1]),
        (CLEARANCE, [1, 12, 40, 1]),
        (CLEARANCE, [1, 130.5, 40, 1]),
        ("bsa_mosteller", [0, 170]),
        ("fib4", [50, 80, 0, 100]),
        ("fib4", [50, 80, 60, 0]),
        ("map", [70, 90]),
        ("non_hdl", [40, 60]),
        ("ratio", [1, 0]),
        ("ratio", [1e308, 1e-308]),
        ("bmi", [80, 0]),
    ],
)
def test_formula_is_undefined_where_it_makes_no_sense(formula: str, values: list[float]) -> None:
    """No value for children, contradictory pressures, or a denominator of zero."""
    assert compute(formula, values) is None


@given(st.sampled_from(sorted(formulas())), st.lists(st.floats(allow_nan=False), min_size=4, max_size=4))
def test_no_formula_gives_what_is_not_finite(formula: str, values: list[float]) -> None:
    """Whatever the inputs, the answer is a finite number or none."""
    wanted = len(formulas()[formula].inputs)
    found = compute(formula, values[:wanted])
    assert found is None or math.isfinite(found)


def kidney(creatinine: Resource, **person: Any) -> PatientRecord:
    """A record with a creatinine."""
    raw = observation(1.2, "2026-04-01", "k", "2160-0", valueQuantity=creatinine)
    return PatientRecord.of_bundle(bundle(patient(**person), raw))


def test_egfr_of_a_record_tells_date_sources_and_unit() -> None:
    """Computed from creatinine, age and sex, dated by the creatinine, per 1.73 m2, with all sources."""
    found = KIDNEY.extract(kidney(quantity(1.2, "mg/dL")), NOW)["f"]
    assert found.value == pytest.approx(compute(EGFR, [1.2, 58, 0]))
    assert (found.unit, found.date) == ("mL/min/{1.73_m2}", "2026-04-01")
    assert found.source == "Observation/k, Patient/p1, Patient/p1"
    assert SEX_SOURCES


def test_egfr_of_molar_creatinine() -> None:
    """A creatinine in umol/L gives the same as its mass."""
    molar = KIDNEY.extract(kidney(quantity(106.1, "umol/L")), NOW)["f"]
    assert molar.value == pytest.approx(compute(EGFR, [106.1 * 0.011312, 58, 0]))


@pytest.mark.parametrize(
    ("person", "unit", "reason"),
    [
        ({"gender": None}, "mg/dL", "not-recorded"),
        ({"birthDate": None}, "mg/dL", "not-recorded"),
        ({"birthDate": "2012-01-01"}, "mg/dL", "undefined"),
        ({}, "g/L", "unit-not-accepted"),
    ],
)
def test_egfr_without_an_input_is_missing(person: Resource, unit: str, reason: str) -> None:
    """Sex, age and creatinine are all needed, and the equation is for adults."""
    assert KIDNEY.extract(kidney(quantity(1.2, unit), **person), NOW)["f"].reason == reason


def test_oldest_input_gives_the_date() -> None:
    """Dates of different precision are compared as times, not as text."""
    spread = features(derived("bsa_mosteller", "weight", "height"), WEIGHT, HEIGHT)
    tall = observation(200, "2026-04-30T23:30:00-05:00", "h", "8302-2", valueQuantity=quantity(200, "cm"))
    chart = record(observation(70, "2026-05-01T01:00:00Z"), tall)
    assert spread.extract(chart, NOW)["f"].date == "2026-05-01T01:00:00Z"


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        (
            [derived(EGFR, "creatinine", "age"), CREATININE, AGE],
            "inputs: must be 3, in this order: creatinine",
        ),
        (
            [derived(EGFR, "age", "creatinine", "sex"), CREATININE, AGE, SEX],
            r"inputs\[0\]: `age` must be in mg/dL, not in a",
        ),
        (
            [derived(EGFR, "creatinine", "age", "age"), CREATININE, AGE],
            r"inputs\[2\]: `age` must be a feature of kind sex",
        ),
        ([derived("ratio", "sex", "age"), SEX, AGE], r"inputs\[0\]: `sex` must be a number"),
        ([derived("difference", "weight", "height"), WEIGHT, HEIGHT], "`height` must be in kg, not in cm"),
        (
            [derived("bmi", "weight", "height", unit="g/m2"), WEIGHT, HEIGHT],
            "unit: is not the formula's kg/m2",
        ),
        (
            [derived("egfr_ckd_epi_2021", "creatinine", "age", "sex", unit="mL/min"), CREATININE, AGE, SEX],
            "unit: is not the formula's",
        ),
        ([derived("sum", "weight"), WEIGHT], "inputs: must be 2"),
        (
            [derived("map", "a", "b"), lab("a", "body-weight"), lab("b", "body-weight")],
            r"in mm\[Hg\], not in kg",
        ),
        (
            [derived("sum", "n", "weight"), WEIGHT, feature(name="n", value="count", input=False)],
            "`weight` must be in 1, not in kg",
        ),
        (
            [derived("sum", "flag", "weight"), WEIGHT, feature(name="flag", at_least=70, input=False)],
            "`weight` must be in no unit, not in kg",
        ),
        (
            [
                derived(EGFR, "creatinine", "age", "sex", prefer="clearance"),
                CREATININE,
                AGE,
                SEX,
                lab("clearance", "creatinine-clearance"),
            ],
            "prefer: `clearance` is in mL/min, not in",
        ),
    ],
)
def test_unit_that_does_not_fit_is_refused_at_load(specs: list[Resource], words: str) -> None:
    """Units of inputs and result are compared with the formula's; eGFR and clearance are never mixed."""
    with pytest.raises(SpecError, match=words):
        features(*specs)


def test_unit_error_names_the_line(tmp_path: Path) -> None:
    """The line is that of the input that does not fit."""
    path = tmp_path / "model.yaml"
    path.write_text(
        "features:\n"
        "  - {name: w, label: W, kind: observation, analyte: body-weight}\n"
        "  - {name: a, label: A, kind: age}\n"
        "  - name: bmi\n    label: B\n    kind: derived\n    formula: bmi\n"
        "    inputs:\n      - w\n      - a\n",
        encoding="utf-8",
    )
    with pytest.raises(SpecError, match=r"model\.yaml:10: feature `bmi`: inputs\[1\]: `a` must be in cm"):
        FeatureSet.load(path)


def test_sum_of_derived_features() -> None:
    """A formula may stand on others; the sum of three non-HDL values has their unit."""
    lipids = [lab("total", "total-cholesterol"), lab("hdl", "hdl-cholesterol")]
    total = features(
        derived("sum", "a", "a", "a"), derived("non_hdl", "total", "hdl") | {"name": "a"}, *lipids
    )
    chart = record(
        observation(200, "2026-01-01", "t", "2093-3", valueQuantity=quantity(200, "mg/dL")),
        observation(50, "2026-02-01", "h", "2085-9", valueQuantity=quantity(50, "mg/dL")),
    )
    found = total.extract(chart, NOW)["f"]
    assert (found.value, found.unit, found.date) == (450, "mg/dL", "2026-01-01")


def test_coefficients_are_part_of_the_digest() -> None:
    """Two equations with the same inputs are two digests."""
    one = features(derived("bsa_mosteller", "weight", "height"), WEIGHT, HEIGHT)
    other = features(derived("bmi", "weight", "height"), WEIGHT, HEIGHT)
    assert one.sha256 != other.sha256


@pytest.mark.parametrize("name", sorted(formulas()))
def test_formula_names_its_source(name: str) -> None:
    """Every formula of the table says where it is from and which inputs it takes."""
    formula = formulas()[name]
    assert len(formula.source.split()) >= 4
    assert all(one.name for one in formula.inputs)
