"""Units of every analyte against ucumvert and pint: parsing, factors, affine relations, spellings."""

from importlib import resources

import pytest
import yaml
from laboratory_units import Ucum, as_ucum

from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.tables import Analyte
from fhir_mapping.terminology.units import UCUM, Conversion, table
from fhir_mapping.wire import Quantity

ANALYTES = catalogue.analytes()
UNITS = [(name, unit) for name, entry in ANALYTES.items() for unit in (entry.unit, *entry.units)]
FACTORS = [
    (name, unit) for name, entry in ANALYTES.items() for unit, how in entry.units.items()
    if not isinstance(how, dict)
]  # fmt: skip
AFFINE = {
    name for name, entry in ANALYTES.items() if any(isinstance(how, dict) for how in entry.units.values())
}
SPELLINGS = [(name, text, unit) for name, entry in ANALYTES.items() for text, unit in entry.spellings.items()]
# What stands for a unit in reports although UCUM reads it as something else; a new one is a decision.
READ_OTHERWISE = frozenset(
    [
        "C",
        "F",
        "AU/mL",
        "G/L",
        "K/mm3",
        "K/uL",
        "MG/G",
        "MG/L",
        "MS",
        "PG",
        "PG/ML",
        "T/L",
        "U/mL",
        "U/ml",
        "[IU]/L",
        "[iU]/L",
        "ft",
        "g%",
        "kU/L",
        "m/MB",
        "mL/min/1.73",
        "mL/min/1.73{m2}",
        "mU/L",
        "mU/l",
        "mg%",
        "ml/min/1.73",
        "u/L",
        "u/l",
        "u/mL",
        "uU/mL",
        "ug%",
        "%",
        "{bpm}",
        "{mutations}/{megabase}",
    ]
)


@pytest.fixture(scope="module")
def ucum() -> Ucum:
    """One registry for the module; it takes a second to build."""
    return Ucum()


def conversions(entry: Analyte) -> dict[str, Conversion]:
    """Every accepted unit and spelling of an analyte with its conversion."""
    return table(entry.unit, entry.units, entry.spellings).accepted


def convert(name: str, value: float, unit: str) -> float | None:
    """A value with a UCUM code, in the analyte's canonical unit."""
    entry = ANALYTES[name]
    quantity = Quantity(value=value, unit=unit, system=UCUM, code=unit)
    return table(entry.unit, entry.units, entry.spellings).convert(quantity)[0]


@pytest.mark.parametrize(("name", "unit"), UNITS)
def test_every_listed_unit_is_ucum(name: str, unit: str, ucum: Ucum) -> None:
    """Canonical and accepted units parse as UCUM; anything else belongs among the spellings."""
    assert ucum.of(unit) is not None, name


@pytest.mark.parametrize(("name", "unit"), FACTORS)
def test_factor_equals_pint(name: str, unit: str, ucum: Ucum) -> None:
    """Factors agree with pint to 1e-6, through molar mass and valence where the kind of quantity changes."""
    entry = ANALYTES[name]
    one, canonical = ucum.of(unit), ucum.of(entry.unit)
    if "eq" in unit:
        assert entry.valence is not None
        one = one / entry.valence
    ways = [one]
    if entry.molar_mass is not None:
        molar = entry.molar_mass * ucum.of("g/mol")
        ways += [one * molar, one / molar]
    ratios = [found for way in ways if (found := ucum.ratio(way, canonical)) is not None]
    assert ratios[0] == pytest.approx(entry.units[unit], rel=1e-6)


def test_only_hba1c_and_temperature_are_affine() -> None:
    """Every other relation is a factor, which the test above checks."""
    assert {"hba1c", "body-temperature"} == AFFINE


@pytest.mark.parametrize(
    ("ifcc", "ngsp"), [(20, 4.0), (31, 5.0), (42, 6.0), (48, 6.5), (53, 7.0), (75, 9.0), (108, 12.0)]
)
def test_hba1c_meets_the_published_master_equation(ifcc: float, ngsp: float) -> None:
    """IFCC mmol/mol become the NGSP per cent of the published conversion table."""
    assert round(convert("hba1c", ifcc, "mmol/mol") or 0.0, 1) == ngsp


