"""The ledger: an append-only record of every hook call, prediction and feedback, joined by the card's uuid.

Outcomes, decisions about a model and runs of its monitor join them later.

It holds no token, no FHIR payload and no patient identifier: the patient is a keyed digest made by the
caller.
"""

from cds_hooks.ledger.connections import LedgerLimits
from cds_hooks.ledger.entries import (
    FeedbackEntry,
    HookCallEntry,
    Issue,
    OverrideReason,
    PredictionEntry,
    Told,
)
from cds_hooks.ledger.errors import (
    LedgerError,
    LedgerMisconfigured,
    LedgerMissing,
    LedgerOutdated,
    LedgerRefused,
    LedgerUnavailable,
)
from cds_hooks.ledger.follow_up_entries import (
    DecisionAction,
    DecisionEntry,
    OutcomeEntry,
    OutcomeReceipt,
    RunEntry,
)
from cds_hooks.ledger.queries import Counts, Issued, Reason, Story
from cds_hooks.ledger.store import FeedbackReceipt, Ledger

__all__ = [
    "Counts",
    "DecisionAction",
    "DecisionEntry",
    "FeedbackEntry",
    "FeedbackReceipt",
    "HookCallEntry",
    "Issue",
    "Issued",
    "Ledger",
    "LedgerError",
    "LedgerLimits",
    "LedgerMisconfigured",
    "LedgerMissing",
    "LedgerOutdated",
    "LedgerRefused",
    "LedgerUnavailable",
    "OutcomeEntry",
    "OutcomeReceipt",
    "OverrideReason",
    "PredictionEntry",
    "Reason",
    "RunEntry",
    "Story",
    "Told",
]
