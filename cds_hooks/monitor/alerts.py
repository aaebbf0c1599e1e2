"""Alerts: one JSON line each to stderr and to a file, and, where asked for, to one allowed address.

An alert names a model, a group and what happened. It holds no count and no patient.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Any, Literal
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import msgspec

from cds_hooks.errors import SettingsError
from cds_hooks.ledger.times import utc_text
from cds_hooks.monitor.audit import LedgerAudit
from fairness.gate_wording import group_label
from fairness.monitor.verdicts import coverage_problem

__all__ = ["ALERTS_FILE", "Alert", "alerts_of", "check_address", "send", "tell_alerts"]

ALERTS_FILE = "alerts.ndjson"
_TIMEOUT_SECONDS = 5.0

Kind = Literal["claim-broken", "drift", "labels-missing"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person should look at; `text` is one sentence."""

    at: str
    model: str
    version: str
    kind: Kind
    attribute: str
    value: str
    metric: str
    text: str


def alerts_of(audit: LedgerAudit, now: datetime) -> tuple[Alert, ...]:
    """Broken claims, drift and missing labels, from the published part of an audit only."""
    document = audit.document
    found = [_claim(row) for row in document["verdicts"] if row["outcome"] == "fail"]
    found += [_drift(row) for row in document["drift"] if row.get("is_drift")]
    # Verdicts wait for coverage; whoever sends the outcomes has to know.
    if missing := coverage_problem(audit.found.labels.tallied, audit.plan):
        found.append(("labels-missing", "overall", "all", "coverage", f"Nothing is judged: {missing}."))
    at = utc_text(now, "now")
    return tuple(
        Alert(at=at, model=document["model"], version=document["version"], kind=kind, attribute=attribute,
              value=value, metric=metric, text=text)
        for kind, attribute, value, metric, text in found
    )  # fmt: skip


def tell_alerts(alerts: Sequence[Alert], out: Path, stream: IO[str]) -> None:
    """Append the alerts to `alerts.ndjson` in `out` and write them to a stream, a line each."""
    lines = [msgspec.json.encode(alert).decode() + "\n" for alert in alerts]
    for line in lines:
        stream.write(line)
    if lines:
        out.mkdir(parents=True, exist_ok=True)
        with (out / ALERTS_FILE).open("a", encoding="utf-8") as file:
            file.writelines(lines)


def check_address(url: str, allowed: Sequence[str]) -> str:
    """The address itself; raises SettingsError unless it is on this machine or its origin is allowed."""
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise SettingsError("--webhook: the port is no number") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise SettingsError("--webhook must be an http(s) address without a user name")
    origin = f"{parts.scheme}://{parts.hostname}{port}"
    if not _is_loopback(parts.hostname) and origin not in allowed:
        raise SettingsError(f"--webhook: {origin} is not allowed; name it with --allow-origin")
    return url


def send(alerts: Sequence[Alert], url: str) -> str | None:
    """Post the alerts as a JSON array; a sentence when they could not be delivered, None otherwise.

    Redirects are not followed: they could lead anywhere.
    """
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked by `check_address`
        url, data=msgspec.json.encode(alerts), headers={"Content-Type": "application/json"}, method="POST"
    )
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS):
            return None
    except HTTPError as error:
        with error:
            return f"the webhook answered {error.code}"
    except (URLError, OSError) as error:
        return f"the webhook cannot be reached ({type(error).__name__})"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _claim(row: dict[str, Any]) -> tuple[Kind, str, str, str, str]:
    metric = row["claim"]["metric"]
    group = _group(row["attribute"], row["value"])
    text = f"{group}: {metric} is shown to lie outside what is claimed."
    return "claim-broken", row["attribute"], row["value"], metric, text


def _drift(row: dict[str, Any]) -> tuple[Kind, str, str, str, str]:
    group = _group(row["attribute"], row["value"])
    text = f"{group}: {row['what']} {row['name']} has shifted against the {row['against']}."
    return "drift", row["attribute"], row["value"], row["name"], text


def _group(attribute: str, value: str) -> str:
    return value if " × " in attribute else group_label(attribute, value)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
