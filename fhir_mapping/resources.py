"""The slim view of FHIR resources: one struct per type that features read, told apart by resourceType.

Names are alike across types, whatever FHIR calls the element: `code` is what the resource is about (the drug
of a medication resource), `subject` whom it is about, `began` the text of the date that places it in time.
Elements that few features look into stay raw bytes.
"""

from functools import cache
from importlib.resources import files
from typing import Any, ClassVar, Union

import msgspec
from msgspec import Raw, field

from fhir_mapping.wire import (
    CodeableConcept,
    Coding,
    NamedConcept,
    Period,
    Quantity,
    Reference,
    decode_any,
    decoder,
)

NOTHING = Raw()
"""An element that was not sent, where its JSON is kept."""


class Observation(msgspec.Struct, gc=False, tag_field="resourceType", tag="Observation"):
    """FHIR Observation."""

    kind: ClassVar[str] = "Observation"
    id: str | None = None
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectiveInstant: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueInteger: int | None = None
    dataAbsentReason: CodeableConcept | None = None
    component: Raw = NOTHING

    @property
    def began(self) -> str | None:
        """When the observed value was true; the time of issue when that was not said."""
        period = self.effectivePeriod
        return (
            self.effectiveDateTime
            or self.effectiveInstant
            or ((period.end or period.start) if period is not None else None)
            or self.issued
        )


class Condition(msgspec.Struct, gc=False, tag_field="resourceType", tag="Condition"):
    """FHIR Condition."""

    kind: ClassVar[str] = "Condition"
    status: ClassVar[None] = None
    id: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    onsetDateTime: str | None = None
    onsetPeriod: Period | None = None
    onsetAge: Raw = NOTHING
    onsetRange: Raw = NOTHING
    onsetString: Raw = NOTHING
    abatementDateTime: str | None = None
    abatementPeriod: Period | None = None
    abatementAge: Raw = NOTHING
    abatementRange: Raw = NOTHING
    abatementString: Raw = NOTHING
    recordedDate: str | None = None

    @property
    def began(self) -> str | None:
        """Onset, or the day of recording."""
        return self.onsetDateTime or start(self.onsetPeriod) or self.recordedDate


class MedicationRequest(msgspec.Struct, gc=False, tag_field="resourceType", tag="MedicationRequest"):
    """FHIR MedicationRequest."""

    kind: ClassVar[str] = "MedicationRequest"
    id: str | None = None
    status: str | None = None
    intent: str | None = None
    doNotPerform: bool | None = None
    code: CodeableConcept | None = field(name="medicationCodeableConcept", default=None)
    reference: Reference | None = field(name="medicationReference", default=None)
    subject: Reference | None = None
    authoredOn: str | None = None
    dispenseRequest: Raw = NOTHING
    contained: Raw = NOTHING

    @property
    def began(self) -> str | None:
        """When the order was written."""
        return self.authoredOn


class MedicationStatement(msgspec.Struct, gc=False, tag_field="resourceType", tag="MedicationStatement"):
    """FHIR MedicationStatement."""

    kind: ClassVar[str] = "MedicationStatement"
    id: str | None = None
    status: str | None = None
    code: CodeableConcept | None = field(name="medicationCodeableConcept", default=None)
    reference: Reference | None = field(name="medicationReference", default=None)
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dateAsserted: str | None = None
    contained: Raw = NOTHING

    @property
    def began(self) -> str | None:
        """When taking began, or the day of the statement."""
        return self.effectiveDateTime or start(self.effectivePeriod) or self.dateAsserted


class MedicationAdministration(
    msgspec.Struct, gc=False, tag_field="resourceType", tag="MedicationAdministration"
):
    """FHIR MedicationAdministration."""

    kind: ClassVar[str] = "MedicationAdministration"
    id: str | None = None
    status: str | None = None
    code: CodeableConcept | None = field(name="medicationCodeableConcept", default=None)
    reference: Reference | None = field(name="medicationReference", default=None)
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    contained: Raw = NOTHING

    @property
    def began(self) -> str | None:
        """When the drug was given."""
        return self.effectiveDateTime or start(self.effectivePeriod)


class Medication(msgspec.Struct, gc=False, tag_field="resourceType", tag="Medication"):
    """FHIR Medication: a product, and the ingredients that it names."""

    kind: ClassVar[str] = "Medication"
    subject: ClassVar[None] = None
    began: ClassVar[None] = None
    id: str | None = None
    status: str | None = None
    code: NamedConcept | None = None
    ingredient: Raw = NOTHING