@pytest.mark.parametrize(("unit", "pint_unit"), [("[degF]", "degF"), ("K", "kelvin")])
@pytest.mark.parametrize("value", [80.0, 98.6, 310.15])
def test_temperature_equals_pint(unit: str, pint_unit: str, value: float, ucum: Ucum) -> None:
    """Fahrenheit and kelvin become the degrees Celsius that pint gives, offset included."""
    reference = ucum.registry.Quantity(value, pint_unit).to("degC").magnitude
    assert convert("body-temperature", value, unit) == pytest.approx(reference, abs=1e-9)


@pytest.mark.parametrize("name", ANALYTES)
def test_spellings_mean_their_units(name: str, ucum: Ucum) -> None:
    """A spelling is UCUM of the size of its unit, or reads so by the rules of laboratories."""
    entry = ANALYTES[name]
    wrong = [
        (spelling, unit)
        for spelling, unit in entry.spellings.items()
        for plain in [as_ucum(spelling, unit)]
        if not any(ucum.same_size(text, unit) for text in (spelling, plain, plain.lower()))
    ]
    assert wrong == []
    assert all(
        conversions(entry)[spelling] == conversions(entry)[unit] for spelling, unit in entry.spellings.items()
    )


def test_what_ucum_reads_otherwise_is_a_decision(ucum: Ucum) -> None:
    """The spellings that UCUM takes for another quantity are the known ones, each used by laboratories."""
    differing = {
        spelling
        for _, spelling, unit in SPELLINGS
        if ucum.of(spelling) is not None and not ucum.same_size(spelling, unit)
    }
    assert differing == READ_OTHERWISE


def test_every_shared_spelling_is_in_use() -> None:
    """No unit of the shared spellings is accepted by nobody."""
    text = (resources.files("fhir_mapping") / "data" / "spellings.yaml").read_text(encoding="utf-8")
    assert set(yaml.safe_load(text)["spellings"]) <= {unit for _, unit in UNITS}


@pytest.mark.parametrize("name", ["neutrophil-count", "leukocytes", "platelets", "eosinophil-count"])
@pytest.mark.parametrize("spelling", ["K/uL", "x10E9/L", "x10^9/L", "10^3/uL", "G/L"])
def test_cells_are_thousands_per_microlitre(name: str, spelling: str) -> None:
    """What laboratories write for a count is the canonical unit itself, never kelvin or gauss."""
    assert conversions(ANALYTES[name])[spelling] == Conversion(1.0, 0.0)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("egfr", "mL/min"),
        ("egfr", "ml/min"),
        ("creatinine-clearance", "mL/min/{1.73_m2}"),
        ("creatinine-clearance", "mL/min/1.73m2"),
        ("neutrophil-count", "%"),
        ("neutrophil-percent", "10*3/uL"),
        ("urea", "mmol/L"),
        ("lipoprotein-a", "nmol/L"),
        ("lipoprotein-a-molar", "mg/dL"),
        ("d-dimer-feu", "ng/mL"),
        ("d-dimer-ddu", "ng/mL{FEU}"),
        ("left-ventricular-ejection-fraction", "1"),
    ],
)
def test_unit_of_another_quantity_is_refused(name: str, unit: str) -> None:
    """Quantities that no factor joins stay apart: the unit is not accepted, and the value is missing."""
    assert unit not in conversions(ANALYTES[name])
    assert convert(name, 60.0, unit) is None


@pytest.mark.parametrize(
    ("name", "value", "unit", "expected"),
    [
        ("creatinine", 88.4, "umol/L", 1.0),
        ("glucose", 5.55, "mmol/L", 100.0),
        ("total-cholesterol", 5.17, "mmol/L", 200.0),
        ("urea-nitrogen", 7.14, "mmol/L", 20.0),
        ("calcium", 2.5, "mmol/L", 10.0),
        ("calcium", 5.0, "meq/L", 10.0),
        ("uric-acid", 357, "umol/L", 6.0),
        ("total-bilirubin", 17.1, "umol/L", 1.0),
        ("hemoglobin", 9.31, "mmol/L", 15.0),
        ("iron", 17.9, "umol/L", 100.0),
        ("free-thyroxine", 12.9, "pmol/L", 1.0),
        ("vitamin-d", 75, "nmol/L", 30.0),
        ("urine-albumin-creatinine-ratio", 3.39, "mg/mmol", 30.0),
    ],
)
def test_conversion_meets_the_clinical_tables(name: str, value: float, unit: str, expected: float) -> None:
    """Pairs that every conversion table for clinicians prints, to their three digits."""
    assert convert(name, value, unit) == pytest.approx(expected, rel=4e-3)
