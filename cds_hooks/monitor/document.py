"""monitor.json: everything that a run found, with small cells withheld.

A withheld figure is `{"state": "masked"}` without a number. Each kind of count (judged, waiting, encounters,
cards, states) is suppressed by itself and against what earlier runs have told of it; `Releases` is what is
known once the report is out, and stays in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from cds_hooks.monitor.masks import Mask, Releases
from fairness.cells import ALL
from fairness.disclosure import MINIMUM, is_published, table_of
from fairness.disclosure.table import N
from fairness.engine.evaluate import evaluate
from fairness.engine.flags import flag_rates
from fairness.engine.responses import response_rates
from fairness.metric import Metric, Sufficiency
from fairness.monitor.disclosure import flag_table, response_table, states_table
from fairness.monitor.known import Bounds
from fairness.monitor.plan import MonitorPlan
from fairness.monitor.watch import Watch
from fairness.report.cells import report_table
from fairness.verdicts import LevelClaim, SpreadClaim

__all__ = ["ALIKE", "JUDGED", "Head", "Told", "crossings_of", "tell"]

JUDGED = "judged"
"""Kind of the counts that fairness reports on the same patients tell as well."""

ENCOUNTERS, CARDS, STATES = ALIKE = ("encounters", "cards", "states")
"""Kinds of counts that are near those of the judged patients: predictions, cards, and predictions by what is
known of their outcome."""

_SILENCE = {
    "missing_input_rate": "missing_input",
    "no_card_rate": "no_card",
    "abstained_rate": "abstained",
}
_RESPONSES = {
    "acceptance_rate": "accepted",
    "override_rate": "overridden",
    "no_response_rate": "no-response",
}


class Head(NamedTuple):
    """What the report is about; moments as text in UTC."""

    model: str
    version: str
    status: str
    output: str
    as_of: str
    groups_as: str


class Told(NamedTuple):
    """The report, and what is known once it is out."""

    document: dict[str, Any]
    releases: Releases


def tell(head: Head, found: Watch, plan: MonitorPlan, before: Releases) -> Told:
    """The report of a run after disclosure control against the reports that came before."""
    releases: Releases = {}
    judged_on = found.then if head.groups_as == "then" else found.now
    judged = Mask.of(report_table(judged_on, crossings_of(plan)), JUDGED, before, releases)
    waiting = Mask.of(table_of(found.unmatured), "waiting", before, releases)
    return Told(
        {
            **head._asdict(),
            "plan": msgspec.to_builtins(plan),
            "minimum_cell": MINIMUM,
            "outcome": found.judgement.outcome,
            "why": found.judgement.why,
            "not_judged": list(found.judgement.not_judged),
            "look": msgspec.to_builtins(found.turn),
            "shadow": _shadow(head, found),
            "labels": _labels(found, before, releases),
            "maturity": _maturity(found, judged),
            "verdicts": _verdicts(found, judged),
            "groups": _figures(found, judged, plan, head),
            "bounds": [_bounds(one, judged) for one in found.bounds],
            "without_labels": _without_labels(found, waiting),
            "drift": _drift(found, before, releases),
            "silence": _rates(found, plan, before, releases),
            "responses": _responses(found, plan, before, releases),
        },
        releases,
    )


def crossings_of(plan: MonitorPlan) -> tuple[tuple[str, ...], ...]:
    """The intersections that a plan's claims are about."""
    named: list[tuple[str, ...]] = []
    for claim in plan.claims:
        named += claim.crossings if isinstance(claim, LevelClaim) else (claim.attributes,)
    return tuple(dict.fromkeys(one for one in named if len(one) > 1))


def _shadow(head: Head, found: Watch) -> dict[str, Any]:
    """Whether the model is silent on purpose; its predictions are judged like any others."""
    return {"is_shadow": head.status == "shadow", "told": found.shadow >= MINIMUM}


def _labels(found: Watch, before: Releases, releases: Releases) -> dict[str, Any]:
    tallied = found.labels.tallied
    raw: dict[str, int] = msgspec.to_builtins(tallied)
    states = {name: count for name, count in raw.items() if not name.startswith("outcomes_")}
    mask = Mask.of(states_table(states), STATES, before, releases)
    counts = {name: mask.count(name, ()) for name in states}
    # Outcomes that met no prediction add up to nothing that is told; each stands alone.
    loose = {name: _alone(count) for name, count in raw.items() if name not in states}
    coverage = None if None in counts.values() else tallied.coverage
    return {"predictions": mask.count(N, ()), **counts, **loose, "coverage": coverage}


def _alone(count: int) -> int | None:
    return None if 0 < count < MINIMUM else count


def _maturity(found: Watch, judged: Mask) -> list[dict[str, Any]]:
    """The curve where at least a cell's minimum of predictions is still open; thinned to whole days."""
    by_day = {int(point.days): point for point in found.maturity if point.at_risk >= MINIMUM}
    if judged.is_hidden(N, ()):
        return []
    figures = ("share", "low", "high")
    return [
        {"days": day, **{name: _rounded(getattr(point, name)) for name in figures}}
        for day, point in by_day.items()
    ]


