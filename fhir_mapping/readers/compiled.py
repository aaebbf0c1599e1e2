"""From a spec to the reader that is its compiled form, and what of the two is in the digest of a model."""

from typing import Any

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.allergies import AllergyReader
from fhir_mapping.readers.computed import AnyOfReader, DerivedReader
from fhir_mapping.readers.drafted import DraftReader
from fhir_mapping.readers.encounters import EncounterReader
from fhir_mapping.readers.families import FamilyReader
from fhir_mapping.readers.genotypes import AlleleCarriedReader, AlleleCountReader, DiplotypeReader
from fhir_mapping.readers.listed import CategoryReader, ListReader
from fhir_mapping.readers.microsatellites import MicrosatelliteReader
from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.readers.person import AgeReader, SexReader
from fhir_mapping.readers.questionnaires import QuestionnaireReader
from fhir_mapping.readers.timed import TIMED, TimedObservationReader
from fhir_mapping.readers.variants import VariantReader
from fhir_mapping.spec import (
    LATER,
    Age,
    AlleleCarried,
    AlleleCount,
    Allergy,
    AnyOf,
    Code,
    Condition,
    Derived,
    Diplotype,
    Draft,
    Encounter,
    FamilyHistory,
    FeatureSpec,
    Medication,
    Microsatellite,
    Observation,
    Procedure,
    Questionnaire,
    Sex,
    VariantPresent,
)

GenomicReaders = (
    AlleleCountReader | AlleleCarriedReader | DiplotypeReader | VariantReader | MicrosatelliteReader
)
DirectReader = (
    AgeReader
    | SexReader
    | ObservationReader
    | ListReader
    | CategoryReader
    | AllergyReader
    | FamilyReader
    | EncounterReader
    | QuestionnaireReader
    | GenomicReaders
    | DraftReader
)
ComputedReader = AnyOfReader | DerivedReader
Reader = DirectReader | ComputedReader


def reader_of(spec: FeatureSpec, manifest: FeatureSpec | None = None) -> Reader:
    """Compile one feature; `manifest` is the spec without the site's codes, where `spec` has them. Raises
    SpecError."""
    own: tuple[Code, ...] | None = getattr(manifest, "codes", None)
    if isinstance(spec, Age):
        return AgeReader(spec)
    if isinstance(spec, Sex):
        return SexReader(spec)
    if isinstance(spec, Observation):
        return TimedObservationReader(spec) if spec.value in TIMED else ObservationReader(spec)
    if isinstance(spec, Draft):
        return DraftReader(spec, own)
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
    if isinstance(spec, Questionnaire):
        return QuestionnaireReader(spec)
    if isinstance(spec, AlleleCount):
        return AlleleCountReader(spec)
    if isinstance(spec, AlleleCarried):
        return AlleleCarriedReader(spec)
    if isinstance(spec, Diplotype):
        return DiplotypeReader(spec)
    if isinstance(spec, VariantPresent):
        return VariantReader(spec)
    if isinstance(spec, Microsatellite):
        return MicrosatelliteReader(spec)
    if isinstance(spec, Condition) and spec.categories:
        return CategoryReader(spec)
    if isinstance(spec, (Condition, Medication, Procedure)):
        return ListReader(spec, own)
    raise SpecError("has no reader", "kind")


def meaning_of(reader: Reader, spec: FeatureSpec) -> dict[str, Any]:
    """Everything that changes a value: the spec without the words that only people read, with the codes,
    units and coefficients that it comes to."""
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
        if reader.elsewhere is not None:
            meaning["elsewhere"] = [sorted(reader.elsewhere.unread), reader.elsewhere.names]
        meaning["answers"] = sorted((a.system, a.code, a.value) for a in reader.answers.values())
    elif isinstance(reader, (ListReader, DraftReader)):
        meaning["codes"] = sorted(reader.codes)
    elif isinstance(
        reader, (AllergyReader, FamilyReader, EncounterReader, QuestionnaireReader, GenomicReaders)
    ):
        meaning |= reader.meaning()
    elif isinstance(reader, DerivedReader) and reader.formula.coefficients:
        meaning["coefficients"] = reader.formula.coefficients
    elif isinstance(reader, CategoryReader):
        meaning["categories"] = [[level.value, sorted(one.codes)] for level, one in reader.levels]
    return meaning
