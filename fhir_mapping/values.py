"""What the mapping hands on: one value per feature, with where it came from or why it is missing."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from fhir_mapping.issues import Issue

State = Literal["ok", "none-recorded", "assumed", "missing"]

# Why a value is missing, in words that the card and the ledger use. The keys are stable.
REASONS: Mapping[str, str] = {
    "not-provided": "the record did not include it",
    "not-recorded": "not recorded",
    "stale": "recorded too long ago",
    "after-index-time": "dated after the time of this request",
    "out-of-range": "recorded value is outside the plausible range",
    "no-value": "recorded without a usable value",
    "censored": "reported only as above or below a limit",
    "unit-missing": "recorded without a unit",
    "unit-not-accepted": "recorded in a unit that is not accepted",
    "unit-conflict": "recorded with two contradicting units",
    "status-not-accepted": "recorded, but not final",
    "date-missing": "recorded without a date",
    "date-format": "recorded with an unreadable date",
    "date-without-zone": "recorded with a time that has no time zone",
    "date-in-future": "dated in the future",
    "birth-date-partial": "birth date is incomplete",
    "invalid-resource": "recorded in a resource that is not valid FHIR",
    "answer-not-listed": "recorded with an answer that is not in the list",
    "not-listed": "nothing on record is in the list",
    "not-coded": "an entry without a code that can be compared may or may not be it",
    "named-in-words": "an entry without a code that can be compared names it in words",
    "not-comparable": "recorded by a method whose values cannot be compared",
    "product-unknown": "a drug product whose ingredients are not told may or may not be it",
    "status-unknown": "recorded with a status that says nothing",
    "detail-missing": "recorded without a detail that is asked for",
    "date-partial": "recorded with a date that leaves out the day",
    "onset-unknown": "age at onset is not recorded, or only in words",
    "health-unknown": "a relative's health is recorded as unknown",
    "other-subject": "recorded in an entry about somebody else",
    "too-few-values": "too few values on different days to tell a trend",
    "not-answered": "asked, but not answered",
    "several-answers": "answered more than once where one answer was expected",
    "report-withdrawn": "its report was cancelled or entered in error",
    "data-absent": "the sender says that there is no value",
    "indeterminate": "the laboratory could not determine the result",
    "no-call": "not called by the laboratory",
    "several-genotypes": "several genotypes are possible",
    "no-alleles-named": "negative, without a word on which alleles were tested",
    "presence-only": "an allele is reported, but not which pair of alleles",
    "one-allele": "only one allele of the pair is reported",
    "not-a-haplotype": "more than one allele where one was expected",
    "too-many-haplotypes": "more than two haplotypes of one gene in one result",
    "haplotype-unreadable": "a haplotype of the result could not be read",
    "not-a-genotype": "the result follows no known way to write alleles",
    "gene-missing": "the result does not say which gene it is about",
    "gene-conflict": "the result names two different genes",
    "several-genes": "the result is about several genes at once",
    "conflicting-texts": "codes and text of the result contradict each other",
    "conflicting-calls": "results contradict each other",
    "typing-too-coarse": "reported in less detail than asked for",
    "frequency-too-low": "found in too small a part of the reads",
    "incomplete": "only part of the record could be read",
    "ambiguous": "several different entries are equally recent",
    "input-missing": "cannot be computed, an input is missing",
    "undefined": "cannot be computed from the recorded values",
}

UNREADABLE = frozenset(
    (
        "ambiguous",
        "date-partial",
        "incomplete",
        "not-coded",
        "other-subject",
        "status-unknown",
        "answer-not-listed",
        "censored",
        "conflicting-calls",
        "conflicting-texts",
        "data-absent",
        "date-format",
        "date-missing",
        "date-partial",
        "date-without-zone",
        "detail-missing",
        "gene-conflict",
        "gene-missing",
        "haplotype-unreadable",
        "indeterminate",
        "invalid-resource",
        "named-in-words",
        "no-alleles-named",
        "no-call",
        "no-value",
        "not-a-genotype",
        "not-a-haplotype",
        "not-answered",
        "not-coded",
        "not-comparable",
        "one-allele",
        "onset-unknown",
        "out-of-range",
        "presence-only",
        "product-unknown",
        "several-answers",
        "several-genes",
        "several-genotypes",
        "status-unknown",
        "too-many-haplotypes",
        "typing-too-coarse",
        "unit-conflict",
        "unit-missing",
        "unit-not-accepted",
    )
)
"""Reasons which say that something is on record, of which nobody can tell what it says."""

NAMED = UNREADABLE - {"incomplete", "not-coded", "other-subject", "product-unknown"}
"""Those of them that are about an entry which names what is asked for, by code or in words: the others may be
about anything."""


class FeatureValue(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One feature of one patient at one index time.

    `value` is in `unit` (canonical UCUM), NaN when `state` is `missing`; `reason` is then a key of REASONS.
    `state`: `ok` read from the record; `none-recorded` the list was given and has no such entry (value 0);
    `assumed` the spec's stated assumption; `missing`. `source` is "Type/id", `date` as recorded,
    `original_value` and `original_unit` as sent when they differ from `value` and `unit`.
    """

    name: str
    value: float = math.nan
    state: State = "ok"
    reason: str | None = None
    unit: str | None = None
    date: str | None = None
    source: str | None = None
    original_value: float | None = None
    original_unit: str | None = None
    text: str | None = None

    @property
    def known(self) -> bool:
        """True unless the value is missing."""
        return self.state != "missing"


def missing(name: str, reason: str, unit: str | None = None) -> FeatureValue:
    """A missing value with its reason."""
    return FeatureValue(name, math.nan, "missing", reason, unit)


class FeatureVector:
    """All features of one patient at one index time, in spec order, with the issues met on the way."""

    __slots__ = ("_by_name", "inputs", "issues", "values")

    def __init__(
        self, values: Mapping[str, FeatureValue], inputs: Sequence[str], issues: Sequence[Issue]
    ) -> None:
        self._by_name = values
        self.values = tuple(values.values())
        self.inputs = inputs
        self.issues = issues

    def __getitem__(self, name: str) -> FeatureValue:
        return self._by_name[name]

    def __iter__(self) -> Iterator[FeatureValue]:
        return iter(self.values)

    def row(self) -> list[float]:
        """Input values in column order of the model; NaN where missing."""
        by_name = self._by_name
        return [by_name[name].value for name in self.inputs]

    def missing(self) -> list[FeatureValue]:
        """Model inputs that are missing."""
        return [self._by_name[name] for name in self.inputs if self._by_name[name].state == "missing"]