class Procedure(msgspec.Struct, gc=False, tag_field="resourceType", tag="Procedure"):
    """FHIR Procedure."""

    kind: ClassVar[str] = "Procedure"
    id: str | None = None
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    performedDateTime: str | None = None
    performedPeriod: Period | None = None

    @property
    def began(self) -> str | None:
        """When the procedure was done or began."""
        return self.performedDateTime or start(self.performedPeriod)


class AllergyIntolerance(msgspec.Struct, gc=False, tag_field="resourceType", tag="AllergyIntolerance"):
    """FHIR AllergyIntolerance."""

    kind: ClassVar[str] = "AllergyIntolerance"
    status: ClassVar[None] = None
    id: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = field(name="patient", default=None)
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    criticality: str | None = None
    onsetDateTime: str | None = None
    onsetPeriod: Period | None = None
    onsetAge: Raw = NOTHING
    onsetRange: Raw = NOTHING
    onsetString: Raw = NOTHING
    recordedDate: str | None = None
    reaction: Raw = NOTHING

    @property
    def began(self) -> str | None:
        """Onset, or the day of recording."""
        return self.onsetDateTime or start(self.onsetPeriod) or self.recordedDate


class FamilyMemberHistory(msgspec.Struct, gc=False, tag_field="resourceType", tag="FamilyMemberHistory"):
    """FHIR FamilyMemberHistory: `code` is the relationship, the conditions stay raw."""

    kind: ClassVar[str] = "FamilyMemberHistory"
    id: str | None = None
    status: str | None = None
    code: CodeableConcept | None = field(name="relationship", default=None)
    subject: Reference | None = field(name="patient", default=None)
    date: str | None = None
    condition: Raw = NOTHING

    @property
    def began(self) -> str | None:
        """When the history was recorded."""
        return self.date


class Encounter(msgspec.Struct, gc=False, tag_field="resourceType", tag="Encounter"):
    """FHIR Encounter: `setting` is its class, `types` what was done; both count as its codes."""

    kind: ClassVar[str] = "Encounter"
    code: ClassVar[None] = None
    id: str | None = None
    status: str | None = None
    setting: Coding | None = field(name="class", default=None)
    types: list[CodeableConcept] | None = field(name="type", default=None)
    subject: Reference | None = None
    period: Period | None = None

    @property
    def began(self) -> str | None:
        """When the encounter began."""
        return start(self.period)


class QuestionnaireResponse(msgspec.Struct, gc=False, tag_field="resourceType", tag="QuestionnaireResponse"):
    """FHIR QuestionnaireResponse; its items stay raw."""

    kind: ClassVar[str] = "QuestionnaireResponse"
    code: ClassVar[None] = None
    id: str | None = None
    status: str | None = None
    questionnaire: str | None = None
    subject: Reference | None = None
    authored: str | None = None
    item: Raw = NOTHING

    @property
    def began(self) -> str | None:
        """When the answers were given."""
        return self.authored


class DiagnosticReport(msgspec.Struct, gc=False, tag_field="resourceType", tag="DiagnosticReport"):
    """FHIR DiagnosticReport, as far as it says whether its results stand; its own code is not looked for."""

    kind: ClassVar[str] = "DiagnosticReport"
    code: ClassVar[None] = None
    id: str | None = None
    status: str | None = None
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    result: Raw = NOTHING
    contained: Raw = NOTHING

    @property
    def began(self) -> str | None:
        """When the results were true; the time of issue when that was not said."""
        return self.effectiveDateTime or start(self.effectivePeriod) or self.issued


class Coverage(msgspec.Struct, gc=False, tag_field="resourceType", tag="Coverage"):
    """FHIR Coverage: `code` is the kind of insurance."""

    kind: ClassVar[str] = "Coverage"
    id: str | None = None
    status: str | None = None
    code: CodeableConcept | None = field(name="type", default=None)
    subject: Reference | None = field(name="beneficiary", default=None)
    period: Period | None = None

    @property
    def began(self) -> str | None:
        """When the insurance began."""
        return start(self.period)


class Patient(msgspec.Struct, gc=False, tag_field="resourceType", tag="Patient"):
    """FHIR Patient."""

    kind: ClassVar[str] = "Patient"
    status: ClassVar[None] = None
    code: ClassVar[None] = None
    subject: ClassVar[None] = None
    began: ClassVar[None] = None
    id: str | None = None
    birthDate: str | None = None
    gender: str | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: str | None = None
    communication: Raw = NOTHING
    extension: Raw = NOTHING


class _OutcomeIssue(msgspec.Struct, gc=False):
    severity: str | None = None


