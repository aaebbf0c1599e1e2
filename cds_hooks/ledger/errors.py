"""What can go wrong in the ledger.

LedgerError
├── LedgerMisconfigured   the URL cannot hold a ledger: unknown database, missing driver, SQLite in memory
├── LedgerMissing         there is no ledger where one is to be read
├── LedgerUnavailable     the database cannot be reached or written now: full, locked, read-only, down
├── LedgerOutdated        the stored schema was made by a newer Bedside than the one that runs
└── LedgerRefused         the database refused a row: an id used twice, text that it cannot store

No message and no chained exception carries a stored value: database drivers quote whole rows in theirs, so
only the kind of the failure is told (see `cds_hooks.ledger.translation`).
"""

from __future__ import annotations

__all__ = [
    "LedgerError",
    "LedgerMisconfigured",
    "LedgerMissing",
    "LedgerOutdated",
    "LedgerRefused",
    "LedgerUnavailable",
]


class LedgerError(Exception):
    """Base of what the ledger raises, but for ValueError when an entry breaks its own rules."""


class LedgerMisconfigured(LedgerError):
    """The database URL cannot hold a ledger; trying again does not help."""


class LedgerMissing(LedgerError):
    """There is no ledger at the address; the message names it, without a password."""


class LedgerUnavailable(LedgerError):
    """The database cannot be reached or written at the moment; the same call may succeed later."""


class LedgerOutdated(LedgerError):
    """The stored schema is unknown to this program, which must be updated before it writes."""


class LedgerRefused(LedgerError):
    """The database refused a row; nothing of the call was stored."""
