"""What is learnt after the card: outcomes, decisions about a model, runs of the monitor.

As in `entries`, an entry checks itself, raises ValueError naming the field and never its value, and knows the
patient by a keyed digest only. Texts of an entry speak of models and groups, never of one patient.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from cds_hooks.ledger.entries import PATIENT_KEY_LENGTH
from cds_hooks.ledger.times import utc_text
from fairness.gate_records import LONGEST_OVERRIDE

__all__ = ["DecisionAction", "DecisionEntry", "DecisionSource", "OutcomeEntry", "OutcomeReceipt", "RunEntry"]

DecisionAction = Literal["serve", "caution", "withhold", "do-not-load", "lift"]
DecisionSource = Literal["monitor", "override", "load"]
OutcomeReceipt = Literal["stored", "duplicate", "unknown-patient", "unknown-card"]

_KEYED_DIGEST = re.compile(rf"[0-9a-f]{{32,{PATIENT_KEY_LENGTH}}}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ACTIONS = frozenset(("serve", "caution", "withhold", "do-not-load", "lift"))
_SOURCES = frozenset(("monitor", "override", "load"))
_LONGEST_TEXT = 1000


class OutcomeEntry(Struct, frozen=True, kw_only=True):
    """Whether a patient had what a model's output speaks of.

    Exactly one of `patient_key` (keyed digest) and `card_uuid` says who; a card stands for the patient it was
    shown for. `value` is 1 (had it, at `observed_at`) or 0 (was found without it then). Both moments carry a
    zone.
    """

    patient_key: str | None
    card_uuid: str | None
    output: str
    value: int
    observed_at: datetime
    received_at: datetime

    def __post_init__(self) -> None:
        if (self.patient_key is None) == (self.card_uuid is None):
            raise ValueError("give exactly one of patient_key and card_uuid")
        if self.patient_key is not None and not _KEYED_DIGEST.fullmatch(self.patient_key):
            raise ValueError("patient_key must be a keyed digest in lower-case hex, never an identifier")
        if not self.output:
            raise ValueError("output must name the model's output")
        if self.value not in (0, 1):
            raise ValueError("value must be 0 or 1")
        utc_text(self.observed_at, "observed_at")
        utc_text(self.received_at, "received_at")


class DecisionEntry(Struct, frozen=True, kw_only=True):
    """What was decided about a model version, for everybody (`groups` empty) or for groups of patients.

    `groups` are `{"attribute": ..., "value": ...}`. A decision of a person (`override`, and every `lift`)
    names its `owner`; an override also ends (`expires_at`), after
    `fairness.gate_records.LONGEST_OVERRIDE` at the latest. `lifts` is the digest of the decision that a
    `lift` ends. `evidence` is plain JSON about groups.
    """

    model: str
    version: str
    action: DecisionAction
    source: DecisionSource
    reason: str
    decided_at: datetime
    groups: Sequence[Mapping[str, str]] = ()
    owner: str | None = None
    expires_at: datetime | None = None
    lifts: str | None = None
    evidence: Mapping[str, Any] = {}

    def __post_init__(self) -> None:
        if self.action not in _ACTIONS:
            raise ValueError(f"action must be one of {', '.join(sorted(_ACTIONS))}")
        if self.source not in _SOURCES:
            raise ValueError(f"source must be one of {', '.join(sorted(_SOURCES))}")
        if not self.reason.strip() or len(self.reason) > _LONGEST_TEXT:
            raise ValueError(f"reason must have 1 to {_LONGEST_TEXT} characters")
        self._check_owner()
        utc_text(self.decided_at, "decided_at")
        if self.expires_at is not None and utc_text(self.expires_at, "expires_at") <= utc_text(
            self.decided_at, "decided_at"
        ):
            raise ValueError("expires_at must lie after decided_at")
        if self.source == "override" and self._lasts_too_long():
            raise ValueError(f"expires_at must lie within {LONGEST_OVERRIDE.days} days of decided_at")
        for group in self.groups:
            if set(group) != {"attribute", "value"}:
                raise ValueError("groups must each have attribute and value")

    def _lasts_too_long(self) -> bool:
        # Until the end of the last day.
        longest = LONGEST_OVERRIDE + timedelta(days=1)
        return self.expires_at is not None and self.expires_at > self.decided_at + longest

    def _check_owner(self) -> None:
        is_personal = self.source == "override" or self.action == "lift"
        if is_personal and not (self.owner or "").strip():
            raise ValueError("owner must name who answers for the decision")
        if self.source == "override" and self.action != "lift" and self.expires_at is None:
            raise ValueError("expires_at must be given: an override ends")
        if (self.action == "lift") != (self.lifts is not None):
            raise ValueError("lifts comes with the action lift, and only with it")
        if self.lifts is not None and not _DIGEST.fullmatch(self.lifts):
            raise ValueError("lifts must be the digest of a decision")


class RunEntry(Struct, frozen=True, kw_only=True):
    """One run of the monitor on one model version.

    `plan` is the digest of the monitoring plan. A run that looked at outcomes has `fraction` (share of the
    planned information, in (0, 1]), `alpha` (of this look) and `spent` (up to and with it), all or none.
    `result` is what the run reported; `release` what its report told and withheld, which is private.
    """

    model: str
    version: str
    plan: str
    ran_at: datetime
    outcome: str
    fraction: float | None = None
    alpha: float | None = None
    spent: float | None = None
    result: Mapping[str, Any] = {}
    release: str = "[]"

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.plan):
            raise ValueError("plan must be a SHA-256 in lower-case hex")
        look = (self.fraction, self.alpha, self.spent)
        if len({figure is None for figure in look}) != 1:
            raise ValueError("fraction, alpha and spent come together or not at all")
        if self.fraction is not None and not 0.0 < self.fraction <= 1.0:
            raise ValueError("fraction must lie in (0, 1]")
        if any(figure is not None and not math.isfinite(figure) for figure in look):
            raise ValueError("fraction, alpha and spent must be finite")
        utc_text(self.ran_at, "ran_at")
