"""One FHIR resource for each kind of feature, that the feature reads: what a third party copies and fills in.

All are about Patient/example. The date is the caller's: a fixed one would leave the look-back windows.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fhir_mapping.readers.allergies import AllergyReader
from fhir_mapping.readers.compiled import GenomicReaders, Reader
from fhir_mapping.readers.drafted import DraftReader
from fhir_mapping.readers.encounters import ACT_CODE, EncounterReader
from fhir_mapping.readers.families import FamilyReader
from fhir_mapping.readers.genotypes import AlleleCarriedReader, AlleleCountReader, DiplotypeReader
from fhir_mapping.readers.listed import CategoryReader, ListReader
from fhir_mapping.readers.microsatellites import MicrosatelliteReader
from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.readers.person import AgeReader, SexReader
from fhir_mapping.readers.questionnaires import QuestionnaireReader
from fhir_mapping.readers.variants import VariantReader
from fhir_mapping.spec import Condition, Medication, VariantPresent
from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.check_digits import LOINC
from fhir_mapping.terminology.units import UCUM

__all__ = ["DATES", "example_of"]

Resource = dict[str, Any]

DATES: Mapping[str, str] = {
    "Observation": "effectiveDateTime",
    "Condition": "onsetDateTime",
    "MedicationRequest": "authoredOn",
    "MedicationStatement": "effectiveDateTime",
    "MedicationAdministration": "effectiveDateTime",
    "Procedure": "performedDateTime",
    "AllergyIntolerance": "recordedDate",
    "FamilyMemberHistory": "date",
    "Encounter": "period.start",
    "QuestionnaireResponse": "authored",
}
"""The element of an example that places it in time, by resource type."""

SUBJECT = {"reference": "Patient/example"}
_USUAL = frozenset((LOINC, "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"))
_HL7 = "http://terminology.hl7.org/CodeSystem"
_HGNC = "http://www.genenames.org"
_HGVS = {"c": "48004-6", "p": "48005-3", "g": "81290-9"}
_SIGNIFICANCE = {
    "pathogenic": "LA6668-3",
    "likely-pathogenic": "LA26332-9",
    "uncertain-significance": "LA26333-7",
    "likely-benign": "LA26334-5",
    "benign": "LA6675-8",
}
_MICROSATELLITES = {"stable": "LA14122-8", "low": "LA26202-4", "high": "LA26203-2"}


def example_of(reader: Reader, when: str) -> Resource | None:
    """A valid resource, dated `when` (a FHIR dateTime), from which the feature gets a value.

    None for a feature that is made of others. A list feature's example is an entry that counts, so its value
    is 1 where the feature asks whether there is one.
    """
    found = _resource(reader, when)
    if found is not None and found["resourceType"] != "Patient":
        found["id"] = reader.name.replace("_", "-")
    return found


def _resource(reader: Reader, when: str) -> Resource | None:
    if isinstance(reader, AgeReader):
        return {"resourceType": "Patient", "id": "example", "birthDate": "1968-04-02"}
    if isinstance(reader, SexReader):
        return {"resourceType": "Patient", "id": "example", "gender": "female"}
    if isinstance(reader, ObservationReader):
        return _observation(reader, when)
    if isinstance(reader, CategoryReader):
        return _problem(reader.spec, reader.levels[0][1].codes, when)
    if isinstance(reader, ListReader):
        return _listed(reader, when)
    if isinstance(reader, AllergyReader):
        return _allergy(reader, when)
    if isinstance(reader, FamilyReader):
        return _relative(reader, when)
    if isinstance(reader, EncounterReader):
        return _encounter(reader, when)
    if isinstance(reader, QuestionnaireReader):
        return _form(reader, when)
    if isinstance(reader, GenomicReaders):
        return _genomic(reader, when)
    return _draft(reader) if isinstance(reader, DraftReader) else None


def _observation(reader: ObservationReader, when: str) -> Resource:
    code, system = reader.codes[0]
    found = _result({"coding": [{"system": system, "code": code}]}, when)
    if reader.answers:
        answer = next(iter(reader.answers.values()))
        return found | {"valueCodeableConcept": _concept(answer.code, answer.system)}
    unit = reader.units.canonical
    return found | {"valueQuantity": {"value": _value(reader), "unit": unit, "system": UCUM, "code": unit}}


def _value(reader: ObservationReader) -> float:
    """A value as people have it, plausible and inside what the model was made for."""
    spec = reader.spec
    usual = catalogue.analyte(spec.analyte).example if spec.analyte is not None else None
    limits = [one for one in (spec.domain, reader.range) if one is not None]
    for value in (usual, *(_middle(*one) for one in limits)):
        if value is not None and all(low <= value <= high for low, high in limits):
            return value
    return 2.0


def _middle(low: float, high: float) -> float:
    return round((low * high) ** 0.5 if low > 0 else (low + high) / 2, 1)


def _result(code: Resource, when: str) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "subject": SUBJECT,
        "effectiveDateTime": when,
    }


def _problem(spec: Condition, codes: Iterable[tuple[str, str]], when: str) -> Resource:
    clinical = "active" if spec.active or "active" in spec.clinical else spec.clinical[0]
    verification = (
        "confirmed" if "confirmed" in (spec.verification or ("confirmed",)) else spec.verification[0]
    )
    found: Resource = {
        "resourceType": "Condition",
        "clinicalStatus": _concept(clinical, f"{_HL7}/condition-clinical"),
        "verificationStatus": _concept(verification, f"{_HL7}/condition-ver-status"),
        "code": _concept(*_first(codes)),
        "subject": SUBJECT,
        "onsetDateTime": when,
    }
    # FHIR R4 (con-4): what has abated says so.
    return found | {"abatementDateTime": when} if clinical in ("inactive", "remission", "resolved") else found


def _listed(reader: ListReader, when: str) -> Resource:
    spec = reader.spec
    if isinstance(spec, Condition):
        return _problem(spec, reader.codes, when)
    code = _concept(*_first(reader.codes))
    if isinstance(spec, Medication):
        return _drug(spec, reader.kinds[0], code, when)
    status = "completed" if "completed" in spec.statuses else spec.statuses[0]
    return {
        "resourceType": "Procedure",
        "status": status,
        "code": code,
        "subject": SUBJECT,
        "performedDateTime": when,
    }


def _drug(spec: Medication, kind: str, code: Resource, when: str) -> Resource:
    going_on = "in-progress" if kind == "MedicationAdministration" else "active"
    status = going_on if spec.active or going_on in spec.statuses else spec.statuses[0]
    drug = {"resourceType": kind, "status": status, "medicationCodeableConcept": code, "subject": SUBJECT}
    if kind == "MedicationRequest":
        return drug | {"intent": "order", "authoredOn": when}
    if kind == "MedicationAdministration" and spec.active:
        return drug | {"effectivePeriod": {"start": when}}
    return drug | {"effectiveDateTime": when}


def _allergy(reader: AllergyReader, when: str) -> Resource:
    clinical = "active" if "active" in reader.clinical else min(reader.clinical)
    found: Resource = {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": _concept(clinical, f"{_HL7}/allergyintolerance-clinical"),
        "verificationStatus": _concept("confirmed", f"{_HL7}/allergyintolerance-verification"),
        "code": _concept(*_first(reader.codes)),
        "patient": SUBJECT,
        "recordedDate": when,
    }
    return found | ({"criticality": min(reader.criticality)} if reader.criticality else {})


def _relative(reader: FamilyReader, when: str) -> Resource:
    illness: Resource = {"code": _concept(*_first(reader.codes))}
    if reader.onset_before is not None:
        age = reader.onset_before - 1
        illness["onsetAge"] = {"value": age, "unit": "a", "system": UCUM, "code": "a"}
    return {
        "resourceType": "FamilyMemberHistory",
        "status": "completed" if "completed" in reader.statuses else min(reader.statuses),
        "patient": SUBJECT,
        "date": when,
        "relationship": _concept(*_first(reader.relationships)),
        "condition": [illness],
    }


def _encounter(reader: EncounterReader, when: str) -> Resource:
    kinds = {"type": [_concept(*_first(reader.codes))]} if reader.codes else {}
    setting = min(reader.classes) if reader.classes else "AMB"
    return {
        "resourceType": "Encounter",
        "status": "finished" if "finished" in reader.statuses else min(reader.statuses),
        "class": {"system": ACT_CODE[0], "code": setting},
        **kinds,
        "subject": SUBJECT,
        "period": {"start": when},
    }


def _form(reader: QuestionnaireReader, when: str) -> Resource:
    answers = reader.spec.answers
    answer: Resource = {"valueInteger": 1}
    if answers:
        answer = {"valueCoding": {"system": answers[0].system, "code": answers[0].code}}
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed" if "completed" in reader.statuses else min(reader.statuses),
        "questionnaire": reader.spec.questionnaire,
        "subject": SUBJECT,
        "authored": when,
        "item": [{"linkId": item, "answer": [answer]} for item in reader.items],
    }


def _genomic(reader: GenomicReaders, when: str) -> Resource:
    if isinstance(reader, MicrosatelliteReader):
        level = next(iter(reader.levels))
        return _result(_concept("81695-9"), when) | {
            "valueCodeableConcept": _concept(_MICROSATELLITES[level])
        }
    gene = {
        "code": _concept("48018-6"),
        "valueCodeableConcept": {
            "coding": [{"system": _HGNC, "code": reader.gene.hgnc_id, "display": reader.gene.symbol}]
        },
    }
    if isinstance(reader, VariantReader):
        present = {"valueCodeableConcept": _concept("LA9633-4"), "component": [gene, *_details(reader.spec)]}
        return _result(_concept("69548-6"), when) | present
    genotype = {"valueCodeableConcept": {"text": _genotype(reader)}, "component": [gene]}
    return _result(_concept("84413-4"), when) | genotype


def _genotype(reader: AlleleCountReader | AlleleCarriedReader | DiplotypeReader) -> str:
    if isinstance(reader, DiplotypeReader):
        return next(iter(reader.spec.values), "*1/*1")
    spec = reader.spec
    allele: str = spec.alleles[0] if isinstance(reader, AlleleCountReader) else spec.allele
    return f"{allele}/{allele}"


def _details(spec: VariantPresent) -> Iterable[Resource]:
    if spec.hgvs is not None:
        change = spec.hgvs.rpartition(":")[2]
        name = _concept(spec.hgvs, "http://varnomen.hgvs.org")
        yield {"code": _concept(_HGVS[change[0]]), "valueCodeableConcept": name}
    if spec.dbsnp is not None:
        name = _concept(spec.dbsnp, "http://www.ncbi.nlm.nih.gov/snp")
        yield {"code": _concept("81255-2"), "valueCodeableConcept": name}
    if spec.significance:
        meaning = _concept(_SIGNIFICANCE[spec.significance[0]])
        yield {"code": _concept("53037-8"), "valueCodeableConcept": meaning}
    if spec.min_allele_frequency is not None:
        share = {"value": spec.min_allele_frequency, "unit": "1", "system": UCUM, "code": "1"}
        yield {"code": _concept("81258-6"), "valueQuantity": share}


def _draft(reader: DraftReader) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": _concept(*_first(reader.codes)),
        "subject": SUBJECT,
    }


def _first(codes: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The same code each time: of an international system where there is one, and the shortest of it, since
    old concepts, headings and ingredients are the plainest."""
    return min(codes, key=lambda pair: (pair[1] not in _USUAL, len(pair[0]), pair[0], pair[1]))


def _concept(code: str, system: str = LOINC) -> Resource:
    return {"coding": [{"system": system, "code": code}]}
