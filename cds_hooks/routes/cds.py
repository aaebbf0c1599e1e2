"""CDS Hooks 2.0: discovery, services, feedback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from cds_hooks.reception import Reception
from cds_hooks.web import body_reader, json_response

__all__ = ["blueprint"]


def blueprint(reception: Reception, discovery: Mapping[str, Any], name: str = "cds") -> Blueprint:
    """Routes under /cds-services; each further set of them, for a client of its own, has another name."""
    routes = Blueprint(name, __name__)

    @routes.get("/cds-services")
    def discover() -> Response:
        return json_response(discovery)

    @routes.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        reply = reception.answer(service_id, body_reader(request))
        return json_response(reply.document, reply.status)

    @routes.post("/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        reply = reception.take_feedback(service_id, body_reader(request))
        return json_response(reply.document, reply.status)

    return routes
