"""One answer of a model as FHIR: RiskAssessment with AI confidence, and its Provenance.

Profiles: HL7 AI Transparency on FHIR. The patient is whom the caller names: the ledger knows a keyed digest.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from fairness.evidence.label import AIAST, ai_asserted
from fairness.evidence.transparency import (
    PARTICIPANT,
    Resource,
    identity,
    kind_of_ai,
    reference,
    transaction,
    url,
)

CARD = "https://bedside.example/fhir/sid/card"


def shown_bundle(
    model: str,
    version: str,
    card_uuid: str,
    outputs: Sequence[Mapping[str, Any]],
    *,
    subject: str,
    occurred: str,
    sources: Sequence[str] = (),
) -> Resource:
    """Transaction Bundle of one card.

    `outputs` hold label, probability, low and high in [0, 1]. `subject` and `sources` are references such as
    `Patient/1`; `occurred` is a FHIR dateTime with a zone.
    """
    answer = _risk(model, version, card_uuid, outputs, subject, occurred)
    if sources:
        answer["basis"] = [{"reference": source} for source in dict.fromkeys(sources)]
    return transaction((answer, provenance(model, version, [answer], occurred, sources)))


def provenance(
    model: str, version: str, targets: Sequence[Resource], occurred: str, sources: Sequence[str] = ()
) -> Resource:
    """AI Provenance of labelled resources: author is the Device, entities are its card and the inputs."""
    card = reference("DocumentReference", model, version, "model-card")
    author = {"coding": [{"system": PARTICIPANT, "code": "author", "display": "Author"}]}
    about = [f"{target['resourceType']}/{target['id']}" for target in targets]
    return {
        "resourceType": "Provenance",
        "id": str(uuid.uuid5(uuid.UUID(identity(model, version, "provenance")), " ".join(about))),
        "meta": {"profile": [url("profiles", "provenance")]},
        "target": [{"reference": one} for one in about],
        "occurredDateTime": occurred,
        "recorded": occurred,
        "reason": [{"coding": [dict(AIAST)]}],
        "agent": [
            {
                "type": author,
                "role": [kind_of_ai("Artificial-Intelligence")],
                "who": reference("Device", model, version, "device"),
            }
        ],
        "entity": [{"role": "derivation", "what": card}]
        + [{"role": "source", "what": {"reference": source}} for source in dict.fromkeys(sources)],
    }


def confidence(low: float, high: float) -> dict[str, Any]:
    """AI confidence as the 95 % interval of a probability."""
    return {
        "url": url("extensions", "confidence"),
        "valueRange": {"low": {"value": low}, "high": {"value": high}},
    }


def _risk(
    model: str,
    version: str,
    card_uuid: str,
    outputs: Sequence[Mapping[str, Any]],
    subject: str,
    occurred: str,
) -> Resource:
    answer: Resource = {
        "resourceType": "RiskAssessment",
        "id": str(uuid.uuid5(uuid.UUID(identity(model, version, "answer")), card_uuid)),
        "identifier": [{"system": CARD, "value": card_uuid}],
        "status": "final",
        "subject": {"reference": subject},
        "occurrenceDateTime": occurred,
        "performer": reference("Device", model, version, "device"),
        "prediction": [
            {
                "extension": [confidence(one["low"], one["high"])],
                "outcome": {"text": one["label"]},
                "probabilityDecimal": one["probability"],
            }
            for one in outputs
        ],
    }
    return ai_asserted(answer)
