"""Decisions as the service sees them: from the ledger, kept for a moment, and from the manifest."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from monitor_cases import MODEL, NOW, START, model_with

from cds_hooks.ledger import DecisionEntry, Ledger
from cds_hooks.monitor.standing import KEPT_SECONDS, StandingDecisions, record_declared
from fairness.gate_decisions import standing_of
from fairness.gate_records import LONGEST_OVERRIDE

OVERRIDE = {"action": "caution", "owner": "Dr Okafor", "until": "2026-12-31", "reason": "bridging"}


def decide(ledger: Ledger, **changes: Any) -> str:
    """Record a decision of the monitor on everybody."""
    made: dict[str, Any] = {
        "model": MODEL, "version": "1.0.0", "action": "withhold", "source": "monitor", "reason": "too low",
        "decided_at": START,
    }  # fmt: skip
    return ledger.record_decision(DecisionEntry(**(made | changes)))


def test_a_new_decision_is_felt_after_a_moment(ledger: Ledger, tmp_path: Path) -> None:
    """Until the time is over the earlier answer is used."""
    clock = [0.0]
    standing = StandingDecisions(ledger, lambda: clock[0])
    manifest = model_with(tmp_path).manifest
    assert standing.of(manifest) == ()
    decide(ledger)
    assert standing.of(manifest) == ()
    clock[0] = KEPT_SECONDS
    assert [one.action for one in standing.of(manifest)] == ["withhold"]


def test_decisions_on_another_version_do_not_count(ledger: Ledger, tmp_path: Path) -> None:
    """A new version starts without the decisions on the old one."""
    decide(ledger, version="0.9.0")
    assert StandingDecisions(ledger).of(model_with(tmp_path).manifest) == ()


def test_a_lifted_decision_is_gone(ledger: Ledger, tmp_path: Path) -> None:
    """A named owner ends a decision before its day."""
    digest = decide(ledger)
    decide(ledger, action="lift", source="override", owner="Dr Okafor", lifts=digest, reason="mended")
    assert StandingDecisions(ledger).of(model_with(tmp_path).manifest) == ()


def test_a_ledger_that_is_down_does_not_forget(ledger: Ledger, tmp_path: Path) -> None:
    """What was known last still stands while the ledger cannot be read."""
    clock = [0.0]
    decide(ledger)
    standing = StandingDecisions(ledger, lambda: clock[0])
    manifest = model_with(tmp_path).manifest
    standing.of(manifest)
    ledger.close()
    clock[0] = 10 * KEPT_SECONDS
    assert [one.action for one in standing.of(manifest)] == ["withhold"]


def test_the_manifests_override_stands_beside(ledger: Ledger, tmp_path: Path) -> None:
    """An override that a manifest declares stands without an entry in the ledger."""
    (one,) = StandingDecisions(ledger).of(model_with(tmp_path, override=OVERRIDE).manifest)
    assert (one.source, one.owner) == ("override", "Dr Okafor")


def test_a_declared_override_is_recorded_once(ledger: Ledger, tmp_path: Path) -> None:
    """Every start meets it, the ledger has it once, with owner and end."""
    manifest = model_with(tmp_path, override=OVERRIDE).manifest
    for day in range(2):
        record_declared(ledger, [manifest], NOW + timedelta(days=day))
    (row,) = ledger.decisions(MODEL)
    assert (row["source"], row["owner"], row["expires_at"]) == (
        "load",
        "Dr Okafor",
        "2027-01-01T00:00:00.000Z",
    )


def test_an_override_that_has_ended_is_not_recorded(ledger: Ledger, tmp_path: Path) -> None:
    """Nothing is decided by a declaration whose day is over."""
    manifest = model_with(tmp_path, override=OVERRIDE | {"until": "2026-01-01"}).manifest
    record_declared(ledger, [manifest], NOW)
    assert ledger.decisions() == []


def test_no_override_of_before_stands_for_longer_than_a_year(ledger: Ledger) -> None:
    """An end in 2999, written when nothing forbade it, is cut to what an override may last."""
    decide(ledger, action="serve", source="override", owner="Dr Okafor", expires_at=START + timedelta(days=9))
    (row,) = ledger.decisions(MODEL)
    (one,) = standing_of([row | {"expires_at": "2999-01-01T00:00:00.000Z"}])
    assert one.until == START + LONGEST_OVERRIDE + timedelta(days=1)
    (plain,) = standing_of([row])
    assert plain.until == START + timedelta(days=9)


def test_an_entry_of_an_override_ends_within_a_year(ledger: Ledger) -> None:
    """Whoever writes it; the field is named."""
    with pytest.raises(ValueError, match="expires_at must lie within 366 days"):
        decide(ledger, source="override", owner="Dr Okafor", expires_at=START + timedelta(days=368))
