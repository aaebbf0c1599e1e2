"""For people and programs that want to know what runs here: the models, and a front page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from flask import Blueprint, Response, render_template, request

from cds_hooks import pages
from cds_hooks.cards import Links
from cds_hooks.errors import UnknownService
from cds_hooks.web import json_response, wants_html
from models.registry import Registry

__all__ = ["blueprint"]

_A_DAY = timedelta(days=1)
_HTML = "text/html; charset=utf-8"
_PLACES = {
    "models": "The models: what they are for, what they read, how well they work and for whom",
    "cds-services": "Discovery for an EHR (JSON)",
    "readyz": "Whether the service is ready (JSON)",
    "metrics": "What the service counts (Prometheus)",
}


def blueprint(registry: Registry, links: Links) -> Blueprint:
    """Routes /, /models and /models/<id>."""
    routes = Blueprint("catalog", __name__)

    @cache
    def page_of(model_id: str) -> str:
        """It never changes; made anew each time it would cost more than a card, and anybody may ask."""
        return pages.model_page(registry.models[model_id])

    @routes.get("/")
    def front() -> Response:
        places = [{"href": path, "title": title} for path, title in _PLACES.items()]
        if wants_html(request):
            return _page(render_template("index.html", links=places))
        base = (links.base or "").rstrip("/")
        return _vary(
            json_response({"name": "bedside", "links": {path: f"{base}/{path}" for path in _PLACES}})
        )

    @routes.get("/models")
    def models() -> Response:
        if wants_html(request):
            return _page(pages.models_page(registry.models.values()))
        return _vary(json_response(pages.models_document(registry.models.values())))

    @routes.get("/models/<model_id>")
    def model(model_id: str) -> Response:
        found = registry.models.get(model_id)
        if found is None:
            raise UnknownService("There is no such model; the models are listed at /models.")
        if wants_html(request):
            return _page(page_of(model_id))
        # The examples are of yesterday, so that they lie in every look-back window and never ahead.
        return _vary(json_response(pages.model_document(found, datetime.now(UTC).date() - _A_DAY)))

    return routes


def _page(html: str) -> Response:
    return _vary(Response(html, content_type=_HTML))


def _vary(answer: Response) -> Response:
    answer.headers.add("Vary", "Accept")
    return answer
