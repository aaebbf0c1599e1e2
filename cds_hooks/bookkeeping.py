"""From a consultation to the ledger's entries: plain values, and nothing that names the patient."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import msgspec

from cds_hooks.hooks import Context
from cds_hooks.ledger import Issue as LedgerIssue
from cds_hooks.ledger import PredictionEntry
from cds_hooks.ledger.entries import Decision as Kind
from fairness.gate import Clearance
from fairness.groups import Membership
from fhir_mapping.issues import Issue
from models.prediction import Prediction
from models.runtime import Model

__all__ = ["encounter_reference", "failed_entry", "issues_of", "prediction_entry", "user_reference"]

_CLINICIAN = re.compile(r"(?:Practitioner|PractitionerRole)/[A-Za-z0-9.-]{1,64}")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_MAX_ISSUES = 100
# A JSON string that starts with this. After a backslash the quote is part of a text, not its beginning.
_PATIENT = re.compile(rb'"Patient/(?<!\\"Patient/)(?:[^"\\]|\\.)*"')
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def prediction_entry(
    call_id: str,
    model: Model,
    prediction: Prediction,
    clearance: Clearance,
    memberships: Sequence[Membership],
    outcome: tuple[Kind, str | None],
    card: Mapping[str, Any] | None,
) -> PredictionEntry:
    """Entry of a model that ran; `outcome` is the decision and its reason, `card` what was shown."""
    kind, reason = outcome
    features, shown = _unnamed((prediction.vector.values, card))
    return _entry(
        call_id,
        model,
        kind,
        reason,
        features=features,
        outputs=msgspec.to_builtins(prediction.outputs),
        applicability=msgspec.to_builtins(prediction.applicability),
        clearance=msgspec.to_builtins(clearance),
        card=shown,
        groups=_by_attribute(memberships),
    )


def failed_entry(call_id: str, model: Model, reason: str) -> PredictionEntry:
    """Entry of a model that could not be run, or whose answer was not given."""
    return _entry(call_id, model, "failed", reason)


def issues_of(issues: Iterable[Issue]) -> list[LedgerIssue]:
    """Place and kind of the first issues; no message."""
    return [
        {"path": issue.path, "code": issue.code} for issue, _ in zip(issues, range(_MAX_ISSUES), strict=False)
    ]


def user_reference(context: Context) -> str | None:
    """The clinician who asks; None for anybody else, who may be the patient or their family."""
    user = context.user_id or ""
    return user if _CLINICIAN.fullmatch(user) else None


def encounter_reference(context: Context) -> str | None:
    """The encounter, when its id is a FHIR id."""
    encounter = context.encounter_id or ""
    return f"Encounter/{encounter}" if _ID.fullmatch(encounter) else None


def _entry(
    call_id: str,
    model: Model,
    kind: Kind,
    reason: str | None,
    *,
    features: Sequence[Mapping[str, Any]] = (),
    outputs: Sequence[Mapping[str, Any]] = (),
    applicability: Mapping[str, Any] | None = None,
    clearance: Mapping[str, Any] | None = None,
    card: Mapping[str, Any] | None = None,
    groups: Mapping[str, Any] | None = None,
) -> PredictionEntry:
    return PredictionEntry(
        prediction_id=str(uuid4()),
        call_id=call_id,
        model=model.manifest.id,
        version=model.manifest.version,
        model_sha256=model.sha256,
        feature_spec_sha256=model.features.sha256,
        features=features,
        outputs=outputs,
        applicability=applicability or {},
        clearance=clearance or {},
        decision=kind,
        reason=reason,
        card_uuid=card["uuid"] if card else None,
        card=card,
        group_values=groups or {},
    )


def _by_attribute(memberships: Sequence[Membership]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for attribute, value in memberships:
        groups.setdefault(attribute, []).append(value)
    return groups


def _unnamed(value: Any) -> Any:
    """Plain JSON values with every reference to a patient cut down to its type; NaN becomes null."""
    return _decode(_PATIENT.sub(b'"Patient"', _encode(value)))
