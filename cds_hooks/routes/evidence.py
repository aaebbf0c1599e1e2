"""For those who answer for the models: the evidence record of each, and its views."""

from __future__ import annotations

from functools import lru_cache
from time import monotonic

from flask import Blueprint, Response, request

from cds_hooks import pages
from cds_hooks.errors import RecordUnavailable, UnknownService
from cds_hooks.evidence import gather
from cds_hooks.ledger import Ledger, LedgerError
from cds_hooks.web import wants_html
from fairness.evidence import Record, inventory
from fairness.evidence.views import VIEWS
from models.registry import Registry

__all__ = ["blueprint"]

_KEPT = 8
_KEPT_SECONDS = 60


def blueprint(registry: Registry, ledger: Ledger) -> Blueprint:
    """Routes /models/<id>/evidence, /models/<id>/evidence/<view> and /evidence/<inventory>.

    A record is kept for a minute, because counting a long ledger takes time and anybody may ask.
    """
    routes = Blueprint("evidence", __name__)

    @lru_cache(maxsize=_KEPT)
    def kept(model_id: str, _minute: int) -> Record:
        return _record(registry, ledger, model_id)

    def record_of(model_id: str) -> Record:
        return kept(model_id, int(monotonic() / _KEPT_SECONDS))

    @routes.get("/models/<model_id>/evidence")
    def record(model_id: str) -> Response:
        found = record_of(model_id)
        if wants_html(request):
            page = pages.evidence_page(found, registry.models[model_id].manifest.title)
            answer = Response(page, content_type="text/html; charset=utf-8")
        else:
            answer = Response(found.encode(), content_type="application/json")
        answer.headers.add("Vary", "Accept")
        return answer

    @routes.get("/models/<model_id>/evidence/<view>")
    def one_view(model_id: str, view: str) -> Response:
        found = VIEWS.get(view)
        if found is None:
            raise UnknownService(f"There is no such view; there are {', '.join(VIEWS)}.")
        return Response(found.make(record_of(model_id)), content_type=found.media_type)

    @routes.get("/evidence/<name>")
    def over_all(name: str) -> Response:
        if name not in inventory.FORMS:
            raise UnknownService(f"There is no such inventory; there are {', '.join(inventory.FORMS)}.")
        media_type, make = inventory.FORMS[name]
        records = [record_of(model_id) for model_id in registry.models]
        return Response(make(records), content_type=media_type)

    return routes


def _record(registry: Registry, ledger: Ledger, model_id: str) -> Record:
    model = registry.models.get(model_id)
    if model is None:
        raise UnknownService("There is no such model; the models are listed at /models.")
    try:
        return gather(model, ledger)
    except LedgerError:
        raise RecordUnavailable("The ledger cannot be read now, so its counts cannot be told.") from None
