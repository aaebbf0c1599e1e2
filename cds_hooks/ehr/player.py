"""Builds the requests of a hook as an EHR would: one for each service, with the prefetch it asked for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cds_hooks.ehr.bundle_file import PatientBundle
from cds_hooks.ehr.context import build_context, hook_kind
from cds_hooks.ehr.errors import BrokenAnswer, CannotPlay, UnresolvedToken, UnsupportedQuery
from cds_hooks.ehr.json_file import Resource
from cds_hooks.ehr.search import answer
from cds_hooks.ehr.tokens import resolve, token_values

__all__ = ["HookRequest", "build_requests", "services_of"]


@dataclass(frozen=True, slots=True)
class HookRequest:
    """One call of one service; `left_out` tells why a prefetch key is absent, without patient data."""

    service: str
    body: dict[str, Any]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def hook_instance(self) -> str:
        """The UUID of this call, by which the service's records find it."""
        return str(self.body["hookInstance"])


def build_requests(
    services: Sequence[Mapping[str, Any]],
    hook: str,
    bundle: PatientBundle,
    *,
    user_id: str,
    drafts: Sequence[Resource] = (),
) -> list[HookRequest]:
    """Build one request for each of the services, each with a fresh hookInstance.

    A prefetch key whose template has an unfilled token or an unsupported query is left out, as CDS Hooks
    2.0 asks for (cds-hooks_2.0@49, @51); a query without a result is null (@53). Raises CannotPlay when the
    hook's context cannot be made.
    """
    context = build_context(hook, bundle, user_id, drafts)
    return [_request(service, hook, context, bundle) for service in services]


def services_of(discovery: Any, hook: str, service: str | None = None) -> list[Mapping[str, Any]]:
    """Return the discovered services of a hook, or the one of them that is named.

    Raises BrokenAnswer when the document is no discovery, CannotPlay when the hook is unknown or no service
    fits; the message lists what is there.
    """
    hook_kind(hook)
    if not isinstance(discovery, dict) or not isinstance(discovery.get("services"), list):
        raise BrokenAnswer("cds-hooks_2.0@6: the discovery is no object with a services array")
    offered = [found for found in discovery["services"] if _is_service(found)]
    of_hook = [found for found in offered if found["hook"] == hook]
    if not of_hook:
        hooks = ", ".join(sorted({found["hook"] for found in offered})) or "none at all"
        raise CannotPlay(f"the service offers nothing for the hook {hook}; its hooks are: {hooks}")
    chosen = [found for found in of_hook if service in (None, found["id"])]
    if not chosen:
        ids = ", ".join(found["id"] for found in of_hook)
        raise CannotPlay(f"no service {service!r} for the hook {hook}; its services are: {ids}")
    return chosen


def _is_service(entry: Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(name), str) for name in ("hook", "id"))


def _request(
    service: Mapping[str, Any], hook: str, context: dict[str, Any], bundle: PatientBundle
) -> HookRequest:
    body: dict[str, Any] = {"hook": hook, "hookInstance": str(uuid.uuid4()), "context": context}
    prefetch, left_out = _prefetch(service.get("prefetch"), token_values(context), bundle)
    if prefetch:
        body["prefetch"] = prefetch
    return HookRequest(service["id"], body, left_out)


def _prefetch(
    templates: Any, tokens: Mapping[str, str], bundle: PatientBundle
) -> tuple[dict[str, Resource | None], dict[str, str]]:
    prefetch: dict[str, Resource | None] = {}
    left_out: dict[str, str] = {}
    for key, template in templates.items() if isinstance(templates, dict) else ():
        if not isinstance(template, str):
            left_out[key] = "the template is no text"
            continue
        try:
            prefetch[key] = _null_when_empty(answer(resolve(template, tokens), bundle))
        except (UnresolvedToken, UnsupportedQuery) as error:
            left_out[key] = str(error)
    return prefetch, left_out


def _null_when_empty(found: Resource | None) -> Resource | None:
    if found is None or found["resourceType"] != "Bundle":
        return found
    return found if found.get("type") != "searchset" or found["total"] else None
