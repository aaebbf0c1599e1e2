"""What the addresses under /models/<id>/evidence and /evidence answer with."""

from __future__ import annotations

from functools import lru_cache
from time import monotonic
from typing import NamedTuple

from cds_hooks.errors import RecordUnavailable, UnknownService
from cds_hooks.evidence import gather
from cds_hooks.ledger import Ledger, LedgerError
from cds_hooks.pages import templates
from fairness.evidence import inventory
from fairness.evidence.record import Record
from fairness.evidence.views import VIEWS
from models.registry import Registry

__all__ = ["Answer", "EvidenceAnswers", "evidence_page"]

_KEPT = 8
_KEPT_SECONDS = 60


class Answer(NamedTuple):
    """A document and its media type."""

    body: bytes | str
    media_type: str


class EvidenceAnswers:
    """The evidence on the models of a registry, with what a ledger knows of their use.

    A record is kept for a minute, because counting a long ledger takes time and anybody may ask.
    """

    def __init__(self, registry: Registry, ledger: Ledger) -> None:
        self._registry = registry
        self._kept = lru_cache(maxsize=_KEPT)(lambda model_id, _minute: _record(registry, ledger, model_id))

    def record(self, model_id: str) -> Answer:
        """The record as JSON."""
        return Answer(self._of(model_id).encode(), "application/json")

    def page(self, model_id: str) -> Answer:
        """The way to the record's views as a page."""
        found = self._of(model_id)
        html = evidence_page(found, self._registry.models[model_id].manifest.title)
        return Answer(html, "text/html; charset=utf-8")

    def view(self, model_id: str, name: str) -> Answer:
        """One view by its file name; raises UnknownService."""
        found = VIEWS.get(name)
        if found is None:
            raise UnknownService(f"There is no such view; there are {', '.join(VIEWS)}.")
        return Answer(found.make(self._of(model_id)), found.media_type)

    def inventory(self, name: str) -> Answer:
        """One inventory over all models by its file name; raises UnknownService."""
        if name not in inventory.FORMS:
            raise UnknownService(f"There is no such inventory; there are {', '.join(inventory.FORMS)}.")
        media_type, make = inventory.FORMS[name]
        return Answer(make([self._of(model_id) for model_id in self._registry.models]), media_type)

    def _of(self, model_id: str) -> Record:
        return self._kept(model_id, int(monotonic() / _KEPT_SECONDS))


def evidence_page(record: Record, title: str) -> str:
    """The way to a record's views, and what is open in it, as a page."""
    names: dict[str, list[str]] = {}
    for name, view in VIEWS.items():
        names.setdefault(view.title, []).append(name)
    return (
        templates()
        .get_template("evidence.html")
        .render(
            model=record.document["model"],
            version=record.document["version"],
            title=title,
            sha256=record.sha256,
            views=[{"title": told, "names": files} for told, files in names.items()],
            inventories=list(inventory.FORMS),
            open_items=record.open_items,
        )
    )


def _record(registry: Registry, ledger: Ledger, model_id: str) -> Record:
    model = registry.models.get(model_id)
    if model is None:
        raise UnknownService("There is no such model; the models are listed at /models.")
    try:
        return gather(model, ledger)
    except LedgerError:
        raise RecordUnavailable("The ledger cannot be read now, so its counts cannot be told.") from None
