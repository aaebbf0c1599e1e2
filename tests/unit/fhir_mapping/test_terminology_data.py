"""Data files of codes: check digits, forms and boundaries between value sets and between analytes.

Units and spellings have their own tests in tests/unit/terminology.
"""

import json
import re
from collections import Counter
from importlib import resources
from itertools import combinations
from typing import Any

import pytest
from fhir.resources.R4B.valueset import ValueSet

from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.check_digits import is_well_formed
from fhir_mapping.terminology.code_systems import canonical_pair

DATA = resources.files("fhir_mapping") / "data"
ANALYTES = catalogue.analytes()
VALUESETS: dict[str, Any] = {
    path.name.removesuffix(".json"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((DATA / "valuesets").iterdir(), key=lambda path: path.name)
}
CANCERS = sorted(name for name in VALUESETS if name.startswith("cancer-"))
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD9CM = "http://hl7.org/fhir/sid/icd-9-cm"
ICD10GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def codes(name: str, system: str | None = None) -> list[str]:
    """Codes of one value set, in file order, of one system or of all."""
    parts = VALUESETS[name]["compose"]["include"]
    return [c["code"] for part in parts for c in part["concept"] if system in (None, part["system"])]


def loinc_codes() -> list[str]:
    """Every LOINC code of the analytes, panels included."""
    single = [code["code"] for entry in ANALYTES.values() for code in entry.codes if code["system"] == LOINC]
    return single + [panel for entry in ANALYTES.values() for panel in entry.panels]


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


def test_check_digit_functions_know_published_examples() -> None:
    """The two checks agree with worked examples, and reject the same codes with two digits swapped."""
    assert mod10_holds("2951-2")
    assert not mod10_holds("2591-2")
    assert verhoeff_holds("2363")
    assert verhoeff_holds("22298006")
    assert not verhoeff_holds("22289006")


@pytest.mark.parametrize("code", ["22298006", "22289006", "2363008", "446096008", "99999003"])
def test_the_service_knows_the_same_snomed_check_digit(code: str) -> None:
    """The check that tells a site of a mistyped SNOMED CT code agrees with the one of these tests."""
    assert is_well_formed(code, SNOMED) == verhoeff_holds(code)


@pytest.mark.parametrize("code", ["2951-2", "2591-2", "718-7", "14682-9", "14682-0", "LX6270-8", ""])
def test_the_service_knows_the_same_loinc_check_digit(code: str) -> None:
    """The check that tells a site of a mistyped LOINC code agrees with the one of these tests."""
    has_form = re.fullmatch(r"\d+-\d", code) is not None
    assert is_well_formed(code, LOINC) == (has_form and mod10_holds(code))


@pytest.mark.parametrize("code", ["LA6270-8", "LL715-4", "LP14542-1", "LG2807-8"])
def test_answers_lists_groups_and_parts_of_loinc_are_codes_too(code: str) -> None:
    """Their check digits follow another scheme; the form alone is looked at."""
    assert is_well_formed(code, LOINC)


def test_every_loinc_code_has_its_check_digit() -> None:
    """A mistyped LOINC code cannot slip in."""
    assert [code for code in loinc_codes() if not mod10_holds(code)] == []


def test_a_loinc_code_belongs_to_one_analyte() -> None:
    """No code means two quantities."""
    single = [code["code"] for entry in ANALYTES.values() for code in entry.codes]
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
    assert (value_set.status, value_set.publisher) == ("active", "Bedside")
    assert str(value_set.date) >= "2026-11-24"
    assert re.search(r"[Cc]onfirmed against|enumerated from", value_set.description)


@pytest.mark.parametrize("name", VALUESETS)
def test_no_code_stands_twice_in_a_value_set(name: str) -> None:
    """Each code of a value set is listed once in its system."""
    parts = VALUESETS[name]["compose"]["include"]
    pairs = [(part["system"], concept["code"]) for part in parts for concept in part["concept"]]
    assert [pair for pair, n in Counter(pairs).items() if n > 1] == []


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
    at_risk_only = {"R73.03", "714628002", "15777000", "11687002", "O24.4", "O24.419", "648.8", "472971004"}
    assert set(codes("diabetes-mellitus")) & at_risk_only == set()


def test_diabetes_set_has_every_subdivision_of_icd_10_and_icd_9_cm() -> None:
    """E10 to E14 each have ten fourth characters, 250 has ten fourth digits with four fifth digits each."""
    kinds = ("E10", "E11", "E12", "E13", "E14")
    who = {*kinds, *(f"{kind}.{fourth}" for kind in kinds for fourth in range(10))}
    assert who <= set(codes("diabetes-mellitus", ICD10))
    fifth = {f"250.{a}{b}" for a in range(10) for b in ("", *range(4))}
    secondary = {f"249.{a}{b}" for a in range(10) for b in ("", 0, 1)}
    before_pregnancy = {f"648.0{b}" for b in ("", *range(5))}
    treated = {"V58.67"}
    told = fifth | secondary | before_pregnancy | treated | {"249", "250"}
    assert set(codes("diabetes-mellitus", ICD9CM)) == told


def test_diabetes_set_has_diabetes_before_pregnancy_with_every_subdivision() -> None:
    """O24.0, .1, .3 and .8 of ICD-10-CM end in six ways under two headings; .4 and .9 are left out."""
    ends = ("", "1", "11", "12", "13", "19", "2", "3")
    wanted = {f"O24.{kind}{end}" for kind in "0138" for end in ends}
    assert {code for code in codes("diabetes-mellitus", ICD10CM) if code.startswith("O24")} == wanted


def test_diabetes_set_has_national_codes_under_the_url_of_the_who() -> None:
    """Senders write E11.65 with the URL of ICD-10; whatever a national edition lists counts there too."""
    national = {*codes("diabetes-mellitus", ICD10CM), *codes("diabetes-mellitus", ICD10GM)}
    assert national <= set(codes("diabetes-mellitus", ICD10))


@pytest.mark.parametrize("name", VALUESETS)
def test_every_code_stands_as_its_system_writes_it(name: str) -> None:
    """Systems go by their canonical URL and ICD codes have their dot, or no chart would be found."""
    pairs = catalogue.valueset(name)
    assert [pair for pair in pairs if canonical_pair(*pair) != pair] == []


def test_drug_sets_are_disjoint() -> None:
    """A checkpoint inhibitor is never prior chemotherapy, and neither is a glucose-lowering drug."""
    drugs = ["checkpoint-inhibitors", "glucose-lowering-drugs", "systemic-antineoplastic-drugs"]
    for one, other in combinations(drugs, 2):
        assert set(codes(one)) & set(codes(other)) == set()


@pytest.mark.parametrize(
    ("name", "codes_of_one"),
    [
        ("creatinine", {"2160-0", "14682-9"}),
        ("glucose", {"2345-7", "14749-6"}),
        ("fasting-glucose", {"1558-6", "14771-0"}),
        ("total-cholesterol", {"2093-3", "14647-2"}),
        ("hdl-cholesterol", {"2085-9", "14646-4"}),
        ("ldl-cholesterol", {"13457-7", "39469-2"}),
        ("non-hdl-cholesterol", {"43396-1", "70204-3"}),
        ("triglycerides", {"2571-8", "14927-8"}),
        ("hemoglobin", {"718-7", "59260-0"}),
        ("hba1c", {"4548-4", "59261-8"}),
        ("urea-nitrogen", {"3094-0", "22664-7"}),
        ("calcium", {"17861-6", "2000-8"}),
        ("uric-acid", {"3084-1", "14933-6"}),
        ("total-bilirubin", {"1975-2", "14631-6"}),
        ("egfr", {"33914-3", "62238-1", "98979-8"}),
    ],
)
def test_mass_and_moles_are_one_analyte(name: str, codes_of_one: set[str]) -> None:
    """Codes that differ by a factor alone are read as one feature."""
    assert codes_of_one <= {code["code"] for code in ANALYTES[name].codes}


@pytest.mark.parametrize("name", ["neutrophil-count", "lymphocyte-count"])
def test_per_cent_of_leukocytes_is_no_count(name: str) -> None:
    """The codes of a relative count are not accepted as an absolute one."""
    relative = {"770-8", "26511-6", "736-9", "26478-8"}
    assert relative & {code["code"] for code in ANALYTES[name].codes} == set()


def test_egfr_leaves_out_what_splits_by_race() -> None:
    """A laboratory sends both halves of such a pair for one person, and one of them is not theirs."""
    by_race = {"48642-3", "48643-1", "88293-6", "88294-4"}
    assert by_race & set(loinc_codes()) == set()


@pytest.mark.parametrize("name", ANALYTES)
def test_range_is_an_interval(name: str) -> None:
    """The plausible range runs upwards and does not start below zero."""
    low, high = ANALYTES[name].range
    assert 0 <= low < high


@pytest.mark.parametrize("name", ANALYTES)
def test_every_analyte_says_its_source(name: str) -> None:
    """Where the codes were confirmed, or that they were not, stands with each analyte."""
    entry = ANALYTES[name]
    confirmed = {code["code"] for code in entry.codes} - set(entry.from_memory)
    assert entry.source
    assert not confirmed or re.search(
        r"[Cc]onfirmed|VSAC|Paired|paired|published|mCODE|profile", entry.source
    )


def test_the_notices_name_every_code_system_that_is_shipped() -> None:
    """LOINC, SNOMED CT, RxNorm, ICD, UCUM and HL7 each have their notice."""
    notices = (DATA / "NOTICE-terminologies.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## (.+)$", notices, re.MULTILINE))
    icd = {"ICD-10", "ICD-10-CM", "ICD-10-GM", "ICD-9-CM"}
    assert {"LOINC", "SNOMED CT", "RxNorm", "ATC", "UCUM", "HL7"} | icd <= headings
    systems = {part["system"] for one in VALUESETS.values() for part in one["compose"]["include"]}
    act_code = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    assert systems <= {LOINC, SNOMED, ICD10CM, ICD10, ICD10GM, ICD9CM, RXNORM, ATC, act_code}
