"""The log: fields of a fixed list, and nobody else's text."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from cds_hooks.telemetry import JsonLines, log_event

SECRET = "canary4711"


def line(record: logging.LogRecord) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(JsonLines().format(record))
    return made


def record(name: str, message: str, *args: Any, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.ERROR, "/site/server.py", 7, message, args, info)


def test_a_field_that_is_not_in_the_list_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """No call can bring a patient's data into the log by a new field."""
    caplog.set_level(logging.INFO)
    log_event("hook", service="a", patient=SECRET, status=200)
    told = line(caplog.records[-1])
    assert (told["event"], told["service"], told["status"]) == ("hook", "a", 200)
    assert SECRET not in json.dumps(told)


@pytest.mark.parametrize("name", ["gunicorn.error", "werkzeug", "sqlalchemy.engine", "py.warnings"])
def test_text_of_others_is_not_written(name: str) -> None:
    """A library's message may quote a request; its logger and place are told."""
    told = line(record(name, "bad request %s", SECRET))
    assert told["event"] == name
    assert told["place"] == "server:7"
    assert SECRET not in json.dumps(told)


def test_the_server_s_life_is_told() -> None:
    """Start, workers and stop are what an operator looks for."""
    told = line(record("gunicorn.error", "Listening at: %s (%s)", "http://127.0.0.1:8080", 1))
    assert told["server"] == "Listening at: http://127.0.0.1:8080 (1)"


def test_an_exception_is_told_by_its_type() -> None:
    """Its message stays out; frames outside our rooms are not listed."""
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        told = line(record("werkzeug", "failed", error=error))
    assert told["error"] == "ValueError"
    assert told["places"] == []
    assert SECRET not in json.dumps(told)
