"""The service's log: one JSON object a line on stderr, made of a fixed list of fields.

What is not in the list is not written, whoever logs it: no body, token, identifier, query string or exception
text can reach the log. An exception is told by its type and by the places in our own code that it passed.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any, TextIO

import msgspec

__all__ = ["FIELDS", "JsonLines", "configure", "log_event", "places"]

FIELDS = frozenset(
    (
        "decisions",
        "error",
        "hook",
        "issues",
        "method",
        "model",
        "ms",
        "part",
        "places",
        "service",
        "sha256",
        "status",
        "version",
    )
)
_OURS = ("cds_hooks", "fairness", "fhir_mapping", "models")
# Life-cycle lines of the web server; its other lines may quote a request.
_SERVER_LINES = (
    "Booting worker",
    "Handling signal",
    "Listening at",
    "Shutting down",
    "Starting gunicorn",
    "Using worker",
    "Worker (pid",
    "WORKER TIMEOUT",
    "Worker exiting",
)
_logger = logging.getLogger("bedside")


class JsonLines(logging.Formatter):
    """Formats a record of ours with its allowed fields, and anybody else's without its text."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        if record.name == "bedside":
            line["event"] = record.msg
            line |= getattr(record, "bedside", {})
        else:
            line |= _foreign(record)
        return msgspec.json.encode(line).decode()


def log_event(event: str, level: int = logging.INFO, /, **fields: Any) -> None:
    """Log an event with the fields that are in the list; others are dropped, as are empty ones."""
    told = {
        name: value for name, value in fields.items() if name in FIELDS and value not in (None, [], {}, ())
    }
    _logger.log(level, event, extra={"bedside": told})


def places(error: BaseException) -> list[str]:
    """Where an exception passed through our own code, "room/file.py:line function", outermost first."""
    found = []
    for frame in extract_tb(error.__traceback__):
        parts = Path(frame.filename).parts
        at = next((n for n, part in enumerate(parts) if part in _OURS), None)
        if at is not None:
            found.append(f"{'/'.join(parts[at:])}:{frame.lineno} {frame.name}")
    return found


def configure(stream: TextIO | None = None) -> None:
    """Send every logger's records through JsonLines to stderr."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(logging.INFO)
    for name in ("gunicorn.error", "gunicorn.access"):
        server = logging.getLogger(name)
        server.handlers[:] = []
        server.propagate = True


def _foreign(record: logging.LogRecord) -> Mapping[str, Any]:
    told: dict[str, Any] = {"event": record.name}
    text = record.getMessage()
    if record.name == "gunicorn.error" and text.startswith(_SERVER_LINES):
        told["server"] = text
    else:
        told["place"] = f"{record.module}:{record.lineno}"
    if record.exc_info and record.exc_info[1] is not None:
        told["error"] = type(record.exc_info[1]).__name__
        told["places"] = places(record.exc_info[1])
    return told
