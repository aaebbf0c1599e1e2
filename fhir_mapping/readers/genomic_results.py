"""A patient's genomic findings at an index time, read once for all features, and what their readers share."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache, reduce
from typing import Any, NamedTuple, cast

from fhir_mapping.errors import SpecError
from fhir_mapping.genomics import GenomicFindings, Provenance, may_hold_findings, read
from fhir_mapping.genomics.codes import codes
from fhir_mapping.genomics.genes import Gene, table
from fhir_mapping.issues import Issue
from fhir_mapping.readers.candidates import NOT_CODED
from fhir_mapping.readers.reasons import TOLD, nearer
from fhir_mapping.readers.window import placed
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import DiagnosticReport, Observation
from fhir_mapping.terminology.catalogue import Codes
from fhir_mapping.times import EARLIEST, IndexTime
from fhir_mapping.values import FeatureValue, missing

GENOTYPES = ("genotype", "haplotype")
VARIANTS = ("variant",)
MICROSATELLITES = ("microsatellite-instability",)
_READ = (*GENOTYPES, *VARIANTS, *MICROSATELLITES)
# `ambiguous` is a word of the mapping too: entries that are equally recent.
_OTHER_WORDS = {"ambiguous": "several-genotypes"}


class Results(NamedTuple):
    """Findings that count at an index time, and by position the reasons why resources were not read."""

    findings: GenomicFindings
    refused: Mapping[int, str]


@cache
def observation_codes(kinds: tuple[str, ...]) -> Codes:
    """(code, system) pairs of the Observations that hold findings of some kinds."""
    known = codes()
    return tuple(
        (code, system)
        for name, listed in known.observations.items()
        for code, kind in listed.items()
        if kind in kinds
        for system in known.systems[name]
    )


def results(record: PatientRecord, index: IndexTime, window: float) -> Results:
    """The record's genomic findings in a window of seconds before the index time; remembered on the record.

    Only Observations with a code of such a finding are read, and the reports that list or contain them.
    """
    key = ("genomics", index.moment, window)
    found: Results | None = record.memo.get(key)
    if found is None:
        found = record.memo[key] = _results(record, index, window)
    return found


def _results(record: PatientRecord, index: IndexTime, window: float) -> Results:
    refused: dict[int, str] = {}
    picked: list[int] = []
    for at, reason in _candidates(record, index, window):
        if reason is None and not record.accepts(at):
            reason = "invalid-resource" if record.concerns(record.resources[at]) else "other-subject"
        elif reason in TOLD:
            record.issues.append(Issue(record.path(at), reason or "", "genomic features could not use this"))
        if reason is None:
            picked.append(at)
        else:
            refused[at] = reason
    picked += _listing(record, picked)
    found = read(((record.path(at), record.raw(at)) for at in picked), record.patient_id or None, index.zone)
    record.issues.extend(found.issues)
    return Results(_in_time(found, index, window), refused)


def _candidates(record: PatientRecord, index: IndexTime, window: float) -> Iterator[tuple[int, str | None]]:
    """Positions with the reason that stands against them: coded Observations, reports that contain some."""
    earliest = EARLIEST if window == math.inf else index.back(window)
    wanted = observation_codes(_READ)
    nameless = record.codes.nameless(wanted)
    for at in dict.fromkeys((*record.codes.positions(wanted), *nameless)):
        resource = record.resources[at]
        if isinstance(resource, Observation):
            doubt = "ambiguous" if record.is_ambiguous(at) else NOT_CODED if at in nameless else None
            yield at, _elsewhen(resource, index, earliest) or doubt
    for at in record.of_kind("DiagnosticReport"):
        report = cast(DiagnosticReport, record.resources[at])
        contained = bytes(report.contained)
        if contained and may_hold_findings(contained):
            yield at, _elsewhen(report, index, earliest)


def _elsewhen(resource: Observation | DiagnosticReport, index: IndexTime, earliest: datetime) -> str | None:
    """Why a date does not count; what was issued after the index time was not known then."""
    issued = placed(resource.issued, index, EARLIEST)[1] if resource.issued is not None else None
    return issued if issued == "after-index-time" else placed(resource.began, index, earliest)[1]


def _listing(record: PatientRecord, picked: list[int]) -> list[int]:
    """Other reports that may list one of the resources: they tell whether it was withdrawn."""
    names = [f"/{ident}".encode() for at in picked if (ident := record.resources[at].id)]
    if not names:
        return []
    found: list[int] = []
    for at in record.of_kind("DiagnosticReport"):
        listed = bytes(cast(DiagnosticReport, record.resources[at]).result)
        if at not in picked and any(name in listed for name in names) and record.accepts(at):
            found.append(at)
    return found


def _in_time(found: GenomicFindings, index: IndexTime, window: float) -> GenomicFindings:
    """The findings without those, inside of other resources, that are dated elsewhere than these."""
    earliest = EARLIEST if window == math.inf else index.back(window)

    def counts(origin: Provenance) -> bool:
        return placed(origin.date or origin.issued, index, earliest)[1] is None

    return GenomicFindings(
        diplotypes=tuple(one for one in found.diplotypes if counts(one.origin)),
        variants=tuple(one for one in found.variants if counts(one.origin)),
        biomarkers=tuple(one for one in found.biomarkers if counts(one.origin)),
    )


class GenomicReader:
    """What features of genomic results have in common."""

    kinds = ("Observation", "DiagnosticReport")
    unit: str | None = None
    __slots__ = ("codes", "name", "spec", "window")

    def __init__(self, spec: Any, kinds: tuple[str, ...]) -> None:
        self.spec = spec
        self.name: str = spec.name
        self.codes = observation_codes(kinds)
        self.window: float = spec.seconds

    def results(self, record: PatientRecord, index: IndexTime) -> Results:
        """The findings that this feature looks into."""
        return results(record, index, self.window)

    def trouble(self, record: PatientRecord, refused: Mapping[int, str]) -> FeatureValue | None:
        """A missing value when a result that may be about this could not be read: whatever the others say, it
        may say something else."""
        mine = {*record.codes.positions(self.codes), *record.codes.nameless(self.codes)}
        told = [
            reason
            for at, reason in refused.items()
            if reason in TOLD and (at in mine or record.resources[at].kind == "DiagnosticReport")
        ]
        return missing(self.name, reduce(nearer, told), self.unit) if told else None

    def refused(self, record: PatientRecord, reason: str, *origins: Provenance) -> FeatureValue:
        """A value that is missing because of what these results say, which leaves an issue at each."""
        told = f"feature {self.name} could not use this"
        reason = _OTHER_WORDS.get(reason, reason)
        record.issues.extend(Issue(origin.path, reason, told) for origin in origins)
        return missing(self.name, reason, self.unit)

    def unrecorded(self, record: PatientRecord, refused: Mapping[int, str]) -> FeatureValue:
        """A missing value where there is no result: it is not provided, of another time, or may be unseen."""
        mine = set(record.codes.positions(self.codes))
        reason = reduce(nearer, (why for at, why in refused.items() if at in mine), "not-recorded")
        if record.doubts(("Observation",)):
            reason = "incomplete"
        elif reason == "not-recorded" and not record.provides(("Observation",)):
            reason = "not-provided"
        return missing(self.name, reason, self.unit)

    def found(self, value: float, origin: Provenance, text: str | None) -> FeatureValue:
        """A value with where it was read."""
        date = origin.date or origin.issued
        return FeatureValue(self.name, value, unit=self.unit, date=date, source=origin.source, text=text)

    def meaning(self) -> dict[str, object]:
        """What the digest holds beside the spec."""
        return {"codes": sorted(self.codes)}


def known_gene(symbol: str) -> Gene:
    """A gene of the table by its approved symbol; raises SpecError."""
    found = table().by_symbol.get(symbol)
    if found is None:
        raise SpecError(f"`{symbol}` is no approved symbol of data/genomics/genes.yaml", "gene")
    return found
