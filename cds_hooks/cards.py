"""CDS Hooks 2.0 cards from predictions: pure functions, no request and no clock.

`card` shows a score, `outside_card` says why there is none. Both return JSON values without anything empty.
"""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from cds_hooks import wording
from cds_hooks.decision import Subject
from cds_hooks.detail import outside_detail, prediction_detail
from cds_hooks.extension import EXTENSION, prediction_extension, pruned
from cds_hooks.suggestions import override_reasons, suggestions
from fairness.gate import Clearance
from models.manifest import Manifest
from models.prediction import OutputValue, Prediction

__all__ = ["Links", "card", "outside_card"]

SOURCE_LABEL = "Bedside"
ABOUT_LABEL = "About this model"

SelectionBehavior = Literal["at-most-one", "any"]


class Links(msgspec.Struct, frozen=True):
    """Where a card's links lead: `base` is this service's absolute URL, None when it is not known."""

    base: str | None = None

    def model(self, model_id: str) -> str | None:
        """Absolute URL of a model's page."""
        return f"{self.base.rstrip('/')}/models/{quote(model_id, safe='')}" if self.base else None


def card(
    model: Subject,
    prediction: Prediction,
    clearance: Clearance,
    links: Links,
    card_uuid: str,
    context: Mapping[str, Any] | None = None,
    selection_behavior: SelectionBehavior = "at-most-one",
) -> dict[str, Any]:
    """The card of a prediction with a score; `context` is the hook's, for the suggestions' resources.

    Raises ValueError when the gate withholds the score, when the model does not apply, or when a probability
    is not in [0, 1].
    """
    if clearance.action == "withhold" or prediction.applicability.status != "inside":
        raise ValueError(f"model {prediction.model}: this prediction must not be shown with a score")
    manifest = model.manifest
    offered = suggestions(manifest.card, context or {}, card_uuid)
    shown = _frame(manifest, links, card_uuid) | {
        "summary": _headline(manifest, prediction.outputs),
        "indicator": manifest.card.indicator,
        "detail": prediction_detail(model, prediction, clearance),
        "suggestions": offered,
        "selectionBehavior": selection_behavior if offered else None,
        "overrideReasons": override_reasons(manifest.card),
    }
    return pruned(shown) | {
        "extension": {EXTENSION: prediction_extension(prediction, clearance, scored=True)}
    }


def outside_card(
    model: Subject, prediction: Prediction, clearance: Clearance | None, links: Links, card_uuid: str
) -> dict[str, Any]:
    """The card that says that there is no score, and why; nothing in it depends on one.

    The reason is the applicability's when the model does not apply, otherwise the gate's.
    """
    manifest = model.manifest
    applies = prediction.applicability
    if applies.status == "inside":
        headline = f"{manifest.title}: estimate withheld for patients like this one"
        why = f"The estimate is withheld. {clearance.line if clearance else ''}"
    else:
        headline = manifest.card.outside_headline or f"{manifest.title}: no estimate for this patient"
        why = applies.text or "The model was not made for patients like this one."
    shown = _frame(manifest, links, card_uuid) | {
        "summary": wording.summary(headline),
        "indicator": "info",
        "detail": outside_detail(model, prediction.vector, why),
    }
    return pruned(shown) | {
        "extension": {EXTENSION: prediction_extension(prediction, clearance, scored=False)}
    }


def _frame(manifest: Manifest, links: Links, card_uuid: str) -> dict[str, Any]:
    """What every card has: uuid, source with a topic that never changes, and the link to the model."""
    url = links.model(manifest.id)
    about = [{"label": ABOUT_LABEL, "url": url, "type": "absolute"}] if url else []
    topic = manifest.card.topic
    source = {"label": SOURCE_LABEL, "url": links.base, "topic": msgspec.to_builtins(topic)}
    return {"uuid": card_uuid, "source": source, "links": about}


def _headline(manifest: Manifest, outputs: tuple[OutputValue, ...]) -> str:
    """The manifest's headline, or a plain one when it has none or one of its counts is not known."""
    filled = wording.fill(manifest.card.headline, outputs) if manifest.card.headline else None
    return wording.summary(filled or _plain_headline(outputs[0]))


def _plain_headline(primary: OutputValue) -> str:
    of = wording.denominator(primary.probability)
    people = wording.about(wording.count(primary.probability, of))
    return f"{people[0].upper()}{people[1:]} in {of} people like this: {primary.label}"
