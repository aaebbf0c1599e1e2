"""What the service counts and times, in Prometheus' text format; labels never hold a client's text."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from models.errors import PredictionError

__all__ = ["CONTENT_TYPE", "MULTIPROCESS_FOLDER", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Set by the server before this module is imported; the workers' figures are then added up from there."""

_STATUSES = ("200", "400", "412", "500", "503")
_OUTCOMES = ("accepted", "overridden")
_RECEIPTS = ("stored", "duplicate", "unknown-card")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Counters and histograms of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._calls = self._counter("hook_calls", "Hook calls answered", "service", "hook", "status")
        self._decisions = self._counter(
            "decisions", "What became of predictions", "model", "decision", "reason"
        )
        self._failures = self._counter("model_failures", "Models that raised", "model", "error")
        self._issues = self._counter("issues", "Things wrong with requests, by kind", "code")
        self._feedback = self._counter("feedback", "Feedback reports", "service", "outcome", "receipt")
        self._unrecorded = self._counter("ledger_failures", "Writes that the ledger did not take", "part")
        self._seconds = Histogram(
            "bedside_hook_seconds",
            "Time to answer a hook call",
            ("service", "hook"),
            buckets=_SECONDS,
            registry=self._registry,
        )

    def expect(self, offered: Iterable[tuple[str, str]], models: Iterable[str]) -> None:
        """Begin at 0 what can be told beforehand: `offered` are services with their hooks.

        A series that is not there before its first event hides that event from a rate. Reasons of silence,
        kinds of errors and of issues are many: of them there is what has occurred.
        """
        for service, hook in offered:
            for status in _STATUSES:
                self._calls.labels(service, hook, status)
            self._seconds.labels(service, hook)
            for outcome, receipt in product(_OUTCOMES, _RECEIPTS):
                self._feedback.labels(service, outcome, receipt)
        for model in models:
            self._decisions.labels(model, "card", "")
            self._decisions.labels(model, "failed", "model-failed")
            self._failures.labels(model, PredictionError.__name__)
        for part in ("hook-call", "feedback"):
            self._unrecorded.labels(part)

    def called(self, service: str, hook: str, status: int, seconds: float) -> None:
        """Count and time one hook call."""
        self._calls.labels(service, hook, str(status)).inc()
        self._seconds.labels(service, hook).observe(seconds)

    def decided(self, model: str, decision: str, reason: str | None) -> None:
        """Count what became of one model's prediction."""
        self._decisions.labels(model, decision, reason or "").inc()

    def failed(self, model: str, error: str) -> None:
        """Count a model that raised, by the exception's type."""
        self._failures.labels(model, error).inc()

    def noted(self, codes: Iterable[str]) -> None:
        """Count issues of one request."""
        for code in codes:
            self._issues.labels(code).inc()

    def reported(self, service: str, outcome: str, receipt: str) -> None:
        """Count one feedback report."""
        self._feedback.labels(service, outcome, receipt).inc()

    def unrecorded(self, part: str) -> None:
        """Count a write that the ledger did not take."""
        self._unrecorded.labels(part).inc()

    def exposition(self) -> bytes:
        """The text to scrape: of all workers when they share a folder, else of this process."""
        if MULTIPROCESS_FOLDER not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # published without annotations
        return generate_latest(registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"bedside_{name}", told, labels, registry=self._registry)
