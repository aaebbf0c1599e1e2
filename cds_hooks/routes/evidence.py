"""For those who answer for the models: the evidence record of each, and its views."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from cds_hooks.ledger import Ledger
from cds_hooks.web import wants_html
from models.registry import Registry

if TYPE_CHECKING:
    from cds_hooks.evidence_answers import Answer, EvidenceAnswers

__all__ = ["blueprint"]


def blueprint(registry: Registry, ledger: Ledger) -> Blueprint:
    """Routes /models/<id>/evidence, /models/<id>/evidence/<view> and /evidence/<inventory>."""
    routes = Blueprint("evidence", __name__)

    @cache
    def answers() -> EvidenceAnswers:
        from cds_hooks.evidence_answers import EvidenceAnswers  # several MB, which most workers never need

        return EvidenceAnswers(registry, ledger)

    @routes.get("/models/<model_id>/evidence")
    def record(model_id: str) -> Response:
        answer = _sent(answers().page(model_id) if wants_html(request) else answers().record(model_id))
        answer.headers.add("Vary", "Accept")
        return answer

    @routes.get("/models/<model_id>/evidence/<view>")
    def one_view(model_id: str, view: str) -> Response:
        return _sent(answers().view(model_id, view))

    @routes.get("/evidence/<name>")
    def over_all(name: str) -> Response:
        return _sent(answers().inventory(name))

    return routes


def _sent(answer: Answer) -> Response:
    return Response(answer.body, content_type=answer.media_type)
