"""A model as FHIR R4: Device, model-card DocumentReference and Provenance of that card, in a transaction.

Profiles: HL7 AI Transparency on FHIR. Ids follow from model and version, so that putting the bundle again
changes nothing. The card is attached in CHAI's XML and in Markdown.
"""

import base64
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fairness.evidence import chai, markdown
from fairness.evidence.facts import facts
from fairness.evidence.record import Record

Resource = dict[str, Any]
IDENTIFIER = "https://bedside.example/fhir/sid/model"
RECORD = "https://bedside.example/fhir/sid/evidence-record"
PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_SPACE = uuid.UUID("5d1c9a52-7c0e-5f0c-9a2b-0f6f1f3f8f10")
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_UNKNOWN = {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}


def bundle(record: Record) -> Resource:
    """The transaction Bundle of one version of a model."""
    return transaction((device(record), model_card(record), _card_provenance(record)))


def encode(resource: Resource) -> bytes:
    """A resource as JSON, elements in FHIR's order."""
    return msgspec.json.format(msgspec.json.encode(resource), indent=1) + b"\n"


def transaction(resources: Sequence[Resource]) -> Resource:
    """A transaction that puts each resource under its id."""
    entries = []
    for resource in resources:
        url = f"{resource['resourceType']}/{resource['id']}"
        entries.append(
            {
                "fullUrl": f"urn:uuid:{resource['id']}",
                "resource": resource,
                "request": {"method": "PUT", "url": url},
            }
        )
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def identity(model: str, version: str, part: str) -> str:
    """The id of a part of a version of a model."""
    return str(uuid.uuid5(_SPACE, f"{model}/{version}/{part}"))


def reference(kind: str, model: str, version: str, part: str) -> dict[str, str]:
    """Reference to that part."""
    return {"reference": f"{kind}/{identity(model, version, part)}"}


def url(part: str, name: str) -> str:
    """Canonical URL of a profile, an extension or a code system of the guide."""
    names = facts("ai-transparency")
    return f"{names['base']}/{names[part][name]}"


def kind_of_ai(code: str) -> dict[str, Any]:
    """A kind of artificial intelligence as CodeableConcept."""
    display = facts("ai-transparency")["kinds"][code]
    return {"coding": [{"system": url("systems", "device_type"), "code": code, "display": display}]}


def device(record: Record) -> Resource:
    """The model as Device; its open items are notes."""
    document = record.document
    model, version = document["model"], document["version"]
    extensions = []
    if kind := document["regulatory"]["ai_kind"]:
        extensions.append({"url": url("extensions", "kind"), "valueCodeableConcept": kind_of_ai(kind)})
    card = reference("DocumentReference", model, version, "model-card")
    extensions.append({"url": url("extensions", "model_card"), "valueReference": card})
    return {
        "resourceType": "Device",
        "id": identity(model, version, "device"),
        "meta": {"profile": [url("profiles", "device")]},
        "extension": extensions,
        "identifier": [{"system": IDENTIFIER, "value": f"{model}|{version}"}],
        "status": "inactive" if document["manifest"]["status"] == "retired" else "active",
        "manufacturer": document["manifest"]["developer"]["name"],
        "deviceName": [{"name": document["title"], "type": "user-friendly-name"}],
        "modelNumber": model,
        "type": kind_of_ai("Artificial-Intelligence"),
        "version": [{"value": version}],
        "note": [{"text": f"Open: {one['what']}. {one['remedy']}."} for one in record.open_items]
        or [{"text": "No open items."}],
    }


def model_card(record: Record) -> Resource:
    """The model card as DocumentReference, in CHAI's XML and in Markdown."""
    document = record.document
    model, version = document["model"], document["version"]
    contents = (("application/xml", chai.as_xml(record)), ("text/markdown", markdown.page(record)))
    return {
        "resourceType": "DocumentReference",
        "id": identity(model, version, "model-card"),
        "meta": {"profile": [url("profiles", "model_card")]},
        "identifier": [{"system": RECORD, "value": record.sha256}],
        "status": "current",
        "type": _input("AIModelCard", "AI Model-Card"),
        "category": [
            _input("AImodelCardCHAIformat", "CHAI Format"),
            _input("AIModelCardMarkdownFormat", "Markdown Format"),
        ],
        "description": f"Model card of {document['title']}, version {version}",
        "content": [{"attachment": _attachment(kind, content)} for kind, content in contents],
    }


def _attachment(kind: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha1(content, usedforsecurity=False).digest()  # FHIR wants SHA-1 here
    return {
        "contentType": kind,
        "language": "en",
        "data": base64.b64encode(content).decode(),
        "size": len(content),
        "hash": base64.b64encode(digest).decode(),
    }


def _card_provenance(record: Record) -> Resource:
    """Where the card comes from: the record, by this software; no model wrote it, so no AI profile."""
    document = record.document
    model, version = document["model"], document["version"]
    software = f"{document['code']['software']} {document['code']['version']}"
    found: Resource = {
        "resourceType": "Provenance",
        "id": identity(model, version, "model-card-provenance"),
        "target": [reference("DocumentReference", model, version, "model-card")],
    }
    found |= recorded(document["created"])
    assembler = {"coding": [{"system": PARTICIPANT, "code": "assembler", "display": "Assembler"}]}
    source = {"identifier": {"system": RECORD, "value": record.sha256}, "display": "Evidence record"}
    return found | {
        "agent": [{"type": assembler, "who": {"display": software}}],
        "entity": [{"role": "source", "what": source}],
    }


def recorded(created: str | None) -> Mapping[str, Any]:
    """`Provenance.recorded` at midnight UTC of a day, or told to be unknown."""
    return {"_recorded": _UNKNOWN} if created is None else {"recorded": f"{created}T00:00:00Z"}


def _input(code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": url("systems", "inputs"), "code": code, "display": display}]}
