"""Data files of codes and units: check digits, boundaries between sets, factors against pint and ucumvert."""

import json
import re
from collections import Counter
from importlib import resources
from itertools import combinations
from typing import Any

import pytest
import yaml
from fhir.resources.R4B.valueset import ValueSet
from pint import Quantity
from ucumvert import PintUcumRegistry

DATA = resources.files("fhir_mapping") / "data"
ANALYTES: dict[str, Any] = yaml.safe_load((DATA / "analytes.yaml").read_text(encoding="utf-8"))["analytes"]
VALUESETS: dict[str, Any] = {
    path.name.removesuffix(".json"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((DATA / "valuesets").iterdir(), key=lambda path: path.name)
}
CANCERS = sorted(name for name in VALUESETS if name.startswith("cancer-"))
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UNITS = [(name, unit) for name, entry in ANALYTES.items() for unit in (entry["unit"], *entry["units"])]
FACTORS = [
    (name, unit, how)
    for name, entry in ANALYTES.items()
    for unit, how in entry["units"].items()
    if not isinstance(how, dict)
]


def codes(name: str, system: str | None = None) -> list[str]:
    """Codes of one value set, in file order, of one system or of all."""
    parts = VALUESETS[name]["compose"]["include"]
    return [c["code"] for part in parts for c in part["concept"] if system in (None, part["system"])]


def loinc_codes() -> list[str]:
    """Every LOINC code of the analytes, panels included."""
    single = [
        code["code"] for entry in ANALYTES.values() for code in entry["codes"] if code["system"] == LOINC
    ]
    return single + [panel for entry in ANALYTES.values() for panel in entry.get("panels", ())]


def mod10_holds(code: str) -> bool:
    """LOINC check digit: Mod 10 (Luhn) over the digits before the hyphen."""
    digits, check = code.split("-")
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if position % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return (10 - total % 10) % 10 == int(check)


def verhoeff_holds(code: str) -> bool:
    """SNOMED CT check digit: Verhoeff over all digits, built from the dihedral group of order ten."""

    def product(a: int, b: int) -> int:
        if a < 5:
            return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
        return 5 + (a - b) % 5 if b < 5 else (a - b) % 5

    permutation = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    total = 0
    for position, digit in enumerate(reversed(code)):
        value = int(digit)
        for _ in range(position % 8):
            value = permutation[value]
        total = product(total, value)
    return total == 0


@pytest.fixture(scope="module")
def ucum() -> PintUcumRegistry:
    """One registry for the module; it takes a second to build."""
    return PintUcumRegistry()


def test_check_digit_functions_know_published_examples() -> None:
    """The two checks agree with worked examples, and reject the same codes with two digits swapped."""
    assert mod10_holds("2951-2")
    assert not mod10_holds("2591-2")
    assert verhoeff_holds("2363")
    assert verhoeff_holds("22298006")
    assert not verhoeff_holds("22289006")


def test_every_loinc_code_has_its_check_digit() -> None:
    """A mistyped LOINC code cannot slip in."""
    assert [code for code in loinc_codes() if not mod10_holds(code)] == []


def test_a_loinc_code_belongs_to_one_analyte() -> None:
    """No code means two quantities."""
    single = [code["code"] for entry in ANALYTES.values() for code in entry["codes"]]
    assert [code for code, n in Counter(single).items() if n > 1] == []


@pytest.mark.parametrize("name", VALUESETS)
def test_every_snomed_code_is_a_concept_with_its_check_digit(name: str) -> None:
    """A SNOMED CT code ends in a concept partition (00 or 10) and a right Verhoeff digit."""
    wrong = [
        code for code in codes(name, SNOMED) if code[-3:-1] not in ("00", "10") or not verhoeff_holds(code)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", VALUESETS)
def test_icd_and_rxnorm_codes_are_well_formed(name: str) -> None:
    """ICD-10-CM codes carry their dot, RxCUIs are plain numbers."""
    icd = [c for c in codes(name, ICD10CM) if not re.fullmatch(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", c)]
    rxcui = [c for c in codes(name, RXNORM) if not re.fullmatch(r"[1-9]\d{1,6}", c)]
    assert icd + rxcui == []


@pytest.mark.parametrize("name", VALUESETS)
def test_value_set_is_valid_fhir(name: str) -> None:
    """Each file is an R4 ValueSet with the name of its file that says how it was confirmed."""
    value_set = ValueSet.model_validate(VALUESETS[name])
    assert value_set.id == name
    assert value_set.url == f"https://bedside.example/fhir/ValueSet/{name}"
    assert (value_set.status, value_set.publisher, str(value_set.date)) == ("active", "Bedside", "2026-11-24")
    assert re.search(r"confirmed against|enumerated from", value_set.description)


@pytest.mark.parametrize("name", VALUESETS)
def test_no_code_stands_twice_in_a_value_set(name: str) -> None:
    """Each code of a value set is listed once."""
    assert [code for code, n in Counter(codes(name)).items() if n > 1] == []


@pytest.mark.parametrize(("one", "other"), list(combinations(CANCERS, 2)))
def test_cancer_types_exclude_each_other(one: str, other: str) -> None:
    """A diagnosis code decides one cancer type or none, never two."""
    assert set(codes(one)) & set(codes(other)) == set()


def test_lung_cancer_without_histology_has_no_type() -> None:
    """ICD-10-CM C34 says lung but not small cell or non-small cell, so no set holds it."""
    assert [code for name in CANCERS for code in codes(name) if code.startswith("C34")] == []


def test_diabetes_set_keeps_out_prediabetes_and_gestational_diabetes() -> None:
    """People at risk of diabetes are not counted as having it."""
    assert {"44054006", "46635009", "E11.9", "E10.9"} <= set(codes("diabetes-mellitus"))
    at_risk_only = {"R73.03", "714628002", "15777000", "11687002", "O24.419"}
    assert set(codes("diabetes-mellitus")) & at_risk_only == set()


def test_drug_sets_are_disjoint() -> None:
    """A checkpoint inhibitor is never prior chemotherapy, and neither is a glucose-lowering drug."""
    drugs = ["checkpoint-inhibitors", "glucose-lowering-drugs", "systemic-antineoplastic-drugs"]
    for one, other in combinations(drugs, 2):
        assert set(codes(one)) & set(codes(other)) == set()


@pytest.mark.parametrize(("name", "unit"), UNITS)
def test_every_listed_unit_is_ucum(name: str, unit: str, ucum: PintUcumRegistry) -> None:
    """Canonical and accepted units parse as UCUM; anything else belongs among the spellings."""
    assert ucum.from_ucum(unit).magnitude > 0, name


@pytest.mark.parametrize(("name", "unit", "factor"), FACTORS)
def test_factor_equals_pint(name: str, unit: str, factor: float, ucum: PintUcumRegistry) -> None:
    """Factors agree with pint to 1e-6, through the molar mass where a mass meets an amount of substance."""
    canonical, accepted = ucum.from_ucum(ANALYTES[name]["unit"]), ucum.from_ucum(unit)
    if accepted.dimensionality != canonical.dimensionality:
        accepted = accepted * ANALYTES[name]["molar_mass"] * ucum.from_ucum("g/mol")
    assert _ratio(accepted, canonical) == pytest.approx(factor, rel=1e-6)


def _ratio(accepted: Quantity, canonical: Quantity) -> float:
    return float((accepted / canonical).to_base_units().magnitude)


def test_hba1c_conversion_meets_published_pairs() -> None:
    """IFCC to NGSP gives the pairs of the published master equation: 20, 48 and 75 mmol/mol."""
    affine = ANALYTES["hba1c"]["units"]["mmol/mol"]
    converted = [round(affine["times"] * ifcc + affine["plus"], 1) for ifcc in (20, 48, 75)]
    assert converted == [4.0, 6.5, 9.0]


@pytest.mark.parametrize("name", ANALYTES)
def test_spellings_stand_for_listed_units(name: str) -> None:
    """A spelling leads to a unit that the analyte accepts and is not a listed unit itself."""
    entry = ANALYTES[name]
    accepted = {entry["unit"], *entry["units"]}
    spellings = entry.get("spellings", {})
    assert set(spellings.values()) <= accepted
    assert set(spellings) & accepted == set()


@pytest.mark.parametrize("name", ["neutrophil-count", "lymphocyte-count", "platelets"])
def test_k_per_microlitre_is_thousands_and_never_kelvin(name: str, ucum: PintUcumRegistry) -> None:
    """`K/uL` is listed as a spelling of thousands per microlitre, because UCUM itself reads it as kelvin."""
    assert "[temperature]" in ucum.from_ucum("K/uL").dimensionality
    assert ANALYTES[name]["spellings"]["K/uL"] == "10*3/uL"
    assert "K/uL" not in ANALYTES[name]["units"]


@pytest.mark.parametrize("name", ["neutrophil-count", "lymphocyte-count"])
def test_per_cent_of_leukocytes_is_no_count(name: str) -> None:
    """Neither the codes nor the units of a relative count are accepted as an absolute one."""
    entry = ANALYTES[name]
    assert {"770-8", "26511-6", "736-9", "26478-8"} & {code["code"] for code in entry["codes"]} == set()
    assert "%" not in {entry["unit"], *entry["units"], *entry["spellings"]}


def test_clearance_without_body_surface_is_no_egfr() -> None:
    """mL/min is kept apart from mL/min per 1.73 m2."""
    entry = ANALYTES["egfr"]
    assert "mL/min" not in {entry["unit"], *entry["units"], *entry["spellings"]}


@pytest.mark.parametrize("name", ANALYTES)
def test_range_is_an_interval(name: str) -> None:
    """The plausible range runs upwards and does not start below zero."""
    low, high = ANALYTES[name]["range"]
    assert 0 <= low < high
