"""A card's suggestions and override reasons, from the manifest's templates."""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from cds_hooks.extension import pruned
from cds_hooks.wording import plain
from fairness.evidence.label import ai_asserted
from models.manifest import CardPolicy, Suggestion

__all__ = ["override_reasons", "suggestions"]

_TOKEN = re.compile(r"\{\{\s*context\.([A-Za-z][A-Za-z0-9]*)\s*\}\}")
_UNFILLED = object()


def suggestions(policy: CardPolicy, context: Mapping[str, Any], card_uuid: str) -> list[dict[str, Any]]:
    """The manifest's suggestions with `{{context.patientId}}` and its like filled from the hook's context.

    Each resource is labelled as asserted by artificial intelligence (`meta.security`, AIAST). An element
    whose token the context does not hold as text is left out. The uuids follow from the card's, so that
    feedback about a suggestion finds its card.
    """
    return [
        _suggestion(template, context, str(uuid.uuid5(uuid.UUID(card_uuid), f"suggestion/{position}")))
        for position, template in enumerate(policy.suggestions)
    ]


def override_reasons(policy: CardPolicy) -> list[dict[str, str]]:
    """Codings that a clinician may choose from when not following the card."""
    return [
        {"code": one.code, "system": one.system, "display": one.display} for one in policy.override_reasons
    ]


def _suggestion(template: Suggestion, context: Mapping[str, Any], suggestion_uuid: str) -> dict[str, Any]:
    action = {
        "type": "create",
        "description": plain(template.description or template.label),
        "resource": ai_asserted(pruned(_filled(template.resource, context))),
    }
    suggestion: dict[str, Any] = {
        "label": plain(template.label),
        "uuid": suggestion_uuid,
        "actions": [action],
    }
    if template.recommended:
        suggestion["isRecommended"] = True
    return suggestion


def _filled(node: Any, context: Mapping[str, Any]) -> Any:
    """A copy with tokens filled; what cannot be filled is dropped together with its name."""
    if isinstance(node, Mapping):
        pairs = ((name, _filled(value, context)) for name, value in node.items())
        return {name: value for name, value in pairs if value is not _UNFILLED}
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [value for item in node if (value := _filled(item, context)) is not _UNFILLED]
    return _filled_text(node, context) if isinstance(node, str) else node


def _filled_text(text: str, context: Mapping[str, Any]) -> Any:
    names = _TOKEN.findall(text)
    if any(not isinstance(context.get(name), str) or not context[name] for name in names):
        return _UNFILLED
    return _TOKEN.sub(lambda found: str(context[found[1]]), text)
