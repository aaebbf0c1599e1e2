"""A model's features, compiled: one definition for prefetch, for the hook and for cohorts."""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.allergies import AllergyReader
from fhir_mapping.readers.compiled import ComputedReader, DirectReader, Reader, meaning_of, reader_of
from fhir_mapping.readers.computed import DerivedReader
from fhir_mapping.readers.drafted import DraftReader
from fhir_mapping.readers.families import FamilyReader
from fhir_mapping.readers.listed import ListReader
from fhir_mapping.readers.local_codes import localised
from fhir_mapping.readers.newest import NewestValues
from fhir_mapping.record import PatientRecord
from fhir_mapping.spec import Assumption, FeatureSpec, parse
from fhir_mapping.spec_errors import located, of_feature
from fhir_mapping.terminology.site import SiteTerminology
from fhir_mapping.times import IndexTime
from fhir_mapping.values import FeatureValue, FeatureVector
from fhir_mapping.yamlfile import YAMLError, read_yaml


class FeatureSet:
    """Features of one model in spec order; thread-safe and free of patient state."""

    def __init__(self, specs: Sequence[FeatureSpec], site: SiteTerminology = SiteTerminology.EMPTY) -> None:
        """Compile; raises SpecError for unknown analytes, value sets, inputs and circular definitions.

        `site` adds a site's own codes to what is found in a record, and nothing to `sha256`.
        """
        self.specs = tuple(specs)
        self.site = site
        self.inputs = tuple(spec.name for spec in specs if spec.input)
        shipped = {spec.name: _named_reader(spec) for spec in specs}
        self.readers = (
            shipped
            if site is SiteTerminology.EMPTY
            else {spec.name: _named_reader(spec, site) for spec in specs}
        )
        self._specs = {spec.name: spec for spec in specs}
        self._direct = [
            (reader.name, _interned(reader), reader)
            for reader in self.readers.values()
            if not isinstance(reader, ComputedReader)
        ]
        self._newest = NewestValues(reader for _, _, reader in self._direct)
        newest = frozenset(self._newest.names)
        self._led = frozenset(meaning for name, meaning, _ in self._direct if name in newest)
        self._computed = self._in_order()
        for readers in (shipped, self.readers):
            _check_units(readers, [one.name for one in self._computed])
        self._assumed = {
            spec.name: FeatureValue(spec.name, spec.when_missing.value, "assumed", unit=spec.unit)
            for spec in specs
            if isinstance(spec.when_missing, Assumption)
        }
        self.kinds = frozenset(kind for reader in self.readers.values() for kind in reader.kinds) | {
            "Patient"
        }
        self.sha256 = self._digest(shipped)

    @classmethod
    def parse(
        cls,
        features: Any,
        where: str,
        file: Path | None = None,
        site: SiteTerminology = SiteTerminology.EMPTY,
    ) -> "FeatureSet":
        """Compile the `features` list of a manifest; `where` names the file in messages, `file` is read again
        for the line."""
        specs = parse(features, where, file)
        try:
            return cls(specs, site)
        except SpecError as error:
            raise located(error, where, file, _blamed(error, specs)) from None

    @classmethod
    def load(cls, path: Path, site: SiteTerminology = SiteTerminology.EMPTY) -> "FeatureSet":
        """Compile the features of a model.yaml."""
        try:
            document = read_yaml(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, YAMLError) as error:
            raise SpecError(f"{path.name}: cannot be read: {type(error).__name__}") from None
        features = document.get("features") if isinstance(document, dict) else None
        return cls.parse(features, path.name, path, site)

    def spec(self, name: str) -> FeatureSpec:
        """One feature's spec; raises KeyError."""
        return self._specs[name]

    def extract(self, record: PatientRecord, index: datetime) -> FeatureVector:
        """All features of a record at an aware index time. Raises ValueError for a naive time.

        Days without a time are read in the record's time zone. What another feature set has read alike from
        the same record is taken over, under this set's names.
        """
        at = IndexTime.at(index, record.zone)
        known: dict[str, FeatureValue] = record.memo.setdefault(at.moment, {})
        found: dict[str, FeatureValue] = {}
        newest = {} if known.keys() >= self._led else self._newest.read(record, at)
        for name, meaning, reader in self._direct:
            value = known.get(meaning)
            if value is None:
                value = known[meaning] = newest.get(name) or reader.read(record, at)
            elif value.name != name:
                value = msgspec.structs.replace(value, name=name)
            found[name] = value
        for computed in self._computed:
            found[computed.name] = computed.compute(found, at.zone)
        for name, assumed in self._assumed.items():
            if not found[name].known:
                found[name] = msgspec.structs.replace(assumed, reason=found[name].reason)
        if self._computed:
            found = {name: found[name] for name in self.readers}
        return FeatureVector(found, self.inputs, record.issues)

    def _in_order(self) -> list[ComputedReader]:
        waiting = {r.name: r for r in self.readers.values() if isinstance(r, ComputedReader)}
        done = {name for name, _, _ in self._direct}
        ordered: list[ComputedReader] = []
        while waiting:
            ready = [r for r in waiting.values() if all(name in done for name in r.needs)]
            if not ready:
                names = ", ".join(f"`{name}`" for name in sorted(waiting))
                told = f"{names}: inputs are not features of this model, or need each other"
                raise SpecError(told, "inputs")
            for reader in ready:
                ordered.append(reader)
                done.add(reader.name)
                del waiting[reader.name]
        return ordered

    def _digest(self, shipped: Mapping[str, Reader]) -> str:
        """SHA-256 of everything that changes a value: specs with their analytes' and value sets' content
        resolved.

        Labels, notes and display texts are left out; they change what people read, not what the model sees.
        """
        return _sha256([meaning_of(shipped[spec.name], spec) for spec in self.specs])


_OF_THE_MODEL = ("name", "input", "required", "when_missing", "domain")
"""Fields of a spec that say what a model makes of a value, not what is read."""


def _interned(reader: DirectReader) -> str:
    """Key under which a value is remembered for all features that read the same."""
    meaning = meaning_of(reader, reader.spec)
    if isinstance(reader, (ListReader, DraftReader, AllergyReader, FamilyReader)):
        meaning["names"] = reader.naming.own
    return sys.intern(_sha256([one for one in sorted(meaning.items()) if one[0] not in _OF_THE_MODEL]))


def _sha256(meaning: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(meaning, order="deterministic")).hexdigest()


def _check_units(readers: Mapping[str, Reader], order: Sequence[str]) -> None:
    for reader in (readers[name] for name in order):
        try:
            if isinstance(reader, DerivedReader):
                reader.check(readers)
        except SpecError as error:
            raise of_feature(error, reader.name) from None


def _blamed(error: SpecError, specs: Sequence[FeatureSpec]) -> int:
    """Position of the feature that an error begins with."""
    told = str(error).removeprefix("feature ")
    return next((at for at, spec in enumerate(specs) if told.startswith(f"`{spec.name}`")), 0)


def _named_reader(spec: FeatureSpec, site: SiteTerminology = SiteTerminology.EMPTY) -> Reader:
    try:
        return reader_of(spec) if site is SiteTerminology.EMPTY else reader_of(localised(spec, site), spec)
    except SpecError as error:
        raise of_feature(error, spec.name) from None
