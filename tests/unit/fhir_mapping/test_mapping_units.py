"""Units of measurement: accepted ones are converted, all others refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.units import UCUM, UnitTable, table
from fhir_mapping.wire import Quantity


def of(analyte: str) -> UnitTable:
    """The unit table of an analyte."""
    known = catalogue.analyte(analyte)
    return table(known.unit, known.units, known.spellings)


def sent(value: float | None, code: str | None = None, unit: str | None = None, **more: str) -> Quantity:
    """A Quantity as a client sends it; with a code, the system is UCUM unless told otherwise."""
    system = more.pop("system", UCUM if code is not None else None)
    return Quantity(value=value, unit=unit, system=system, code=code, **more)


def test_hba1c_of_ifcc_becomes_ngsp() -> None:
    """48 mmol/mol is 6.5 %, by the affine master equation of IFCC and NGSP."""
    value, reason = of("hba1c").convert(sent(48, "mmol/mol"))
    assert reason is None
    assert value == pytest.approx(6.5, abs=0.05)


def test_molar_cholesterol_becomes_mass() -> None:
    """5 mmol/L of cholesterol is 193 mg/dL, by its molar mass of 386.65 g/mol."""
    assert of("total-cholesterol").convert(sent(5, "mmol/L"))[0] == pytest.approx(5 * 38.665, rel=1e-3)


@pytest.mark.parametrize(
    ("spelling", "kilograms"), [("lbs", 45.359237), ("KG", 100.0), ("pounds", 45.359237)]
)
def test_spelling_of_a_laboratory_is_understood(spelling: str, kilograms: float) -> None:
    """A listed spelling without a UCUM code converts like the unit that it stands for."""
    assert of("body-weight").convert(sent(100, None, spelling)) == (pytest.approx(kilograms), None)


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        (sent(None, "kg"), "no-value"),
        (sent(70), "unit-missing"),
        (sent(70, "stone"), "unit-not-accepted"),
        (sent(70, None, "Zentner"), "unit-not-accepted"),
        (sent(70, "kg", "lbs"), "unit-conflict"),
        (sent(70, "kg", "kg", comparator="<"), "censored"),
        (sent(70, "kg", None, comparator=">="), "censored"),
        (sent(70, "kg", None, system="http://example.org/units"), "unit-not-accepted"),
    ],
)
def test_quantity_that_is_not_clear_has_a_reason(quantity: Quantity, reason: str) -> None:
    """No unit, an unknown one, one of another system, two that disagree, and limits give no value but a
    reason."""
    assert of("body-weight").convert(quantity) == (None, reason)


def test_unit_text_counts_when_the_code_is_of_another_system() -> None:
    """A code of a system that is not UCUM is ignored, unless it is a unit and another one."""
    assert of("body-weight").convert(sent(70, "MASS-1", "kg", system="urn:local")) == (70.0, None)
    assert of("body-weight").convert(sent(70, "lbs", "kg", system="urn:local")) == (None, "unit-conflict")


@pytest.mark.parametrize(("code", "text"), [("kg", "mg"), ("mg", "kg"), ("cm", "kg"), ("kg", "m")])
def test_two_different_units_are_a_conflict(code: str, text: str) -> None:
    """Code and text that are two units contradict each other, whether both are accepted or not."""
    assert of("body-weight").convert(sent(70, code, text))[1] == "unit-conflict"


def test_words_beside_a_known_code_do_not_matter() -> None:
    """A text that the table does not know is no contradiction of a known code."""
    assert of("body-weight").convert(sent(70, "kg", "Kilo, nüchtern")) == (70.0, None)


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None)
def test_canonical_unit_leaves_the_value_alone(value: float) -> None:
    """A value in the canonical unit comes back bit for bit, by code and by text."""
    known = of("body-weight")
    assert known.convert(sent(value, "kg", "kg")) == (value, None)
    assert known.convert(sent(value, None, "kg")) == (value, None)


def test_spelling_of_an_unlisted_unit_is_refused() -> None:
    """A spelling that stands for a unit without a factor is an error of the table that names both."""
    with pytest.raises(ValueError, match=r"'stones' stands for '\[stone_av\]'"):
        table("kg", {}, {"stones": "[stone_av]"})


@pytest.mark.parametrize("how", ["0.001", None, True, {"factor": 2}, [1, 2]])
def test_unit_without_a_factor_is_refused(how: object) -> None:
    """What is neither a number nor {times, plus} is refused with the name of the unit."""
    with pytest.raises(ValueError, match="unit 'g' needs a factor"):
        table("kg", {"g": how}, {})
