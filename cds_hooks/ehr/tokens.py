"""Prefetch tokens of CDS Hooks 2.0: `{{context.patientId}}`, `{{userPractitionerId}}` and their like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cds_hooks.ehr.errors import UnresolvedToken

__all__ = ["USER_TOKENS", "resolve", "token_values"]

USER_TOKENS: Mapping[str, str] = {
    "Practitioner": "userPractitionerId",
    "PractitionerRole": "userPractitionerRoleId",
    "Patient": "userPatientId",
    "RelatedPerson": "userRelatedPersonId",
}
"""The token that holds the user's id, by the user's resource type (cds-hooks_2.0@56)."""

_TOKEN = re.compile(r"\{\{(.*?)\}\}")


def token_values(context: Mapping[str, Any]) -> dict[str, str]:
    """Return every token that a hook's context fills: its root-level primitives and the user's id."""
    values = {
        f"context.{name}": str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in context.items()
        if isinstance(value, (str, int, float))
    }
    kind, _, user_id = str(context.get("userId", "")).partition("/")
    if kind in USER_TOKENS and user_id:
        values[USER_TOKENS[kind]] = user_id
    return values


def resolve(template: str, values: Mapping[str, str]) -> str:
    """Return the template with its tokens filled; raises UnresolvedToken that names the first empty one."""

    def filled(token: re.Match[str]) -> str:
        name = token.group(1).strip()
        if not values.get(name):
            raise UnresolvedToken(f"the token {{{{{name}}}}} has no value here")
        return values[name]

    return _TOKEN.sub(filled, template)