def _verdicts(found: Watch, judged: Mask) -> list[dict[str, Any]]:
    audit = found.judgement.audit
    told = []
    for verdict in audit.verdicts if audit else ():
        claim = msgspec.to_builtins(verdict.claim)
        row: dict[str, Any] = {
            "claim": claim,
            "attribute": verdict.attribute,
            "value": verdict.value,
            "outcome": verdict.outcome,
        }
        value = ALL if isinstance(verdict.claim, SpreadClaim) else verdict.value
        if judged.hides(verdict.attribute, value, verdict.claim.metric, verdict.claim.threshold):
            told.append({**row, "state": "masked"})
            continue
        figures = {name: _rounded(getattr(verdict, name)) for name in ("estimate", "low", "high")}
        tests = {name: getattr(verdict, name) for name in ("p_pass", "p_fail", "p_fail_adjusted")}
        told.append({**row, "state": "ok", **figures, **tests, "why": verdict.why})
    return told


def _figures(found: Watch, judged: Mask, plan: MonitorPlan, head: Head) -> list[dict[str, Any]]:
    counted = found.then if head.groups_as == "then" else found.now
    if not counted.n:
        return []
    limits = Sufficiency(plan.min_n, plan.min_events)
    return [
        {
            "attribute": group.attribute,
            "value": group.value,
            "n": judged.count(N, group.members),
            "events": judged.count("events", group.members),
            "metrics": [
                _metric(one)
                if is_published(one.name, one.threshold, group.members, judged.hidden)
                else _masked(one)
                for one in group.metrics
            ],
        }
        for group in evaluate(counted, limits=limits).groups
    ]


def _bounds(one: Bounds, judged: Mask) -> dict[str, Any]:
    row = {
        "attribute": one.attribute,
        "value": one.value_name,
        "metric": one.metric,
        "threshold": one.threshold,
    }
    # A bound is made of the group's counts and of those of everybody without an answer.
    if judged.hides_attribute(one.attribute):
        return {**row, "state": "masked"}
    figures = {"figure": _rounded(one.value), "low": _rounded(one.low), "high": _rounded(one.high)}
    return {**row, "state": "ok", **figures}


def _without_labels(found: Watch, waiting: Mask) -> dict[str, Any]:
    rows = []
    for one in found.label_free.estimates:
        row = {
            "attribute": one.attribute,
            "value": one.value_name,
            "metric": one.metric,
            "threshold": one.threshold,
        }
        is_hidden = waiting.hides(one.attribute, one.value_name, "selection_rate", one.threshold)
        rows.append(
            {**row, "state": "masked"}
            if is_hidden
            else {**row, "state": "estimated", "figure": _rounded(one.value)}
        )
    return {"is_evidence": False, "assumptions": list(found.label_free.assumptions), "estimates": rows}


def _drift(found: Watch, before: Releases, releases: Releases) -> list[dict[str, Any]]:
    if found.silence is None:
        return []
    mask = Mask.of(flag_table(found.silence), ENCOUNTERS, before, releases)
    rows = []
    for one in found.shifts:
        row: dict[str, Any] = {
            "what": one.what,
            "name": one.name,
            "attribute": one.attribute,
            "value": one.value_name,
            "against": one.against,
        }
        if one.n < MINIMUM or mask.hides_group(one.attribute, one.value_name):
            rows.append({**row, "state": "masked"})
            continue
        figures = {name: _rounded(getattr(one, name)) for name in ("psi", "psi_expected", "psi_95")}
        tests = {"p": one.p, "p_adjusted": one.p_adjusted, "is_drift": one.is_drift}
        rows.append({**row, "state": one.state, **figures, **tests, "why": one.why})
    return rows


def _rates(found: Watch, plan: MonitorPlan, before: Releases, releases: Releases) -> list[dict[str, Any]]:
    if found.silence is None:
        return []
    mask = Mask.of(flag_table(found.silence), ENCOUNTERS, before, releases)
    groups = flag_rates(found.silence, limits=Sufficiency(plan.min_n, plan.min_events)).groups
    return [_rate_row(group, mask, _SILENCE) for group in groups]


def _responses(found: Watch, plan: MonitorPlan, before: Releases, releases: Releases) -> list[dict[str, Any]]:
    if found.responses is None:
        return []
    mask = Mask.of(response_table(found.responses), CARDS, before, releases)
    groups = response_rates(found.responses, limits=Sufficiency(plan.min_n, plan.min_events)).groups
    return [_rate_row(group, mask, _RESPONSES) for group in groups]


def _rate_row(group: Any, mask: Mask, kinds: Mapping[str, str]) -> dict[str, Any]:
    return {
        "attribute": group.attribute,
        "value": group.value,
        "n": mask.count(N, group.members),
        "metrics": [
            _masked(one) if mask.is_hidden(kinds[one.name], group.members) else _metric(one)
            for one in group.metrics
        ],
    }


def _metric(one: Metric) -> dict[str, Any]:
    figures: Sequence[str] = ("value", "low", "high")
    told = {name: _rounded(getattr(one, name)) for name in figures}
    return {"name": one.name, "threshold": one.threshold, **told, "state": one.state, "why": one.why}


def _masked(one: Metric) -> dict[str, Any]:
    return {"name": one.name, "threshold": one.threshold, "state": "masked"}


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 6) + 0.0
