"""From a consultation to the ledger's entries: plain values, and nothing that names the patient."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cds_hooks.hooks import Context
from cds_hooks.identifiers import new_uuid
from cds_hooks.ledger import Issue as LedgerIssue
from cds_hooks.ledger import PredictionEntry, Told
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
    return _entry(
        call_id,
        model,
        kind,
        reason,
        features=prediction.vector.values,
        outputs=prediction.outputs,
        applicability=prediction.applicability,
        clearance=clearance,
        card=card,
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
    features: Sequence[Told] = (),
    outputs: Sequence[Told] = (),
    applicability: Told | None = None,
    clearance: Told | None = None,
    card: Mapping[str, Any] | None = None,
    groups: Mapping[str, Any] | None = None,
) -> PredictionEntry:
    return PredictionEntry(
        prediction_id=new_uuid(),
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
