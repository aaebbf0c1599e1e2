"""A model's features, compiled: one definition for prefetch, for the hook and for cohorts."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.allergies import AllergyReader
from fhir_mapping.readers.computed import AnyOfReader, DerivedReader
from fhir_mapping.readers.drafted import DraftReader
from fhir_mapping.readers.encounters import EncounterReader
from fhir_mapping.readers.families import FamilyReader
from fhir_mapping.readers.listed import CategoryReader, ListReader
from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.readers.person import AgeReader, SexReader
from fhir_mapping.record import PatientRecord
from fhir_mapping.spec import (
    LATER,
    Age,
    Allergy,
    AnyOf,
    Assumption,
    Condition,
    Derived,
    Draft,
    Encounter,
    FamilyHistory,
    FeatureSpec,
    Medication,
    Observation,
    Procedure,
    Sex,
    parse,
)
from fhir_mapping.spec_errors import located, of_feature
from fhir_mapping.times import IndexTime
from fhir_mapping.values import FeatureValue, FeatureVector
from fhir_mapping.yamlfile import YAMLError, read_yaml

DirectReader = (
    AgeReader
    | SexReader
    | ObservationReader
    | ListReader
    | CategoryReader
    | AllergyReader
    | FamilyReader
    | EncounterReader
    | DraftReader
)
ComputedReader = AnyOfReader | DerivedReader


class FeatureSet:
    """Features of one model in spec order; thread-safe and free of patient state."""

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        """Compile; raises SpecError for unknown analytes, value sets, inputs and circular definitions."""
        self.specs = tuple(specs)
        self.inputs = tuple(spec.name for spec in specs if spec.input)
        self.readers = {spec.name: _named_reader(spec) for spec in specs}
        self._direct = [r for r in self.readers.values() if not isinstance(r, ComputedReader)]
        self._computed = self._in_order()
        self._assumed = {
            spec.name: FeatureValue(spec.name, spec.when_missing.value, "assumed", unit=spec.unit)
            for spec in specs
            if isinstance(spec.when_missing, Assumption)
        }
        self.kinds = frozenset(kind for reader in self.readers.values() for kind in reader.kinds) | {
            "Patient"
        }
        self.sha256 = self._digest()

    @classmethod
    def parse(cls, features: Any, where: str, file: Path | None = None) -> "FeatureSet":
        """Compile the `features` list of a manifest; `where` names the file in messages, `file` is read again
        for the line."""
        specs = parse(features, where, file)
        try:
            return cls(specs)
        except SpecError as error:
            raise located(error, where, file, _blamed(error, specs)) from None

    @classmethod
    def load(cls, path: Path) -> "FeatureSet":
        """Compile the features of a model.yaml."""
        try:
            document = read_yaml(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, YAMLError) as error:
            raise SpecError(f"{path.name}: cannot be read: {type(error).__name__}") from None
        return cls.parse(document.get("features") if isinstance(document, dict) else None, path.name, path)

    def spec(self, name: str) -> FeatureSpec:
        """One feature's spec; raises KeyError."""
        return self.readers[name].spec

    def extract(self, record: PatientRecord, index: datetime) -> FeatureVector:
        """All features of a record at an aware index time. Raises ValueError for a naive time."""
        at = IndexTime.at(index)
        found = {reader.name: reader.read(record, at) for reader in self._direct}
        for computed in self._computed:
            found[computed.name] = computed.compute(found)
        for name, assumed in self._assumed.items():
            if not found[name].known:
                found[name] = msgspec.structs.replace(assumed, reason=found[name].reason)
        if self._computed:
            found = {name: found[name] for name in self.readers}
        return FeatureVector(found, self.inputs, record.issues)

    def _in_order(self) -> list[ComputedReader]:
        waiting = {r.name: r for r in self.readers.values() if isinstance(r, ComputedReader)}
        done = {r.name for r in self._direct}
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

    def _digest(self) -> str:
        """SHA-256 of everything that changes a value: specs with their analytes' and value sets' content
        resolved.

        Labels, notes and display texts are left out; they change what people read, not what the model sees.
        """
        parts = [_meaning(self.readers[spec.name], spec) for spec in self.specs]
        return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def _meaning(reader: DirectReader | ComputedReader, spec: FeatureSpec) -> Any:
    meaning: dict[str, Any] = msgspec.to_builtins(spec)
    for words in ("label", "note"):
        meaning.pop(words, None)
    for field, default in LATER.items():
        if getattr(spec, field, None) == default:
            meaning.pop(field, None)
    if isinstance(reader, ObservationReader):
        meaning["codes"] = sorted(reader.codes)
        meaning["panels"] = sorted(reader.panels)
        meaning["units"] = {unit: list(how) for unit, how in sorted(reader.units.accepted.items())}
        meaning["range"] = reader.range
        meaning["answers"] = sorted((a.system, a.code, a.value) for a in reader.answers.values())
    elif isinstance(reader, (ListReader, DraftReader)):
        meaning["codes"] = sorted(reader.codes)
    elif isinstance(reader, (AllergyReader, FamilyReader, EncounterReader)):
        meaning |= reader.meaning()
    elif isinstance(reader, CategoryReader):
        meaning["categories"] = [[level.value, sorted(one.codes)] for level, one in reader.levels]
    return meaning


def _blamed(error: SpecError, specs: Sequence[FeatureSpec]) -> int:
    """Position of the feature that an error begins with."""
    told = str(error).removeprefix("feature ")
    return next((at for at, spec in enumerate(specs) if told.startswith(f"`{spec.name}`")), 0)


def _named_reader(spec: FeatureSpec) -> DirectReader | ComputedReader:
    try:
        return _reader(spec)
    except SpecError as error:
        raise of_feature(error, spec.name) from None


def _reader(spec: FeatureSpec) -> DirectReader | ComputedReader:
    if isinstance(spec, Age):
        return AgeReader(spec)
    if isinstance(spec, Sex):
        return SexReader(spec)
    if isinstance(spec, Observation):
        return ObservationReader(spec)
    if isinstance(spec, Draft):
        return DraftReader(spec)
    if isinstance(spec, Allergy):
        return AllergyReader(spec)
    if isinstance(spec, FamilyHistory):
        return FamilyReader(spec)
    if isinstance(spec, Encounter):
        return EncounterReader(spec)
    if isinstance(spec, AnyOf):
        return AnyOfReader(spec)
    if isinstance(spec, Derived):
        return DerivedReader(spec)
    if isinstance(spec, Condition) and spec.categories:
        return CategoryReader(spec)
    if isinstance(spec, (Condition, Medication, Procedure)):
        return ListReader(spec)
    raise SpecError(f"feature `{spec.name}` is of a kind that has no reader")
