"""One patient's data of one request: resources by position, read and validated only where a feature looks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, Literal

import msgspec

from fhir_mapping import validate
from fhir_mapping.addresses import NOWHERE, Sender, entries_of, only_address, own_addresses, plain
from fhir_mapping.code_index import CodeIndex
from fhir_mapping.drafts import Draft
from fhir_mapping.errors import PayloadError, WrongPatient
from fhir_mapping.issues import Issue
from fhir_mapping.oddities import ambiguous
from fhir_mapping.payload import Bundle, Entry, Payload, in_entries, read_carefully, structural
from fhir_mapping.resources import (
    UNREADABLE,
    OperationOutcome,
    Patient,
    Resource,
    read_resource,
    read_what_fits,
)

PrefetchState = Literal["null", "empty", "failed", "present"]

# Resource types of which "nothing there" is an answer: a part of such a list must not pass for the whole.
LISTS = (
    "AllergyIntolerance",
    "Condition",
    "DiagnosticReport",
    "Encounter",
    "FamilyMemberHistory",
    "MedicationAdministration",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Procedure",
    "QuestionnaireResponse",
)

# What a record looks at on the way in: entries without a resource, the patient, reports of failure.
_LOOKED_AT = frozenset((type(None), Patient, OperationOutcome))


class PatientRecord:
    """Resources of one patient, as slim structs; bytes of a resource are found again only to validate it.

    `patient_id` is the id that the caller asked about; a Patient resource with another id raises
    WrongPatient, any other resource about somebody else becomes an issue and is not used. `memo` keeps what
    was read once for the features that are read next; a record is read by one thread at a time. Where
    `patients_differ`, the Patient resources of the record contradict each other, and nobody can tell which
    stands.
    """

    def __init__(
        self,
        patient_id: str,
        payloads: Mapping[str, Payload | None],
        raw: Callable[[str], Sequence[Any]],
        drafts: Sequence[Draft] = (),
        issues: list[Issue] | None = None,
        validated: bool = True,
        root: str = "prefetch.",
        sender: Callable[[], Sender] = lambda: NOWHERE,
        zone: tzinfo = UTC,
    ) -> None:
        """`raw(key)` gives the bytes of the resources under a prefetch key, in order of its entries; `root`
        stands before the keys in the paths of issues. `sender` is asked where the data comes from when a
        resource names its subject by an absolute URL. `zone` is the time zone in which days without a time
        are meant."""
        self.patient_id = patient_id
        self.zone = zone
        self._self = f"Patient/{patient_id}"
        self._urn = f"urn:uuid:{patient_id}"
        self._sender = sender
        self._addresses: dict[tuple[bool, str], frozenset[str]] = {}
        self.drafts = drafts
        self.issues: list[Issue] = issues if issues is not None else []
        self.resources: list[Resource] = []
        self.states: dict[str, PrefetchState] = {}
        self.patient: Patient | None = None
        self._patient_at = -1
        self._has_died = False
        self.patients_differ = False
        self._raw = raw
        self._root = root
        self._origins: list[tuple[int, str]] = []
        self._single: set[str] = set()
        self._raws: dict[str, Sequence[Any]] = {}
        self._verdicts: dict[int, bool] = {}
        self._validated = validated
        self._remembered = True
        self._index: CodeIndex | None = None
        self._ambiguous: frozenset[int] | None = None
        self._by_kind: dict[str, list[int]] = {}
        self._types: frozenset[type[Resource]] | None = None
        self.memo: dict[Any, Any] = {}
        self._kinds: set[str] | None = None
        self._doubted: set[str] = set()
        self.incomplete: set[str] = set()
        self.cut: set[str] = set()
        for key, payload in payloads.items():
            self._add(key, payload)
        for draft in drafts:
            if not self.concerns(draft):
                self.issues.append(Issue(draft.path, "other-subject", "is an order for another subject"))

    @classmethod
    def of_bundle(
        cls,
        bundle: bytes,
        patient_id: str | None = None,
        validated: bool = True,
        zone: tzinfo = UTC,
    ) -> "PatientRecord":
        """Record of a Bundle with one patient, given as JSON bytes; raises PayloadError when it is no such
        thing."""
        issues: list[Issue] = []
        payload, raws = read_carefully(bundle, "prefetch.bundle", issues)
        if payload is None:
            raise PayloadError(issues[0].path, issues[0].message)
        found = in_entries(payload) if isinstance(payload, Bundle) else iter((payload,))
        chosen = patient_id or next((one.id for one in found if isinstance(one, Patient) and one.id), "")
        record = cls(
            chosen, {"bundle": payload}, lambda _: raws, issues=issues, validated=validated,
            sender=lambda: Sender(entries=entries_of(bundle)), zone=zone,
        )  # fmt: skip
        record.doubt_what_is_incomplete(lambda _: ())
        return record

    @classmethod
    def of_resources(
        cls,
        patient_id: str,
        raws: Sequence[bytes | msgspec.Raw],
        validated: bool = True,
        zone: tzinfo = UTC,
    ) -> "PatientRecord":
        """Record of the JSON of single resources, of any types and in any order: the whole chart.

        One that cannot be read becomes an issue at `resources.entry[i]`, and nothing is then concluded from
        what is not there. Verdicts are not remembered: a chart is read once.
        """
        issues: list[Issue] = []
        entries: list[Entry] = []
        for at, raw in enumerate(raws):
            try:
                entries.append(Entry(read_resource(raw)))
            except msgspec.MsgspecError as error:
                issues.append(structural(error, f"resources.entry[{at}].resource"))
                entries.append(Entry(read_what_fits(raw) or UNREADABLE, is_whole=False))
        sent = {"resources": Bundle(entries, is_whole=not issues)}
        record = cls(patient_id, sent, lambda _: raws, issues=issues, validated=validated, root="", zone=zone)
        record._remembered = False
        record.doubt_what_is_incomplete(lambda _: ())
        return record

    def _add(self, key: str, payload: Payload | None) -> None:
        if payload is None:
            self.states[key] = "null"
            return
        if isinstance(payload, OperationOutcome):
            self.states[key] = "failed"
            path = f"{self._root}{key}"
            self.issues.append(Issue(path, "prefetch-failed", "the client could not fetch this"))
            return
        self._origins.append((len(self.resources), key))
        if isinstance(payload, Bundle):
            self.states[key] = "empty" if _is_empty(payload) else "present"
            self._add_bundle(key, payload)
            return
        self.states[key] = "present"
        self._single.add(key)
        if isinstance(payload, Patient):
            self._take_patient(payload)
        self.resources.append(payload)

    def _add_bundle(self, key: str, bundle: Bundle) -> None:
        if bundle.continues:
            self.incomplete.add(key)
            self.cut.add(key)
            path = f"{self._root}{key}.link"
            self.issues.append(Issue(path, "incomplete", "has a next page that was not sent"))
        entries = bundle.entry or ()
        if bundle.is_whole:
            sent = [entry.resource for entry in entries]
            if _LOOKED_AT.isdisjoint(map(type, sent)):
                self.resources += sent  # type: ignore[arg-type] # none of them is None
                return
        resources = self.resources
        for entry in entries:
            resource = entry.resource
            if not entry.is_whole:
                self.incomplete.add(key)
                self._verdicts[len(resources)] = False
            if resource is None:
                problem = Issue(self.path(len(resources), "entry"), "no-resource", "entry has no resource")
                self.issues.append(problem)
                # Keeps the positions of what follows.
                resources.append(UNREADABLE)
                continue
            kind = resource.kind
            if kind == "Patient":
                self._take_patient(resource)  # type: ignore[arg-type] # told by its kind
            elif kind == "OperationOutcome":
                told = "the client reports a problem with this search"
                self.issues.append(Issue(self.path(len(resources)), "outcome-entry", told))
                if resource.says_failed:  # type: ignore[union-attr] # told by its kind
                    self.incomplete.add(key)
                    self.cut.add(key)
            resources.append(resource)

    def _take_patient(self, patient: Patient) -> None:
        at = len(self.resources)
        if self.patient_id and patient.id is not None and patient.id != self.patient_id:
            where = f"{self.path(at)}.id"
            raise WrongPatient(where, "is another patient than context.patientId; send one patient's data")
        before = self.patient
        if before is not None and before != patient:
            self.patients_differ = True
            told = "says something else of the patient than another Patient resource"
            self.issues.append(Issue(self.path(at), "ambiguous", told))
        self._has_died = self._has_died or bool(patient.deceasedBoolean or patient.deceasedDateTime)
        self.patient = patient
        self._patient_at = at

    @property
    def deceased(self) -> bool:
        """Whether a Patient resource says that the patient has died."""
        return self._has_died

    @property
    def codes(self) -> CodeIndex:
        """Index of the resources by code; a medication whose drug was not sent along leaves an issue, and its
        kind of list is doubted."""
        if self._index is None:
            self._index = CodeIndex(self.resources)
            for at in self._index.unresolved:
                path = f"{self.path(at)}.medicationReference"
                problem = "the medication was not sent along, or does not say what it is"
                self.issues.append(Issue(path, "unresolved-reference", problem))
                self.doubt((self.resources[at].kind,))
            for at in self._index.untitled:
                told = "has no code, so that nobody can tell what was observed"
                self.issues.append(Issue(self.path(at), "not-coded", told))
        return self._index

    def is_ambiguous(self, at: int) -> bool:
        """Whether another resource of this type has the same id and another content: nobody can tell which
        of them stands."""
        if self._ambiguous is None:
            self._ambiguous = ambiguous(self.resources)
        return at in self._ambiguous

    def of_kind(self, kind: str) -> list[int]:
        """Positions of the resources of one type, in record order."""
        found = self._by_kind.get(kind)
        if found is None:
            wanted = {one for one in self._structs() if one.kind == kind}
            places = enumerate(self.resources) if wanted else ()
            found = self._by_kind[kind] = [at for at, one in places if type(one) in wanted]
        return found

    def _structs(self) -> frozenset[type[Resource]]:
        """The structs that the resources are of: few, where the resources are thousands."""
        if self._types is None:
            self._types = frozenset(map(type, self.resources))
        return self._types

    def provides(self, kinds: Iterable[str]) -> bool:
        """Whether the client answered for any of these resource types: sent some, or said that there are
        none.

        An empty answer under a key counts for the types that the key's template asks for, which the caller
        marks with `answer`.
        """
        return not self._answered().isdisjoint(kinds)

    def _answered(self) -> set[str]:
        if self._kinds is None:
            kinds = self._kinds = set()
            left = {one.kind for one in self._structs()}
            for resource in self.resources:
                if resource.kind in left and self.concerns(resource):
                    kinds.add(resource.kind)
                    left.discard(resource.kind)
                    if not left:
                        break
        return self._kinds

    def answer(self, kinds: Iterable[str]) -> None:
        """Note that the client answered for these resource types, even if with nothing."""
        self._answered().update(kinds)
        self.memo.clear()

    def doubt(self, kinds: Iterable[str]) -> None:
        """Note that some of these resource types may be there unseen: a page or entry was not readable."""
        self._doubted.update(kinds)
        self.memo.clear()

    def doubt_what_is_incomplete(self, asked: Callable[[str], Iterable[str]]) -> None:
        """Doubt what stands under the keys that are incomplete; `asked` tells the types that a key asks for.

        A key that was cut short may hold more of everything. An entry that cannot be read may be in a list,
        where "nothing there" is an answer; a value that is there stays what it is.
        """
        for key in self.incomplete:
            kinds = set(asked(key)) or set(LISTS)
            self.doubt(kinds if key in self.cut else kinds - {"Observation"})

    def doubts(self, kinds: Iterable[str]) -> bool:
        """Whether "nothing there" cannot be concluded for one of these resource types."""
        return not self._doubted.isdisjoint(kinds)

    def concerns(self, resource: Resource | Draft) -> bool:
        """Whether a resource is about this patient; one that names no subject is."""
        subject = resource.subject
        if subject is None or not self.patient_id:
            return True
        reference = subject.reference
        if reference is None:
            return False  # a subject told by name or identifier only may be anybody
        if reference == self._self or reference == self._urn:
            return True
        unversioned = reference.partition("/_history/")[0]
        return unversioned == self._self or plain(reference) in self._own(resource)

    def _own(self, resource: Resource | Draft) -> frozenset[str]:
        """Addresses of this patient in absolute references of resources of this type.

        Where nobody says which server the data is from, references that all lead to one server are taken for
        that server's; beside relative ones of the same type they are somebody else's.
        """
        is_draft = isinstance(resource, Draft)
        key = (is_draft, resource.kind)
        found = self._addresses.get(key)
        if found is None:
            found = own_addresses(self.patient_id, self._sender())
            if all(address.startswith("urn:") for address in found):
                about: Sequence[Resource | Draft] = self.drafts if is_draft else self.resources
                alike = (one for one in about if one.kind == resource.kind)
                found |= only_address(self.patient_id, _subjects(about), _subjects(alike))
            self._addresses[key] = found
        return found

    def accepts(self, at: int) -> bool:
        """Whether the resource at a position may be used: about this patient, and valid FHIR R4.

        The verdict is remembered; a refused resource leaves one issue.
        """
        verdict = self._verdicts.get(at)
        if verdict is None:
            theirs = self.concerns(self.resources[at])
            if not theirs:
                told = "is about another subject and was not used"
                self.issues.append(Issue(self.path(at), "other-subject", told))
            verdict = self._verdicts[at] = theirs and (not self._validated or self._is_valid(at))
        return verdict

    def accepts_patient(self) -> bool:
        """Whether there is a Patient resource that is valid FHIR R4, and no other that contradicts it."""
        return self.patient is not None and not self.patients_differ and self.accepts(self._patient_at)

    @property
    def patient_trouble(self) -> str | None:
        """Why nothing is read from the Patient resource, as a key of REASONS; None when it is accepted."""
        if self.patient is None:
            return "not-provided"
        if self.patients_differ:
            return "ambiguous"
        return None if self.accepts_patient() else "invalid-resource"

    @property
    def patient_path(self) -> str:
        """Path of the Patient resource in the request, for issues."""
        return self.path(self._patient_at)

    def _is_valid(self, at: int) -> bool:
        found = validate.verdict(self.resources[at].kind, self.raw(at), self._remembered)
        if found:
            self.issues.extend(validate.as_issues(found, self.path(at)))
        return not found

    def raw(self, at: int) -> Any:
        """JSON of the resource at a position, as sent."""
        key, position = self._origin(at)
        if key not in self._raws:
            self._raws[key] = self._raw(key)
        return self._raws[key][position]

    def _origin(self, at: int) -> tuple[str, int]:
        for start, key in reversed(self._origins):
            if at >= start:
                return key, at - start
        raise IndexError(at)

    def path(self, at: int, leaf: str = "entry.resource") -> str:
        """Path of a resource in the request, for issues; of its entry with `leaf="entry"`."""
        key, position = self._origin(at)
        if key in self._single:
            return f"{self._root}{key}"
        entry = f"{self._root}{key}.entry[{position}]"
        return entry if leaf == "entry" else f"{entry}.resource"

    def source(self, at: int) -> str:
        """Reference of a resource, "Type/id"."""
        resource = self.resources[at]
        return f"{resource.kind}/{resource.id}"


def _is_empty(bundle: Bundle) -> bool:
    """Whether a Bundle has no entry, or none but what a server remarks on a search that did not fail: many
    write "no results" so."""
    return all(
        isinstance(entry.resource, OperationOutcome) and not entry.resource.says_failed
        for entry in bundle.entry or ()
    )


def _subjects(resources: Iterable[Resource | Draft]) -> Iterator[str]:
    for one in resources:
        if one.subject is not None and one.subject.reference:
            yield one.subject.reference
