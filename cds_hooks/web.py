"""Manners of every HTTP answer: JSON without empties, errors as OperationOutcome, CORS, security headers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from socket import socket
from typing import Any

import msgspec
from flask import Flask, Request, Response, current_app, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wsgi import LimitedStream

from cds_hooks import outcomes
from cds_hooks.clients import PREFIX
from cds_hooks.errors import BadRequest, Busy, NotJson, Refusal, TooLarge, TooSlow
from cds_hooks.serving.arrivals import ARRIVALS
from cds_hooks.serving.turns import Turns
from cds_hooks.telemetry import log_event, places

__all__ = ["body_reader", "install_manners", "json_response", "take_turns", "wants_html"]

_TURNS = "bedside_turns"
_CROSS_ORIGIN = ("/cds-services", PREFIX)
_PREFLIGHT_SECONDS = "600"
_RETRY_AFTER_S = "5"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
_encode = msgspec.json.Encoder().encode


def json_response(document: Any, status: int = HTTPStatus.OK) -> Response:
    """A JSON answer; without a body when there is no document."""
    body = b"" if document is None else _encode(document)
    return Response(body, int(status), content_type="application/json")


def body_reader(incoming: Request) -> Callable[[], bytes]:
    """Function that reads a JSON request body; it raises NotJson, TooLarge or BadRequest."""

    def read() -> bytes:
        if not (incoming.mimetype == "application/json" or incoming.mimetype.endswith("+json")):
            raise NotJson("Send the body with the header Content-Type: application/json.")
        if incoming.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            raise NotJson("Send the body without Content-Encoding.")
        try:
            body = _body(incoming)
        except RequestEntityTooLarge:
            raise _over(incoming, "The body is") from None
        except HTTPException:
            raise _cut(incoming) from None
        ARRIVALS.arrived(_connection(incoming))
        current_app.extensions[_TURNS].take()
        return body

    return read


def take_turns(app: Flask, turns: Turns) -> None:
    """Let the calls of an application take turns; who waits for a slow body waits beside them."""
    app.extensions[_TURNS] = turns

    @app.teardown_request
    def give_back(error: BaseException | None) -> None:
        turns.give_back()


def _connection(incoming: Request) -> socket | None:
    """The connection of a request, None in a server that does not tell it."""
    told = incoming.environ.get("gunicorn.socket")
    told = getattr(told, "connection", told)
    return told if isinstance(told, socket) else None


def _over(incoming: Request, what: str) -> Refusal:
    limit = (incoming.max_content_length or 0) // (1024 * 1024)
    return TooLarge(f"{what} over the limit of {limit} MB; send only the listed prefetch.")


def _cut(incoming: Request) -> Refusal:
    """Why a body ends before its end."""
    connection = _connection(incoming)
    if ARRIVALS.is_given_up(connection):
        return Busy("Too many requests were arriving at once, and this one took longest; send it again.")
    if ARRIVALS.is_late(connection):
        return TooSlow(
            f"The body did not arrive within {ARRIVALS.limit_s:g} seconds; send it at once, or ask the "
            "operator for a longer BEDSIDE_READ_TIMEOUT."
        )
    return BadRequest("The body could not be read to its end.", code="incomplete")


def _body(incoming: Request) -> bytes:
    """The whole body, asked for at once where its length is told: in steps it is copied again and again."""
    length, limit = incoming.content_length, incoming.max_content_length
    if length is None:
        return _untold(incoming)
    if limit is not None and length > limit:
        raise RequestEntityTooLarge
    # Past the stream of werkzeug, which would look at the limit too, and copy a large body twice.
    body: bytes = incoming.environ["wsgi.input"].read(length)
    if len(body) < length:
        raise _cut(incoming)
    return body


def _untold(incoming: Request) -> bytes:
    """A body in chunks, whose length nobody told; empty when there is none.

    One byte more than the limit is asked for: a stream that ends at the limit does not say that it was cut.
    """
    limit = incoming.max_content_length
    if limit is None or not incoming.environ.get("wsgi.input_terminated"):
        return incoming.get_data(cache=False)
    try:
        body: bytes = LimitedStream(incoming.environ["wsgi.input"], limit + 1, is_max=True).read()
    except Exception:  # the web server has errors of its own for what is no chunk
        if getattr(incoming.environ["wsgi.input"], "is_too_long", False):
            raise _over(incoming, "The body with the framing of its chunks is") from None
        raise _cut(incoming) from None
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def wants_html(incoming: Request) -> bool:
    """Whether the client is a browser rather than a program; programs get JSON unless they ask for HTML."""
    return incoming.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"


def install_manners(app: Flask, origins: frozenset[str]) -> None:
    """Give an application its error handlers and headers; `origins` may call it from a browser."""

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        return json_response(outcomes.of_refusal(refusal), refusal.status)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return Response(status=error.code or 500, headers=dict(error.get_headers()))
        answer = json_response(outcomes.of_status(error.code), error.code)
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            answer.headers["Allow"] = ", ".join(sorted(allowed))
        return answer

    @app.errorhandler(Exception)
    def defect(error: Exception) -> Response:
        log_event(
            "defect", logging.ERROR, method=request.method, error=type(error).__name__, places=places(error)
        )
        return json_response(outcomes.of_status(500), 500)

    @app.after_request
    def finish(answer: Response) -> Response:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        if answer.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
            answer.headers["Accept-Encoding"] = "identity"  # RFC 9110, 15.5.16
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            answer.headers["Retry-After"] = _RETRY_AFTER_S
        if origins and request.path.startswith(_CROSS_ORIGIN):
            _allow_origin(answer, origins)
        return answer


def _allow_origin(answer: Response, origins: frozenset[str]) -> None:
    origin = request.headers.get("Origin", "")
    answer.headers.add("Vary", "Origin")
    if not origin or not (origin in origins or "*" in origins):
        return
    answer.headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
    if request.method == "OPTIONS":
        answer.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        answer.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
        answer.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
