"""The ledger: an append-only record of every hook call, prediction and feedback, joined by the card's uuid.

It holds no token, no FHIR payload and no patient identifier: the patient is a keyed digest made by the
caller.
"""

from cds_hooks.ledger.connections import LedgerLimits
from cds_hooks.ledger.entries import FeedbackEntry, HookCallEntry, Issue, OverrideReason, PredictionEntry
from cds_hooks.ledger.errors import (
    LedgerError,
    LedgerMisconfigured,
    LedgerOutdated,
    LedgerRefused,
    LedgerUnavailable,
)
from cds_hooks.ledger.queries import Counts, Reason, Story
from cds_hooks.ledger.store import FeedbackReceipt, Ledger

__all__ = [
    "Counts",
    "FeedbackEntry",
    "FeedbackReceipt",
    "HookCallEntry",
    "Issue",
    "Ledger",
    "LedgerError",
    "LedgerLimits",
    "LedgerMisconfigured",
    "LedgerOutdated",
    "LedgerRefused",
    "LedgerUnavailable",
    "OverrideReason",
    "PredictionEntry",
    "Reason",
    "Story",
]
