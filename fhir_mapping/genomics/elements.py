"""The components of one Observation by the element they stand for; what answers, genes and units mean."""

import re

import msgspec

from fhir_mapping.genomics.codes import codes
from fhir_mapping.genomics.findings import Coded, GeneName, Provenance
from fhir_mapping.genomics.genes import table
from fhir_mapping.genomics.walk import Found
from fhir_mapping.genomics.wire import Coding, Component, Concept, Quantity, Range, decode_component
from fhir_mapping.issues import Issue
from fhir_mapping.wire import where

ACCEPTED = frozenset({"final", "amended", "corrected"})
_SYMBOL = re.compile(r"[A-Z][A-Z0-9orf]{0,14}(?:-[A-Z0-9]{1,6})?")


class Elements:
    """Components by element name, in order; an odd component becomes an issue and the others are kept."""

    def __init__(self, found: Found, issues: list[Issue]) -> None:
        self.path = found.path
        self.issues = issues
        self._by_name: dict[str, list[Component]] = {}
        for i, raw in enumerate(found.observation.component or ()):
            try:
                component = decode_component(raw)
            except msgspec.MsgspecError as error:
                inner, expected = where(error)
                issues.append(Issue(f"{found.path}.component[{i}]{inner}", "structure", expected))
                continue
            for name in _names(component):
                self._by_name.setdefault(name, []).append(component)

    def names(self) -> tuple[str, ...]:
        """Names of the elements that are there."""
        return tuple(self._by_name)

    def concepts(self, name: str) -> tuple[Concept, ...]:
        """Coded values of an element; a plain string counts as a concept of text."""
        found: list[Concept] = []
        for component in self._by_name.get(name, ()):
            if component.value_codeable_concept is not None:
                found.append(component.value_codeable_concept)
            elif component.value_string:
                found.append(Concept(text=component.value_string))
        return tuple(found)

    def coded(self, name: str, answers: str | None = None) -> Coded | None:
        """First coded value of an element, None when there is none."""
        return next((coded(concept, answers) for concept in self.concepts(name)), None)

    def all_coded(self, name: str, answers: str | None = None) -> tuple[Coded, ...]:
        """All coded values of an element."""
        return tuple(coded(concept, answers) for concept in self.concepts(name))

    def text(self, name: str) -> str | None:
        """Code, display or text of an element, the first that there is."""
        value = self.coded(name)
        return None if value is None else value.code or value.display

    def range(self, name: str) -> Range | None:
        """First range of an element."""
        return next((one.value_range for one in self._by_name.get(name, ()) if one.value_range), None)

    def number(self, name: str, low: float, high: float) -> float | None:
        """Quantity of an element in the unit of findings; what cannot be used becomes an issue and None."""
        for component in self._by_name.get(name, ()):
            quantity = component.value_quantity
            if quantity is None and component.value_integer is not None:
                quantity = Quantity(value=float(component.value_integer))
            value, reason = measured(quantity, name, low, high)
            if reason is not None:
                self.issues.append(Issue(f"{self.path}.component", reason, f"{name} cannot be used"))
            return value
        return None


def _names(component: Component) -> tuple[str, ...]:
    found = (codes().component(one.system, one.code) for one in codings(component.code))
    return tuple(dict.fromkeys(name for name in found if name))


def codings(concept: Concept | None) -> list[Coding]:
    """Codings of a concept that may be missing."""
    return [] if concept is None else list(concept.coding or ())


def coded(concept: Concept, answers: str | None = None) -> Coded:
    """The first coding with a code, else the text; `answers` names the list that its word is looked up in."""
    first = next((one for one in concept.coding or () if one.code), None)
    told = answer_word(concept, answers) if answers else None
    if first is None:
        shown = next((one.display for one in concept.coding or () if one.display), None)
        return Coded(display=concept.text or shown, word=told)
    return Coded(first.system, first.code, first.display or concept.text, told)


def answer_word(concept: Concept, answers: str) -> str | None:
    """Our word for an answer: by LOINC code, else by the words of text and display."""
    by_code, by_word = codes().answers[answers], codes().words.get(answers, {})
    for one in concept.coding or ():
        if one.code in by_code and codes().is_system("loinc", one.system):
            return by_code[one.code]
    spoken = [concept.text, *(one.display for one in concept.coding or ())]
    words = (text.strip().lower() for text in spoken if text)
    return next((by_word[word] for word in words if word in by_word), None)


def measured(
    quantity: Quantity | None, name: str, low: float, high: float
) -> tuple[float | None, str | None]:
    """(value in the unit of findings, None) or (None, reason); bounds belong to the range."""
    if quantity is None or quantity.value is None:
        return None, "no-value"
    if quantity.comparator:
        return None, "censored"
    unit = quantity.code or quantity.unit or ""
    factor = codes().units[name].get(unit)
    if factor is None:
        return None, "unit-not-accepted" if unit else "unit-missing"
    value = quantity.value * factor
    return (value, None) if low <= value <= high else (None, "out-of-range")


def gene_names(concepts: tuple[Concept, ...]) -> tuple[tuple[GeneName, ...], str | None]:
    """Genes that concepts name, and `gene-conflict` when id and symbol of one of them disagree."""
    found = [_gene_name(concept) for concept in concepts]
    genes = tuple(dict.fromkeys(gene for gene in found if gene is not None and gene != GeneName()))
    return genes, "gene-conflict" if None in found else None


def _gene_name(concept: Concept) -> GeneName | None:
    """One gene; None when its id and its symbol are not of the same gene."""
    ids: set[str] = set()
    symbols: set[str] = set()
    for one in concept.coding or ():
        if codes().is_system("hgnc", one.system) and one.code:
            bare = one.code.upper().removeprefix("HGNC:")
            (ids if bare.isdigit() else symbols).add(f"HGNC:{bare}" if bare.isdigit() else bare)
        symbols.add((one.display or "").strip())
    symbols = {name for name in (*symbols, (concept.text or "").strip()) if _SYMBOL.fullmatch(name)}
    genes = table()
    known = {genes.by_symbol[name] for name in symbols if name in genes.by_symbol}
    known |= {genes.by_id[one] for one in ids if one in genes.by_id}
    if len(known) > 1 or len(ids) > 1 or (known and ids - {gene.hgnc_id for gene in known}):
        return None
    if known:
        gene = known.pop()
        return GeneName(gene.symbol, gene.hgnc_id)
    return GeneName(min(symbols, default=None), min(ids, default=None))


def provenance(found: Found) -> Provenance:
    """Where a finding was read and when it was true."""
    one = found.observation
    period = one.effective_period
    date = (
        one.effective_date_time or one.effective_instant or (period.start or period.end if period else None)
    )
    specimen = one.specimen.reference if one.specimen else None
    return Provenance(found.source, found.path, one.status, date, one.issued, specimen)
