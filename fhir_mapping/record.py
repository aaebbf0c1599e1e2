"""One patient's data of one request: resources indexed by code, read and validated only where a feature
looks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from fhir_mapping import validate
from fhir_mapping.errors import PayloadError, WrongPatient
from fhir_mapping.issues import Issue
from fhir_mapping.wire import (
    Payload,
    Resource,
    decode_contained,
    decode_resource,
    raw_resources,
    read_carefully,
)

PrefetchState = Literal["null", "empty", "failed", "present"]

# Resource types of which "nothing there" is an answer: a part of such a list must not pass for the whole.
LISTS = ("Condition", "MedicationAdministration", "MedicationRequest", "MedicationStatement", "Procedure")

_NONE: dict[str, list[int]] = {}


class PatientRecord:
    """Resources of one patient, as slim structs; bytes of a resource are found again only to validate it.

    `patient_id` is the id that the caller asked about; a Patient resource with another id raises
    WrongPatient, any other resource about somebody else becomes an issue and is not used.
    """

    def __init__(
        self,
        patient_id: str,
        payloads: Mapping[str, Payload | None],
        raw: Callable[[str], Sequence[Any]],
        drafts: Sequence[Resource] = (),
        issues: list[Issue] | None = None,
        validated: bool = True,
    ) -> None:
        """`raw(key)` gives the bytes of the resources under a prefetch key, in order of
        `payloads[key].entry`."""
        self.patient_id = patient_id
        self._self = f"Patient/{patient_id}"
        self.drafts = drafts
        self.issues: list[Issue] = issues if issues is not None else []
        self.resources: list[Resource] = []
        self.states: dict[str, PrefetchState] = {}
        self.patient: Resource | None = None
        self._patient_at = -1
        self._raw = raw
        self._origins: list[tuple[int, str]] = []
        self._single: set[str] = set()
        self._raws: dict[str, Sequence[Any]] = {}
        self._verdicts: dict[int, bool] = {}
        self._validated = validated
        self._by_code: dict[str | None, dict[str, list[int]]] | None = None
        self._kinds: set[str] | None = None
        self._ids: list[str | None] | None = None
        self._doubted: set[str] = set()
        self.incomplete: set[str] = set()
        for key, payload in payloads.items():
            self._add(key, payload)
        for at, draft in enumerate(drafts):
            if not self.concerns(draft):
                self.issues.append(Issue(f"drafts[{at}]", "other-subject", "is an order for another subject"))

    @property
    def deceased(self) -> bool:
        """Whether the Patient resource says that the patient has died."""
        patient = self.patient
        return patient is not None and bool(patient.deceasedBoolean or patient.deceasedDateTime)

    @classmethod
    def of_bundle(
        cls, bundle: bytes, patient_id: str | None = None, validated: bool = True
    ) -> "PatientRecord":
        """Record of a Bundle with one patient, given as JSON bytes; raises PayloadError when it is no such
        thing."""
        issues: list[Issue] = []
        payload, raws = read_carefully(bundle, "prefetch.bundle", issues)
        if payload is None:
            raise PayloadError(issues[0].path, issues[0].message)
        entries = payload.entry or []
        patients = (
            e.resource for e in entries if e.resource is not None and e.resource.resourceType == "Patient"
        )
        chosen = patient_id or next((patient.id for patient in patients if patient.id), "")
        record = cls(chosen, {"bundle": payload}, lambda _: raws, issues=issues, validated=validated)
        if record.incomplete:
            record.doubt(LISTS)
        return record

    def _add(self, key: str, payload: Payload | None) -> None:
        if payload is None:
            self.states[key] = "null"
            return
        if payload.resourceType == "OperationOutcome":
            self.states[key] = "failed"
            self.issues.append(Issue(f"prefetch.{key}", "prefetch-failed", "the client could not fetch this"))
            return
        self.states[key] = "present" if payload.entry or payload.resourceType != "Bundle" else "empty"
        if payload.link is not None and any(link.relation == "next" for link in payload.link):
            self.incomplete.add(key)
            self.issues.append(
                Issue(f"prefetch.{key}.link", "incomplete", "has a next page that was not sent")
            )
        self._origins.append((len(self.resources), key))
        if payload.entry is not None:
            for entry in payload.entry:
                resource = entry.resource
                if resource is None:
                    self._no_resource(key)
                    continue
                kind = resource.resourceType
                if kind == "Patient" or kind == "OperationOutcome":
                    self._special(resource)
                elif not kind:
                    self.incomplete.add(key)
                self.resources.append(resource)
        elif payload.resourceType != "Bundle":
            self._single.add(key)
            if payload.resourceType == "Patient":
                self._special(payload)
            self.resources.append(payload)

    def _no_resource(self, key: str) -> None:
        position = len(self.resources) - self._origins[-1][0]
        self.issues.append(Issue(f"prefetch.{key}.entry[{position}]", "no-resource", "entry has no resource"))
        # Keeps the positions of what follows.
        self.resources.append(Resource(resourceType=""))

    def _special(self, resource: Resource) -> None:
        at = len(self.resources)
        if resource.resourceType == "OperationOutcome":
            problem = "the client reports a problem with this search"
            self.issues.append(Issue(self.path(at), "outcome-entry", problem))
            return
        if self.patient_id and resource.id is not None and resource.id != self.patient_id:
            where = f"{self.path(at)}.id"
            raise WrongPatient(where, "is another patient than context.patientId; send one patient's data")
        self.patient = resource
        self._patient_at = at

    @property
    def by_code(self) -> dict[str | None, dict[str, list[int]]]:
        """Positions of the resources that carry a code, by code system and code."""
        if self._by_code is None:
            self._by_code = self._index()
        return self._by_code

    def _index(self) -> dict[str | None, dict[str, list[int]]]:
        index: dict[str | None, dict[str, list[int]]] = {}
        for at, resource in enumerate(self.resources):
            concept = resource.code or resource.medicationCodeableConcept
            if concept is None:
                if resource.medicationReference is None:
                    continue
                concept = resource.medicationCodeableConcept = self._referenced_medication(resource)
                if concept is None:
                    self._unresolved(at)
            if concept is None or concept.coding is None:
                continue
            for coding in concept.coding:
                code = coding.code
                if code is None:
                    continue
                system = index.get(coding.system)
                if system is None:
                    system = index[coding.system] = {}
                seen = system.get(code)
                if seen is None:
                    system[code] = [at]
                elif seen[-1] != at:
                    seen.append(at)
        return index

    def positions(self, codes: Sequence[tuple[str, str]]) -> list[int]:
        """Positions of the resources that carry one of the (code, system) pairs, without repetition, in
        record order."""
        by_code = self._by_code if self._by_code is not None else self.by_code
        if len(codes) == 1:
            code, system = codes[0]
            return by_code.get(system, _NONE).get(code) or []
        lists = [
            found for code, system in codes if (found := by_code.get(system, _NONE).get(code)) is not None
        ]
        if len(lists) < 2:
            return lists[0] if lists else []
        return sorted({at for found in lists for at in found})

    def _referenced_medication(self, resource: Resource) -> Any:
        reference = resource.medicationReference.reference if resource.medicationReference else None
        if not reference:
            return None
        if reference.startswith("#"):
            return next((r.code for r in _contained(resource) if r.id == reference[1:]), None)
        wanted = reference.rsplit("/", 1)[-1].removeprefix("urn:uuid:")
        return next(
            (r.code for r in self.resources if r.resourceType == "Medication" and r.id == wanted), None
        )

    def _unresolved(self, at: int) -> None:
        path = f"{self.path(at)}.medicationReference"
        self.issues.append(
            Issue(path, "unresolved-reference", "the medication was not sent along or has no code")
        )

    def ids(self) -> Sequence[str | None]:
        """Resource ids by position."""
        if self._ids is None:
            self._ids = [resource.id for resource in self.resources]
        return self._ids

    def provides(self, kinds: Iterable[str]) -> bool:
        """Whether the client answered for any of these resource types: sent some, or said that there are
        none.

        An empty answer under a key counts for the types that the key's template asks for, which the caller
        marks with `answer`.
        """
        return not self._answered().isdisjoint(kinds)

    def _answered(self) -> set[str]:
        if self._kinds is None:
            self._kinds = {one.resourceType for one in self.resources if self.concerns(one)}
        return self._kinds

    def doubt(self, kinds: Iterable[str]) -> None:
        """Note that some of these resource types may be there unseen: a page or entry was not readable."""
        self._doubted.update(kinds)

    def doubts(self, kinds: Iterable[str]) -> bool:
        """Whether "nothing there" cannot be concluded for one of these resource types."""
        return not self._doubted.isdisjoint(kinds)

    def concerns(self, resource: Resource) -> bool:
        """Whether a resource is about this patient; one that names no subject is."""
        subject = resource.subject or resource.patient
        reference = subject.reference if subject is not None else None
        if reference is None or reference == self._self or not self.patient_id:
            return True
        unversioned = reference.partition("/_history/")[0]
        return unversioned.rsplit("/", 1)[-1].removeprefix("urn:uuid:") == self.patient_id

    def answer(self, kinds: Iterable[str]) -> None:
        """Note that the client answered for these resource types, even if with nothing."""
        self._answered().update(kinds)

    def accepts(self, at: int) -> bool:
        """Whether the resource at a position may be used: about this patient, and valid FHIR R4.

        The verdict is remembered; a refused resource leaves one issue.
        """
        verdict = self._verdicts.get(at)
        if verdict is None:
            verdict = self._verdicts[at] = self._is_theirs(at) and self._is_valid(at)
        return verdict

    def _is_theirs(self, at: int) -> bool:
        if self.concerns(self.resources[at]):
            return True
        self.issues.append(Issue(self.path(at), "other-subject", "is about another subject and was not used"))
        return False

    def _is_valid(self, at: int) -> bool:
        if not self._validated:
            return True
        key, position = self._origin(at)
        if key not in self._raws:
            self._raws[key] = self._raw(key)
        found = validate.problems(self.resources[at].resourceType, self._raws[key][position], self.path(at))
        self.issues.extend(found)
        return not found

    def accepts_patient(self) -> bool:
        """Whether there is a Patient resource and it is valid FHIR R4."""
        return self.patient is not None and (self._verdict_patient())

    def _verdict_patient(self) -> bool:
        verdict = self._verdicts.get(self._patient_at)
        if verdict is None:
            verdict = self._verdicts[self._patient_at] = self._is_valid(self._patient_at)
        return verdict

    def _origin(self, at: int) -> tuple[str, int]:
        for start, key in reversed(self._origins):
            if at >= start:
                return key, at - start
        raise IndexError(at)

    def path(self, at: int) -> str:
        """Path of a resource in the request, for issues."""
        key, position = self._origin(at)
        return f"prefetch.{key}" if key in self._single else f"prefetch.{key}.entry[{position}].resource"

    def source(self, at: int) -> str:
        """Reference of a resource, "Type/id"."""
        resource = self.resources[at]
        return f"{resource.resourceType}/{resource.id}"


def _contained(resource: Resource) -> list[Resource]:
    raw = bytes(resource.contained)
    try:
        return [decode_resource(one) for one in decode_contained(raw)] if raw else []
    except msgspec.MsgspecError:
        return []


def raw_from(raws: Mapping[str, Any]) -> Callable[[str], Sequence[Any]]:
    """Reader of resource bytes over undecoded payloads, for `PatientRecord(raw=...)`."""
    return lambda key: raw_resources(raws[key])
