"""UCUM units are told from typing errors, as ucumvert tells them."""

from importlib import resources

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lark.exceptions import LarkError
from ucumvert import get_ucum_parser

from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.ucum import fault

UNITS = sorted({unit for entry in catalogue.analytes().values() for unit in (entry.unit, *entry.units)})
PARSER = get_ucum_parser()
WRONG = [
    *(
        "mg/dl/",
        "mcg",
        "IU",
        "K/ul/x",
        "mmHg",
        "lbs",
        "years",
        "mg%%",
        "10^^3",
        "g//L",
        "(g",
        "g)",
        "g.(",
        "{open",
    ),
    *(
        "g{a{b}}",
        "µg",
        "%/",
        "kmin",
        "m[hg]",
        "MG/DL",
        "d/week",
        "[foo]",
        "g^2",
        "x10E3",
        "1.73.m^2",
        "Kelvin",
    ),
    *("", "mg dL"),
]
RIGHT = [
    *("1", "%", "/min", "10*3/uL", "10^3/uL", "mm[Hg]", "mL/min/{1.73_m2}", "m[IU]/L", "kg.m/s2", "{score}"),
    *("[lb_av]", "a", "mo", "wk", "d", "Cel", "[degF]", "umol/L", "ng/mL{FEU}", "d/wk", "kg/m2", "(g.m)/s"),
    *("m-1", "10*-3", "/(g.L)", "meq/L", "u[IU]/mL", "1/1000000", "cm[H2O]", "B[SPL]"),
]


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_of_the_analytes_is_accepted(unit: str) -> None:
    """What ucumvert parses is a unit here too."""
    PARSER.parse(unit)
    assert fault(unit) is None


@pytest.mark.parametrize("unit", RIGHT)
def test_unit_is_accepted(unit: str) -> None:
    """Prefixes, exponents, powers of ten, annotations, parentheses and leading solidus are read."""
    assert fault(unit) is None


@pytest.mark.parametrize("unit", WRONG)
def test_typing_error_is_refused(unit: str) -> None:
    """What laboratories write, and what nobody writes, is told in words."""
    with pytest.raises(LarkError):
        PARSER.parse(unit)
    assert fault(unit)


def test_deep_parentheses_are_refused() -> None:
    """A unit nested beyond all sense is a fault and no crash."""
    assert fault("(" * 5000 + "g" + ")" * 5000) == "is nested too deeply"


ATOMS = yaml.safe_load((resources.files("fhir_mapping") / "data" / "ucum.yaml").read_text(encoding="utf-8"))
SIMPLE = st.one_of(
    st.sampled_from([*ATOMS["metric"], *ATOMS["other"]]),
    st.builds(
        lambda prefix, atom: prefix + atom,
        st.sampled_from(ATOMS["prefixes"]),
        st.sampled_from(ATOMS["metric"]),
    ),
)
TERMS = st.lists(
    st.tuples(st.sampled_from([".", "/"]), SIMPLE, st.sampled_from(["", "2", "-1", "{note}"])),
    min_size=1,
    max_size=4,
).map(lambda parts: "".join(joint + atom + after for joint, atom, after in parts)[1:])


@given(TERMS)
@settings(max_examples=300, deadline=None)
def test_every_well_formed_term_is_accepted(unit: str) -> None:
    """Atoms with their prefixes, exponents and annotations, joined by point and solidus."""
    assert fault(unit) is None


@given(st.text(max_size=12))
def test_any_text_has_an_answer(text: str) -> None:
    """No text makes the reader fail."""
    assert fault(text) is None or fault(text)


@given(st.text(st.sampled_from("mgLdu10*^.%/()[]kHhIU"), max_size=8))
@settings(max_examples=400, deadline=None)
def test_agrees_with_ucumvert_on_short_texts(text: str) -> None:
    """On texts of the signs that units are made of, both say yes or both say no.

    Braces and signs are left out: ucumvert takes `{x}{x}` and `2-1`, which UCUM's grammar does not have.
    """
    try:
        PARSER.parse(text)
        accepted = True
    except LarkError:
        accepted = False
    assert (fault(text) is None) == accepted
