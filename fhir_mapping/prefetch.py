"""Prefetch templates out of feature specs, and what an answer to them means.

Only what CDS Hooks 2.0 recommends is used: reads, and searches by patient and by code. Dates are filtered
on our side, because clients change or drop date parameters.
"""

from collections.abc import Sequence

from fhir_mapping.features import FeatureSet
from fhir_mapping.issues import Issue
from fhir_mapping.payload import Bundle, Payload, in_entries
from fhir_mapping.readers.compiled import GenomicReaders, Reader
from fhir_mapping.readers.drafted import DraftReader
from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import UNREADABLE, OperationOutcome

PATIENT = "context.patientId"

# Prefetch key -> the resource type that it asks for.
KEYS = {
    "patient": "Patient",
    "observations": "Observation",
    "conditions": "Condition",
    "medicationRequests": "MedicationRequest",
    "medicationStatements": "MedicationStatement",
    "medicationAdministrations": "MedicationAdministration",
    "procedures": "Procedure",
    "allergies": "AllergyIntolerance",
    "familyHistory": "FamilyMemberHistory",
    "encounters": "Encounter",
    "questionnaireResponses": "QuestionnaireResponse",
    "diagnosticReports": "DiagnosticReport",
}
# What narrows a search: of the reports, those of genetics tell whether their results stand.
_FILTERS = {"diagnosticReports": "&category=http://terminology.hl7.org/CodeSystem/v2-0074|GE"}
_KEY_OF = {kind: key for key, kind in KEYS.items()}


def templates(sets: Sequence[FeatureSet]) -> dict[str, str]:
    """Prefetch key -> query template, for one service with the features of all its models."""
    readers = [reader for one in sets for reader in one.readers.values()]
    found = {"patient": f"Patient/{{{{{PATIENT}}}}}"}
    codes = _observation_codes(readers)
    if codes:
        found["observations"] = f"Observation?patient={{{{{PATIENT}}}}}&code={','.join(codes)}&_sort=-date"
    wanted = {kind for reader in readers for kind in reader.kinds}
    for key, kind in KEYS.items():
        if kind in wanted and key not in ("patient", "observations"):
            found[key] = f"{kind}?patient={{{{{PATIENT}}}}}{_FILTERS.get(key, '')}"
    return found


def _observation_codes(readers: Sequence[Reader]) -> list[str]:
    pairs = {
        pair
        for reader in readers
        for pair in (
            reader.touched
            if isinstance(reader, ObservationReader)
            else reader.codes
            if isinstance(reader, GenomicReaders)
            else ()
        )
    }
    return sorted(f"{system}|{code}" for code, system in pairs)


def answered(key: str) -> tuple[str, ...]:
    """Resource types that one of our keys asks for; empty for a key that is not ours."""
    kind = KEYS.get(key)
    return (kind,) if kind is not None else ()


def misplaced(key: str, payload: Payload | None) -> Issue | None:
    """What stands under one of our keys that its template does not ask for; None where all is in order.

    A search is answered with a Bundle, and of the entries one at least is of the type that was asked for: a
    Bundle of other types is no list without entries. A read is answered with the resource itself, or with a
    Bundle that holds it. Of a Bundle with an entry that cannot be read nobody knows.
    """
    kind = KEYS.get(key)
    if kind is None or payload is None or isinstance(payload, OperationOutcome):
        return None
    found = _of_others(payload, kind) if isinstance(payload, Bundle) else payload.kind
    if found is None or found == kind == "Patient":
        return None
    wanted = "Patient" if kind == "Patient" else f"a Bundle of {kind}"
    return Issue(f"prefetch.{key}", "other-type", f"holds {found} where {wanted} was asked for")


def _of_others(bundle: Bundle, kind: str) -> str | None:
    """What a Bundle holds that has entries and none of a type; None for any other Bundle."""
    found: set[str] = set()
    for one in in_entries(bundle):
        if one is None or one is UNREADABLE or one.kind == kind:
            return None
        found.add(one.kind)
    found.discard("OperationOutcome")
    return f"a Bundle of {', '.join(sorted(found))}" if found else None


def required_missing(sets: Sequence[FeatureSet], record: PatientRecord) -> list[str]:
    """Sentences that name data that a model cannot do without and that the client did not provide.

    Data that was provided and holds no value is not listed here: that is a silence, not a failed request.
    """
    lacking: dict[str, list[str]] = {}
    if record.patient is None:
        lacking["patient"] = ["age and sex"]
    for one in sets:
        for spec in one.specs:
            types = one.readers[spec.name].kinds
            if spec.required and types and types != ("Patient",) and not record.provides(types):
                labels = lacking.setdefault(_KEY_OF[types[0]], [])
                if spec.label not in labels:
                    labels.append(spec.label)
    return [
        f"prefetch key `{key}` ({KEYS[key]}) is needed for: {', '.join(labels)}"
        for key, labels in lacking.items()
    ]


def draft_features(one: FeatureSet) -> frozenset[str]:
    """Names of the features that read the draft orders of the hook and nothing else."""
    return frozenset(name for name, reader in one.readers.items() if isinstance(reader, DraftReader))


def uses_drafts(one: FeatureSet) -> bool:
    """Whether a feature reads the draft orders of the hook."""
    return bool(draft_features(one))
