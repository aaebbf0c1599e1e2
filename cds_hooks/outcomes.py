"""FHIR OperationOutcome: the body of every error that the service answers with."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from cds_hooks.errors import Refusal

__all__ = ["of_refusal", "of_status"]

_CODES = {
    HTTPStatus.BAD_REQUEST: "invalid",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "not-supported",
    HTTPStatus.REQUEST_TIMEOUT: "timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-long",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "not-supported",
}
_SENTENCES = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address; the services are listed at /cds-services.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that HTTP method; see the Allow header.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The service failed; the operator finds the cause in its log.",
}


def of_refusal(refusal: Refusal) -> dict[str, Any]:
    """OperationOutcome of a refusal, one issue per sentence."""
    return _outcome([_issue(refusal.issue_code, told, refusal.expression) for told in refusal.sentences])


def of_status(status: int) -> dict[str, Any]:
    """OperationOutcome of a bare HTTP status, in words of ours."""
    known = HTTPStatus(status)
    code = _CODES.get(known, "exception" if status >= 500 else "processing")
    return _outcome([_issue(code, _SENTENCES.get(known, known.description or known.phrase))])


def _outcome(issues: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": issues}


def _issue(code: str, diagnostics: str, expression: str | None = None) -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": "error", "code": code, "diagnostics": diagnostics}
    if expression:
        issue["expression"] = [expression]
    return issue
