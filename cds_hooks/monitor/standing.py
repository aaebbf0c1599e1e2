"""Which decisions hold now, for a service that asks on every call: read from the ledger, kept briefly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from threading import Lock

from cds_hooks.ledger import DecisionEntry, Ledger, LedgerError
from fairness.gate_decisions import Standing, declared, standing_of
from models.manifest import Manifest

__all__ = ["KEPT_SECONDS", "StandingDecisions", "record_declared"]

KEPT_SECONDS = 30.0
"""How long an answer is used before the ledger is asked again; a new decision is felt within this time."""


class StandingDecisions:
    """Decisions on model versions from the ledger and from the manifest; threads may share it."""

    def __init__(self, ledger: Ledger, tick: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._tick = tick
        self._lock = Lock()
        self._known: dict[tuple[str, str], tuple[float, tuple[Standing, ...]]] = {}

    def of(self, manifest: Manifest) -> tuple[Standing, ...]:
        """Decisions that may hold for patients of a model version; expiry is checked by `settled`.

        While the ledger cannot be read, what was known last: an answer that cannot be recorded is not given
        anyway.
        """
        key = (manifest.id, manifest.version)
        asked, known = self._known.get(key, (-KEPT_SECONDS, ()))
        if self._tick() - asked >= KEPT_SECONDS:
            with self._lock:
                known = self._read(key, known)
        return (*known, *declared(manifest.fairness))

    def _read(self, key: tuple[str, str], known: tuple[Standing, ...]) -> tuple[Standing, ...]:
        with suppress(LedgerError):
            known = standing_of(self._ledger.decisions(*key))
        self._known[key] = (self._tick(), known)
        return known


def record_declared(ledger: Ledger, manifests: Iterable[Manifest], now: datetime) -> None:
    """Write the overrides that manifests declare into the ledger, each once.

    Raises LedgerError when they cannot be recorded: an override that leaves no trace is none.
    """
    for manifest in manifests:
        override = manifest.fairness.override
        ends = next((one.until for one in declared(manifest.fairness)), None)
        if override is None or ends is None or ends <= now:
            continue
        ledger.record_decision(
            DecisionEntry(
                model=manifest.id,
                version=manifest.version,
                action=override.action,
                source="load",
                reason=override.reason,
                decided_at=now,
                groups=[_group(name) for name in override.groups],
                owner=override.owner,
                expires_at=ends,
            )
        )


def _group(name: str) -> dict[str, str]:
    attribute, _, value = name.partition("=")
    return {"attribute": attribute, "value": value or "all"}
