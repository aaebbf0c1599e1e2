"""For those who run the service: is it alive, is it ready, what does it count."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from cds_hooks.ledger import Ledger
from cds_hooks.observability import CONTENT_TYPE, Metrics
from cds_hooks.web import json_response
from fhir_mapping.terminology.site import SiteTerminology
from models.registry import Registry

__all__ = ["blueprint"]


def blueprint(registry: Registry, ledger: Ledger, metrics: Metrics) -> Blueprint:
    """Routes /healthz, /readyz and /metrics."""
    routes = Blueprint("operations", __name__)
    terminology = registry.site.sha256

    @routes.get("/healthz")
    def alive() -> Response:
        return json_response({"status": "ok"})

    @routes.get("/readyz")
    def ready() -> Response:
        parts = {"models": bool(registry.services), "ledger": ledger.writable()}
        told = {part: "ok" if works else "unavailable" for part, works in parts.items()}
        is_ready = all(parts.values())
        status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        answer: dict[str, Any] = {"status": "ok" if is_ready else "unavailable", "parts": told}
        if registry.site is not SiteTerminology.EMPTY:
            answer["terminology"] = {"sha256": terminology}
        return json_response(answer, status)

    @routes.get("/metrics")
    def exposition() -> Response:
        return Response(metrics.exposition(), content_type=CONTENT_TYPE)

    return routes
