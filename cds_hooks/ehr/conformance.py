"""Checks of a service's answers against CDS Hooks 2.0, each breach with the number of its requirement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cds_hooks.ehr.findings import Findings
from cds_hooks.ehr.tokens import USER_TOKENS

__all__ = ["discovery_violations", "violations"]

_SUMMARY_BELOW = 140
_INDICATORS = ("info", "warning", "critical")
_SELECTION_BEHAVIORS = ("at-most-one", "any")
_LINK_TYPES = ("absolute", "smart")
_ACTION_TYPES = ("create", "update", "delete")
_RELATIVE_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}")
_TOKEN = re.compile(r"\{\{(.*?)\}\}")
_CONTEXT_FIELD = re.compile(r"context\.[A-Za-z][A-Za-z0-9_-]*")


def violations(response: Any) -> list[str]:
    """Return what breaks CDS Hooks 2.0 in the decoded body of a 200 answer to a hook; empty when nothing.

    Each message starts with a requirement, such as `cds-hooks_2.0@83`, then names the place.
    """
    findings = Findings()
    if not isinstance(response, dict):
        findings.add(74, "response", "must be an object with a cards array")
        return findings.messages
    findings.require(
        isinstance(response.get("cards"), list), 74, "response.cards", "must be an array, also when empty"
    )
    cards = response["cards"] if isinstance(response.get("cards"), list) else []
    for position, card in enumerate(cards):
        _check_card(findings, card, f"response.cards[{position}]")
    _check_unique_uuids(findings, cards)
    for position, action in enumerate(findings.array(response, "systemActions", 75, "response")):
        _check_action(findings, action, f"response.systemActions[{position}]", in_suggestion=False)
    findings.presence(response, "response", "response.cards")
    return findings.messages


def discovery_violations(document: Any) -> list[str]:
    """Return what breaks CDS Hooks 2.0 in a decoded discovery document; empty when nothing."""
    findings = Findings()
    if not isinstance(document, dict) or not isinstance(document.get("services"), list):
        findings.add(6, "discovery", "must be an object with a services array")
        return findings.messages
    for position, service in enumerate(document["services"]):
        _check_service(findings, service, f"discovery.services[{position}]")
    findings.presence(document, "discovery", "discovery.services")
    return findings.messages


def _check_card(findings: Findings, card: Any, place: str) -> None:
    if not isinstance(card, dict):
        findings.add(74, place, "must be a card object")
        return
    findings.text(card, "uuid", 80, place, required=False)
    summary = findings.text(card, "summary", 83, place)
    if summary is not None and len(summary) >= _SUMMARY_BELOW:
        findings.add(83, f"{place}.summary", f"has {len(summary)} characters, below {_SUMMARY_BELOW} allowed")
    findings.text(card, "detail", 85, place, required=False)
    indicator = findings.text(card, "indicator", 87, place)
    if indicator is not None:
        findings.require(indicator in _INDICATORS, 88, f"{place}.indicator", _one_of(_INDICATORS))
    _check_source(findings, card.get("source"), f"{place}.source")
    _check_suggestions(findings, card, place)
    for position, reason in enumerate(findings.array(card, "overrideReasons", 98, place)):
        findings.coding(reason, 98, f"{place}.overrideReasons[{position}]", displayed=100)
    for position, link in enumerate(findings.array(card, "links", 103, place)):
        _check_link(findings, link, f"{place}.links[{position}]")


def _check_source(findings: Findings, source: Any, place: str) -> None:
    if not isinstance(source, dict):
        findings.add(90, place, "must be an object")
        return
    findings.text(source, "label", 105, place)
    findings.url(source, "url", 107, place)
    findings.url(source, "icon", 111, place)
    if "topic" in source:
        findings.coding(source["topic"], 115, f"{place}.topic")


def _check_suggestions(findings: Findings, card: Mapping[str, Any], place: str) -> None:
    suggestions = findings.array(card, "suggestions", 92, place)
    behavior = findings.text(card, "selectionBehavior", 96, place, required=False)
    if suggestions:
        where = f"{place}.selectionBehavior"
        findings.require("selectionBehavior" in card, 93, where, "is missing beside suggestions")
    if behavior is not None:
        findings.require(
            behavior in _SELECTION_BEHAVIORS, 95, f"{place}.selectionBehavior", _one_of(_SELECTION_BEHAVIORS)
        )
    for position, suggestion in enumerate(suggestions):
        _check_suggestion(findings, suggestion, f"{place}.suggestions[{position}]")
    recommended = [
        found for found in suggestions if isinstance(found, dict) and found.get("isRecommended") is True
    ]
    if behavior != "any":
        findings.require(len(recommended) < 2, 122, f"{place}.suggestions", "only one may be recommended")
    _check_unique_uuids(findings, suggestions, 119, f"{place}.suggestions")


def _check_suggestion(findings: Findings, suggestion: Any, place: str) -> None:
    if not isinstance(suggestion, dict):
        findings.add(92, place, "must be a suggestion object")
        return
    findings.text(suggestion, "label", 117, place)
    findings.text(suggestion, "uuid", 119, place, required=False)
    recommended = suggestion.get("isRecommended", False)
    findings.require(isinstance(recommended, bool), 121, f"{place}.isRecommended", "must be a boolean")
    for position, action in enumerate(findings.array(suggestion, "actions", 124, place)):
        _check_action(findings, action, f"{place}.actions[{position}]", in_suggestion=True)


def _check_action(findings: Findings, action: Any, place: str, *, in_suggestion: bool) -> None:
    if not isinstance(action, dict):
        findings.add(124 if in_suggestion else 75, place, "must be an action object")
        return
    kind = findings.text(action, "type", 127, place)
    if kind is not None:
        findings.require(kind in _ACTION_TYPES, 127, f"{place}.type", _one_of(_ACTION_TYPES))
    findings.text(action, "description", 128, place, required=in_suggestion)
    if kind == "delete":
        _check_deletion(findings, action, place)
    else:
        _check_resource(
            findings, action.get("resource"), 132 if kind == "update" else 131, f"{place}.resource"
        )


def _check_deletion(findings: Findings, action: Mapping[str, Any], place: str) -> None:
    findings.require(
        not isinstance(action.get("resource"), str), 133, f"{place}.resource", "must not be an id"
    )
    findings.require("resourceId" in action, 134, f"{place}.resourceId", "is missing on a delete")
    resource_id = findings.text(action, "resourceId", 135, place, required=False)
    if resource_id is not None:
        is_reference = _RELATIVE_REFERENCE.fullmatch(resource_id) is not None
        findings.require(is_reference, 135, f"{place}.resourceId", "must be written as Type/id")


def _check_resource(findings: Findings, resource: Any, requirement: int, place: str) -> None:
    if resource is None:
        findings.add(requirement, place, "is missing")
        return
    is_resource = isinstance(resource, dict) and isinstance(resource.get("resourceType"), str)
    findings.require(is_resource, 130, place, "must be a FHIR resource object")
    if is_resource and requirement == 132:
        findings.require("id" in resource, 132, f"{place}.id", "is missing, so nothing can be updated")


def _check_link(findings: Findings, link: Any, place: str) -> None:
    if not isinstance(link, dict):
        findings.add(103, place, "must be a link object")
        return
    findings.text(link, "label", 138, place)
    findings.url(link, "url", 139, place, required=True)
    kind = findings.text(link, "type", 141, place)
    if kind is not None:
        findings.require(kind in _LINK_TYPES, 142, f"{place}.type", _one_of(_LINK_TYPES))
    findings.text(link, "appContext", 144, place, required=False)
    if kind == "absolute":
        findings.require("appContext" not in link, 147, f"{place}.appContext", "belongs to smart links only")


def _check_unique_uuids(
    findings: Findings, holders: list[Any], requirement: int = 80, place: str = "response.cards"
) -> None:
    uuids = [
        found["uuid"] for found in holders if isinstance(found, dict) and isinstance(found.get("uuid"), str)
    ]
    findings.require(len(set(uuids)) == len(uuids), requirement, place, "two have the same uuid")


def _check_service(findings: Findings, service: Any, place: str) -> None:
    if not isinstance(service, dict):
        findings.add(7, place, "must be a service object")
        return
    findings.text(service, "hook", 7, place)
    findings.text(service, "title", 8, place, required=False)
    findings.text(service, "description", 9, place)
    findings.text(service, "id", 10, place)
    findings.text(service, "usageRequirements", 12, place, required=False)
    prefetch = service.get("prefetch", {})
    if not isinstance(prefetch, dict):
        findings.add(11, f"{place}.prefetch", "must be an object of keys and queries")
        return
    for key in prefetch:
        template = findings.text(prefetch, key, 11, f"{place}.prefetch")
        _check_template(findings, template or "", f"{place}.prefetch.{key}")


def _check_template(findings: Findings, template: str, place: str) -> None:
    rest = _TOKEN.sub("", template)
    findings.require("{{" not in rest and "}}" not in rest, 55, place, "has a token that is not closed by }}")
    for token in _TOKEN.findall(template):
        if not token.startswith("context."):
            is_user = token in USER_TOKENS.values()
            findings.require(is_user, 56, place, "has a token that is neither context nor a user's id")
        elif not _CONTEXT_FIELD.fullmatch(token):
            findings.add(57, place, "has a token that is no root-level field of the context")


def _one_of(values: tuple[str, ...]) -> str:
    return f"must be one of {', '.join(values)}"
