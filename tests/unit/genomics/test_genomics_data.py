"""The tables of genes and codes."""

from __future__ import annotations

import re
from pathlib import Path

from fhir_mapping.genomics.codes import codes
from fhir_mapping.genomics.findings import REASONS
from fhir_mapping.genomics.genes import gene, table

PACKAGE = Path(__file__).parents[3] / "fhir_mapping" / "genomics"


def check_digit(body: str) -> int:
    """LOINC's mod 10 check digit; letters count by their place after `0` in ASCII."""
    total = 0
    for i, character in enumerate(reversed(body)):
        value = ord(character) - ord("0")
        total += 2 * value - value // 5 * 9 if i % 2 == 0 else value
    return -total % 10


def test_every_loinc_code_has_its_check_digit() -> None:
    """Codes of observations, components and answers are well formed."""
    tables = [codes().observations["loinc"], codes().components["loinc"], *codes().answers.values()]
    listed = [code for one in tables for code in one]
    assert [code for code in listed if check_digit(code[:-2]) != int(code[-1])] == []
    assert len(listed) > 50


def test_words_lead_to_the_words_of_the_coded_answers() -> None:
    """A spoken answer means one of the coded ones, so that features need to know one list only."""
    for name, words in codes().words.items():
        assert set(words.values()) <= set(codes().answers[name].values())


def test_every_reason_of_a_text_is_explained() -> None:
    """Reasons in the code table, and those that the package tells, are in the list of reasons."""
    assert set(codes().phrases.reasons) <= set(REASONS)
    told = {
        word
        for file in PACKAGE.glob("*.py")
        for word in re.findall(r'reason(?: = |=)"([a-z-]+)"', file.read_text(encoding="utf-8"))
    }
    assert told
    assert told <= set(REASONS)


def test_genes_are_found_by_symbol_and_by_id() -> None:
    """Both ways lead to the same gene, in any case."""
    assert gene("cyp2d6") is table().by_id["HGNC:2625"]
    assert gene("NO-SUCH-GENE") is None
    assert len(table().by_id) == len(table().by_symbol) > 150


def test_genes_of_the_examples_agree_with_the_table(samples_folder: Path) -> None:
    """Ids in the guide's examples are those of the table, except two that contradict their own symbol."""
    pairs: set[tuple[str, str]] = set()
    for file in (samples_folder / "genomics-reporting-examples").glob("*.json"):
        text = re.sub(r"\s+", " ", file.read_text(encoding="utf-8"))
        for coding in re.findall(r"\{[^{}]*genenames\.org[^{}]*\}", text):
            code = re.search(r'"code": "(HGNC:\d+)"', coding)
            display = re.search(r'"display": "([^"]+)"', coding)
            if code and display:
                pairs.add((display[1], code[1]))
    wrong = {pair for pair in pairs if (known := gene(pair[0])) is None or known.hgnc_id != pair[1]}
    assert wrong == {("CYP2C19", "HGNC:262"), ("MSH2", "HGNC:7235")}
    assert len(pairs) > 30
