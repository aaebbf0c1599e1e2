"""Notes in braces do not change what a unit is; those that tell two quantities apart still do."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.annotations import form
from fhir_mapping.terminology.ucum import fault
from fhir_mapping.terminology.units import UCUM, UnitTable, table
from fhir_mapping.wire import Quantity

TABLES: dict[str, UnitTable] = {
    name: table(one.unit, one.units, one.spellings) for name, one in catalogue.analytes().items()
}
UNITS = [(name, unit) for name, one in catalogue.analytes().items() for unit in (one.unit, *one.units)]
# Letters of which none of the telling notes is made.
NOTES = st.text(alphabet="klmoqstvxyzKLMOQSTVXYZ_'+;", max_size=8).map("{{{}}}".format)


def read(name: str, unit: str) -> tuple[float | None, str | None]:
    """What an analyte's table makes of 7 in a unit of UCUM."""
    return TABLES[name].convert(Quantity(value=7.0, unit=unit, system=UCUM, code=unit))


def with_note(unit: str, note: str, before: bool) -> str:
    """The unit with a note in the place of its own notes, or of a factor of 1 before it."""
    if "{" in unit:
        own = unit[unit.index("{") : unit.index("}") + 1]
        return unit.replace(own, note)
    return f"{note}.{unit.removeprefix('/')}" if before and unit[0] != "/" else f"{unit}{note}"


@given(which=st.sampled_from(UNITS), note=NOTES, before=st.booleans())
def test_a_note_changes_no_accepted_unit(which: tuple[str, str], note: str, before: bool) -> None:
    """An accepted unit with another note, or with one more, converts as the unit itself does."""
    name, unit = which
    noted = with_note(unit, note, before)
    expected = form(unit)
    assert expected is not None
    if fault(noted) is None and not expected.meanings:
        assert read(name, noted) == read(name, unit)


@given(name=st.sampled_from(sorted(TABLES)), other=st.sampled_from(UNITS), note=NOTES)
def test_no_note_makes_a_unit_accepted(name: str, other: tuple[str, str], note: str) -> None:
    """A unit of another analyte is refused with a note as it is without, unless it is the same unit."""
    unit = other[1]
    noted = with_note(unit, note, before=False)
    mine = {form(one) for one in (*TABLES[name].accepted,)}
    if form(noted) not in mine:
        assert read(name, noted)[0] is None


@pytest.mark.parametrize(
    "unit", ["1/1000000{base}", "1/1000000{Base}", "{mut}/1000000{base}", "/1000000{bp}", "1/1000000"]
)
def test_mutational_burden_under_any_note(unit: str) -> None:
    assert read("tumour-mutational-burden", unit) == (7.0, None)


@pytest.mark.parametrize(
    ("name", "unit", "value"),
    [
        ("phq-9", "{points}", 7.0),
        ("phq-9", "1", 7.0),
        ("hba1c", "%{of_total_Hb}", 7.0),
        ("egfr", "mL/min/{1.73m2}", 7.0),
        ("egfr", "mL/min{BSA}", 7.0),
        ("d-dimer-feu", "ng/mL{Feu}", 7.0),
        ("tumour-mutational-burden", "{score}", None),
        ("tumour-mutational-burden", "1/1000{base}", None),
        ("d-dimer-feu", "ng/mL{DDU}", None),
        ("d-dimer-feu", "ng/mL", None),
        ("d-dimer-feu", "ng/mL{FEU}{DDU}", None),
        ("hba1c", "%{NGSP}", 7.0),
        ("hba1c", "%{JDS}", None),
        ("hba1c", "%{Mono-S}", None),
        ("hba1c", "%{IFCC}", None),
        ("hba1c", "mmol/mol{ifcc}", pytest.approx(2.79, abs=0.01)),
        ("urea-nitrogen", "mg{urea}/dL", None),
        ("urea-nitrogen", "mg{N}/dL", 7.0),
        ("urea-nitrogen", "mg{urea_nitrogen}/dL", 7.0),
        ("urea-nitrogen", "mmol{urea}/L", pytest.approx(19.61, abs=0.01)),
        ("urea", "mg{urea}/dL", 7.0),
        ("urea", "mg{N}/dL", None),
        ("egfr", "mL/min", None),
        ("egfr", "mL/min/{person}", None),
        ("creatinine-clearance", "mL/min/{1.73_m2}", None),
        ("neutrophil-percent", "/100{RBCs}", None),
        ("body-weight", "{kg}", None),
        ("body-weight", "kg{", None),
    ],
)
def test_what_a_note_may_and_may_not_do(name: str, unit: str, value: object) -> None:
    """Braces alone are 1; what they say counts where two quantities differ by it alone."""
    assert read(name, unit)[0] == value


def test_code_and_text_that_differ_by_a_note_agree() -> None:
    """The same unit written twice is no contradiction; another one still is."""
    burden = TABLES["tumour-mutational-burden"]
    sent = Quantity(value=7.0, unit="{muts}/1000000{base}", system=UCUM, code="1/1000000{Base}")
    assert burden.convert(sent) == (7.0, None)
    sent = Quantity(value=7.0, unit="{muts}/1000{base}", system=UCUM, code="1/1000000{Base}")
    assert burden.convert(sent) == (None, "unit-conflict")


@given(st.text(alphabet=string.printable, max_size=12))
def test_anything_has_a_form_or_none(unit: str) -> None:
    """What is no unit of UCUM has no form, and no error."""
    assert (form(unit) is None) == (fault(unit) is not None)


def test_whatever_is_sent_in_the_place_of_a_unit_is_not_remembered() -> None:
    """A text of a patient, or a megabyte of it, is no unit, and leaves nothing behind in the process."""
    glucose, known = TABLES["glucose"], form.cache_info().currsize
    for length in (101, 10_000):
        assert glucose.convert(Quantity(value=5.0, unit="m" * length)) == (None, "unit-not-accepted")
    assert form.cache_info().currsize == known
