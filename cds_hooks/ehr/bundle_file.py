"""A patient's FHIR Bundle as an EHR would hold it: resources with ids and references that resolve."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cds_hooks.ehr.errors import UnusableFile
from cds_hooks.ehr.json_file import Resource, read_json
from cds_hooks.ehr.references import id_from_full_url, make_relative, reference_index

__all__ = ["PatientBundle", "patient_bundle", "read_patient", "resources_of_bundle"]

_PLAYABLE_TYPES = ("collection", "searchset", "transaction", "batch", "document", "message")
_RESOURCE_TYPE = re.compile(r"[A-Z][A-Za-z]{1,60}")


@dataclass(frozen=True)
class PatientBundle:
    """One patient's resources, in the order of the Bundle; each has a `resourceType` and an `id`."""

    patient: Resource
    resources: tuple[Resource, ...]

    @property
    def patient_id(self) -> str:
        """The id of the patient on whom the hook is played."""
        return str(self.patient["id"])

    def of_type(self, resource_type: str) -> list[Resource]:
        """Return the resources of one type, in the order of the Bundle."""
        return [found for found in self.resources if found["resourceType"] == resource_type]

    def find(self, resource_type: str, resource_id: str) -> Resource | None:
        """Return the resource that `Type/id` names, or None."""
        return self._by_reference.get(f"{resource_type}/{resource_id}")

    @cached_property
    def _by_reference(self) -> dict[str, Resource]:
        return {f"{found['resourceType']}/{found['id']}": found for found in self.resources}


def read_patient(path: Path, patient_id: str | None = None) -> PatientBundle:
    """Read a patient's Bundle from a `.json` or `.json.gz` file; raises UnusableFile with what to do."""
    return patient_bundle(read_json(path), name=str(path), patient_id=patient_id)


def patient_bundle(document: Any, *, name: str, patient_id: str | None = None) -> PatientBundle:
    """Return the patient and resources of a decoded Bundle, which it takes over: ids and references change.

    `name` stands for the Bundle in errors. When the Bundle has several patients, `patient_id` chooses.
    Raises UnusableFile.
    """
    resources = resources_of_bundle(document, name=name)
    patients = [found for found in resources if found["resourceType"] == "Patient"]
    return PatientBundle(_chosen(patients, patient_id, name), tuple(resources))


def resources_of_bundle(document: Any, *, name: str) -> list[Resource]:
    """Return a Bundle's resources, each given an id and references made relative, in place.

    Of entries with the same type and id the last one counts, as on a server that stores them in order.
    """
    entries = [
        (_full_url(entry), _identified(entry, position, name))
        for position, entry in enumerate(_entries(document, name), start=1)
        if _is_content(entry)
    ]
    index = reference_index(entries)
    unique: dict[str, Resource] = {}
    for _, resource in entries:
        make_relative(resource, index)
        unique[f"{resource['resourceType']}/{resource['id']}"] = resource
    return list(unique.values())


def _entries(document: Any, name: str) -> list[Any]:
    if not isinstance(document, dict):
        raise UnusableFile(name, f"not a FHIR Bundle but a JSON {_json_kind(document)}")
    if document.get("resourceType") != "Bundle":
        raise UnusableFile(name, f"not a FHIR Bundle but {_described_type(document.get('resourceType'))}")
    if document.get("type", "collection") not in _PLAYABLE_TYPES:
        raise UnusableFile(name, f"this type of Bundle cannot be played; use {', '.join(_PLAYABLE_TYPES)}")
    entries = document.get("entry", [])
    if not isinstance(entries, list):
        raise UnusableFile(name, "the Bundle's entry is not an array")
    if not entries:
        raise UnusableFile(name, "the Bundle has no entries")
    return entries


def _is_content(entry: Any) -> bool:
    """Leave out what is not a resource of the chart: deletions, bare responses, search outcomes."""
    if not isinstance(entry, dict):
        return True
    search = entry.get("search")
    is_outcome = isinstance(search, dict) and search.get("mode") == "outcome"
    return "resource" in entry and not is_outcome


def _full_url(entry: Any) -> str | None:
    full_url = entry.get("fullUrl") if isinstance(entry, dict) else None
    return full_url if isinstance(full_url, str) and full_url else None


def _identified(entry: Any, position: int, name: str) -> Resource:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(resource, dict) or not isinstance(kind, str) or not _RESOURCE_TYPE.fullmatch(kind):
        raise UnusableFile(name, f"entry {position} of the Bundle is no FHIR resource")
    if not isinstance(resource.get("id"), str) or not resource["id"]:
        full_url = _full_url(entry)
        resource["id"] = (id_from_full_url(full_url) if full_url else None) or f"entry-{position}"
    return resource


def _chosen(patients: list[Resource], patient_id: str | None, name: str) -> Resource:
    if not patients:
        raise UnusableFile(name, "the Bundle has no Patient; add the one to whom its resources belong")
    if patient_id is not None:
        patients = [found for found in patients if found["id"] == patient_id]
        if not patients:
            raise UnusableFile(name, "no Patient of the Bundle has the id given with --patient-id")
    if len(patients) > 1:
        raise UnusableFile(
            name,
            f"the Bundle has {len(patients)} Patient resources, a hook is about one; "
            "choose it with --patient-id or split the file",
        )
    return patients[0]


def _described_type(kind: Any) -> str:
    if isinstance(kind, str) and _RESOURCE_TYPE.fullmatch(kind):
        return f"a {kind}; put it, and the patient, into a Bundle"
    return "a JSON object without a FHIR resourceType"


def _json_kind(document: Any) -> str:
    names = {list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(document), "null")
