"""The second pass: kept lines become charts, one for each patient, in an order that depends on nothing but
their content."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from operator import attrgetter
from typing import NamedTuple

import msgspec

from fhir_mapping.bulk.interest import DRUG_KINDS
from fhir_mapping.bulk.leads import Lead, foremost
from fhir_mapping.bulk.scan import Kept
from fhir_mapping.bulk.slots import KIND
from fhir_mapping.record import PatientRecord
from fhir_mapping.times import EARLIEST, DateError, instant
from fhir_mapping.values import FeatureVector
from fhir_mapping.wire import decoder

Identity = tuple[str, str]
"""Resource type and id."""

Contested = Mapping[Identity, str]
"""Ids that the export gives to several patients -> the patient whose version is the newest."""

Shared = Callable[[str], bytes | None]
"""JSON of a shared resource by its id."""


class _Meta(msgspec.Struct, gc=False):
    updated: str | None = msgspec.field(name="lastUpdated", default=None)


class _Dated(msgspec.Struct, gc=False):
    meta: _Meta | None = None


_decode_dated = decoder(_Dated)
_owner, _content = attrgetter("owner"), attrgetter("kind", "raw")


class Chart(NamedTuple):
    """Everything that the export says of one patient and that matters, as JSON in a fixed order; `leads` are
    the lines that stand for others."""

    patient: str
    raws: list[bytes]
    leads: tuple[Lead, ...] = ()

    def record(
        self, answered: Iterable[str], doubted: Iterable[str] = (), zone: tzinfo = UTC
    ) -> PatientRecord:
        """The patient's record; `answered` are the types that the export holds, so that nothing of them is
        an answer too, unless resources of the type were lost (`doubted`); `zone` is the time zone of its
        days."""
        record = PatientRecord.of_resources(self.patient, self.raws, zone=zone)
        record.answer(answered)
        record.doubt(doubted)
        return record

    def settles(self, vector: FeatureVector, zone: tzinfo = UTC) -> bool:
        """Whether features that were read from this chart are those of all the patient's lines. A job gives
        `Unsettled` in the place of a row where this is False."""
        return all(lead.settles(vector[lead.feature], zone) for lead in self.leads)


def recency(raw: bytes) -> tuple[datetime, bytes]:
    """Sort key of the versions of one resource: `meta.lastUpdated`, then the content, so that the order of
    files never decides.

    A version without a readable lastUpdated is older than any other.
    """
    try:
        meta = _decode_dated(raw).meta
        when = instant(meta.updated) if meta is not None and meta.updated else EARLIEST
        return when.astimezone(UTC), raw.strip()
    except (msgspec.MsgspecError, DateError, OverflowError):
        return EARLIEST, raw.strip()


def charts(kept: Iterable[Kept], contested: Contested, shared: Shared) -> Iterator[Chart]:
    """Charts in order of patient id; of several versions of a resource the newest counts, and of several that
    are equally new all are there."""
    by_patient: dict[str, list[Kept]] = {}
    for one in kept:
        by_patient.setdefault(one.owner, []).append(one)
    for patient in sorted(by_patient):
        found, leads = _foremost(by_patient.pop(patient))
        found = _current(found, contested)
        if found:
            yield Chart(patient, [*(one.raw for one in found), *_drugs(found, shared)], leads)


def _foremost(found: list[Kept]) -> tuple[list[Kept], tuple[Lead, ...]]:
    """The lines without those that a leading line makes superfluous, and the leads that are left."""
    if all(one.lead is None for one in found):
        return found, ()
    leads, hidden = foremost((one.lead, at) for at, one in enumerate(found) if one.lead is not None)
    left = [one for at, one in enumerate(found) if at not in hidden]
    if any(one.lead is None and one.kind == KIND for one in left):
        leads = [lead.beside_others() for lead in leads]
    return left, tuple(leads)


def _current(found: list[Kept], contested: Contested) -> list[Kept]:
    """The newest version of each resource; of several that are equally new all, so that the record finds
    them ambiguous and no content wins."""
    versions: dict[Identity | bytes, list[Kept]] = {}
    for one in found:
        if one.id is None:
            versions[one.raw.strip()] = [one]
            continue
        identity = (one.kind, one.id)
        if contested and contested.get(identity, one.owner) != one.owner:
            continue
        before = versions.get(identity)
        if before is None:
            versions[identity] = [one]
            continue
        (moment, content), (newest, _) = recency(one.raw), recency(before[0].raw)
        if moment > newest:
            versions[identity] = [one]
        elif moment == newest and all(content != other.raw.strip() for other in before):
            before.append(one)
    return sorted((one for alike in versions.values() for one in alike), key=_content)


def _drugs(found: Iterable[Kept], shared: Shared) -> Iterator[bytes]:
    """Shared resources that the patient's drug resources refer to, each once."""
    names = {
        one.drug.partition("/_history/")[0].rsplit("/", 1)[-1].removeprefix("urn:uuid:")
        for one in found
        if one.drug is not None and one.kind in DRUG_KINDS and not one.drug.startswith("#")
    }
    for name in sorted(names):
        raw = shared(name)
        if raw is not None:
            yield raw


def newest_owner(found: Iterable[Kept]) -> dict[Identity, str]:
    """The owner of the newest version of each resource, for those that several patients own."""
    owners: dict[Identity, set[str]] = {}
    newest: dict[Identity, tuple[tuple[datetime, bytes], str]] = {}
    for one in found:
        if one.id is None:
            continue
        identity = (one.kind, one.id)
        owners.setdefault(identity, set()).add(one.owner)
        key = (recency(one.raw), one.owner)
        if identity not in newest or key > newest[identity]:
            newest[identity] = key
    return {identity: newest[identity][1] for identity, who in owners.items() if len(who) > 1}