class OperationOutcome(msgspec.Struct, gc=False, tag_field="resourceType", tag="OperationOutcome"):
    """FHIR OperationOutcome; `says_failed` when an issue is an error."""

    kind: ClassVar[str] = "OperationOutcome"
    status: ClassVar[None] = None
    code: ClassVar[None] = None
    subject: ClassVar[None] = None
    began: ClassVar[None] = None
    id: str | None = None
    issue: list[_OutcomeIssue] | None = None

    @property
    def says_failed(self) -> bool:
        """Whether the search that it stands in did not give all that there is."""
        return any(one.severity in (None, "error", "fatal") for one in self.issue or ())


class Other(msgspec.Struct, gc=False, tag_field="resourceType", tag="Other"):
    """A resource of a type that no feature reads, or one that could not be read at all (`UNREADABLE`)."""

    kind: ClassVar[str] = "Other"
    status: ClassVar[None] = None
    code: ClassVar[None] = None
    id: ClassVar[None] = None
    subject: ClassVar[None] = None
    began: ClassVar[None] = None


UNREADABLE = Other()
"""Stands in the place of an entry that could not be read, so that what follows keeps its position."""

Resource = (
    Observation
    | Condition
    | MedicationRequest
    | MedicationStatement
    | MedicationAdministration
    | Medication
    | Procedure
    | AllergyIntolerance
    | FamilyMemberHistory
    | Encounter
    | QuestionnaireResponse
    | DiagnosticReport
    | Coverage
    | Patient
    | OperationOutcome
    | Other
)

READ: dict[str, type[Any]] = {one.kind: one for one in Resource.__args__ if one is not Other}
"""Resource type -> the struct that reads it."""
ALL_KINDS = frozenset(READ)

_TYPES = (files("fhir_mapping") / "data" / "resource-types.txt").read_text(encoding="ascii").splitlines()
_UNREAD = [name for name in _TYPES if not name.startswith("#") and name not in READ]
_PASSED_OVER = frozenset(_UNREAD)
# A prefetch value may be one of these whatever the features ask for.
_ALWAYS = frozenset(("Patient", "OperationOutcome"))


@cache
def _passing(kind: str) -> type[msgspec.Struct]:
    """A type whose resources pass without being looked at."""
    return msgspec.defstruct(kind, [], bases=(Other,), tag=kind, namespace={"kind": kind})


@cache
def any_resource(kinds: frozenset[str] = ALL_KINDS) -> Any:
    """What msgspec decodes a resource into when only these types are read: a struct by resourceType."""
    wanted = (
        kinds | _ALWAYS | ({"Medication"} if any(kind.startswith("Medication") for kind in kinds) else set())
    )
    read = [struct for kind, struct in READ.items() if kind in wanted]
    passing = [_passing(kind) for kind in (*_UNREAD, *READ) if kind not in wanted]
    return Union[(*read, *passing)]


decode_resource = decoder(any_resource())
_DECODERS = {kind: decoder(struct) for kind, struct in READ.items()}


class _Head(msgspec.Struct, gc=False):
    resourceType: str


_decode_head = decoder(_Head)


def read_resource(raw: bytes | Raw) -> Resource:
    """One resource of any type of FHIR R4; raises MsgspecError, whose text names types and paths only.

    A type that is none may be a mistyped one that features read, so it does not pass for something else.
    """
    try:
        found: Resource = decode_resource(raw)
    except msgspec.ValidationError:
        kind = _decode_head(raw).resourceType
        if kind in _PASSED_OVER:
            return _passing(kind)()  # type: ignore[return-value] # a subclass of Other
        if kind not in READ:
            raise msgspec.ValidationError("Unknown resource type - at `$.resourceType`") from None
        found = _DECODERS[kind](raw)
    return found


def read_what_fits(raw: bytes | Raw) -> Resource | None:
    """A resource of which some elements cannot be read, without those elements; None without its code.

    It takes the place of the whole, so that a feature meets it and learns that there was something: it is no
    valid FHIR, and its value is never used.
    """
    try:
        elements = decode_any(raw)
    except msgspec.MsgspecError:
        return None
    struct = READ.get(str(elements.get("resourceType"))) if isinstance(elements, dict) else None
    if struct is None:
        return None
    left = {
        name: value
        for name, value in elements.items()
        if name == "resourceType" or _fits(struct, name, value)
    }
    found: Resource = _DECODERS[struct.kind](msgspec.json.encode(left))
    return found if found.code is not None or struct.code is None else None


def _fits(struct: Any, name: str, value: Any) -> bool:
    one = {"resourceType": struct.kind, name: value}
    try:
        _DECODERS[struct.kind](msgspec.json.encode(one))
    except (msgspec.MsgspecError, TypeError, ValueError):
        return False
    return True


def start(period: Period | None) -> str | None:
    """When a period began, as sent."""
    return period.start if period is not None else None
