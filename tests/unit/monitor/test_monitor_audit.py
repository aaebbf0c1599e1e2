"""An audit of the ledger: what is judged, what is told, what is decided, and that each look counts."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from monitor_cases import MODEL, NOW, START, cohort, found, model_with, predict

from cds_hooks.ledger import DecisionEntry, Ledger, LedgerUnavailable
from cds_hooks.monitor.alerts import alerts_of
from cds_hooks.monitor.audit import AuditRequest, LedgerAudit, audit_ledger
from cds_hooks.monitor.run import run
from fairness.disclosure import Release
from fairness.monitor.plan import MonitorPlan
from fairness.verdicts import LevelClaim, SpreadClaim
from models.runtime import Model

SEX = (LevelClaim(metric="o_e", between=(0.6, 1.6), crossings=((), ("sex",))),)
PLAN = MonitorPlan(
    window_days=60, delay_days=30, attributes=("sex",), claims=SEX, planned=600, on_fail="withhold"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return model_with(tmp_path_factory.mktemp("models"))


def asked(model: Model, days: float = 200, plan: MonitorPlan = PLAN, **changes: Any) -> AuditRequest:
    """A request as of some days after the start."""
    return AuditRequest(model, START + timedelta(days=days), plan=plan, **changes)


def outcomes(audit: LedgerAudit) -> dict[str, str]:
    """The verdict on each group."""
    return {row["value"]: row["outcome"] for row in audit.document["verdicts"]}


def test_a_model_that_holds_passes(ledger: Ledger, model: Model) -> None:
    """Outcomes as frequent as the scores say: every claim passes at the last look."""
    cohort(ledger, 300)
    audit = audit_ledger(ledger, asked(model))
    assert outcomes(audit) == {"all": "pass", "female": "pass", "male": "pass"}
    assert audit.document["outcome"] == "pass"


def test_a_group_whose_risk_is_told_too_low_fails(ledger: Ledger, model: Model) -> None:
    """Women with twice the expected events fail, men pass."""
    cohort(ledger, 300, risk=(0.6, 0.3))
    audit = audit_ledger(ledger, asked(model))
    assert (outcomes(audit)["female"], outcomes(audit)["male"]) == ("fail", "pass")
    assert audit.document["outcome"] == "fail"


def test_an_empty_ledger_is_insufficient_evidence(ledger: Ledger, model: Model, tmp_path: Path) -> None:
    """No prediction: a report that says so, and no look."""
    audit = audit_ledger(ledger, asked(model), tmp_path)
    told = json.loads((tmp_path / "monitor.json").read_bytes())
    assert (told["outcome"], told["why"]) == ("insufficient evidence", "no outcome is mature yet")
    assert (told["groups"], told["drift"], told["silence"]) == ([], [], [])
    assert audit.alpha is None


def test_young_predictions_are_estimated_and_not_judged(ledger: Ledger, model: Model) -> None:
    """Before maturity nothing is judged; the estimate is kept apart with its assumptions."""
    cohort(ledger, 50)
    document = audit_ledger(ledger, asked(model, days=40)).document
    assert document["outcome"] == "insufficient evidence"
    assert document["labels"]["unmatured"] == 100
    apart = document["without_labels"]
    assert apart["is_evidence"] is False
    assert any("calibrated" in line for line in apart["assumptions"])
    prevalence = next(one for one in apart["estimates"] if one["metric"] == "prevalence")
    assert prevalence["figure"] == pytest.approx(0.3, abs=0.02)


def test_too_few_outcomes_are_no_evidence(ledger: Ledger, model: Model) -> None:
    """When half of the old predictions have no outcome, nothing is judged, and an alert says so."""
    cohort(ledger, 40)
    for number in range(80):
        predict(ledger, f"lost-{number}")
    audit = audit_ledger(ledger, asked(model))
    assert (audit.document["outcome"], audit.alpha) == ("insufficient evidence", None)
    assert [alert.kind for alert in alerts_of(audit, NOW) if alert.kind != "drift"] == ["labels-missing"]


def test_each_look_is_counted_and_spends_its_part(ledger: Ledger, model: Model) -> None:
    """A second look at more outcomes has a level of its own; one without news spends nothing."""
    cohort(ledger, 100)
    first = audit_ledger(ledger, asked(model))
    idle = audit_ledger(ledger, asked(model, days=201))
    for number in range(150):
        predict(ledger, f"more-{number}", START + timedelta(days=110), 0.3)
        found(ledger, f"more-{number}", int(number % 10 < 3), START + timedelta(days=120))
    second = audit_ledger(ledger, asked(model, days=210))
    looks = [(one["fraction"], one["spent"]) for one in ledger.runs(MODEL, "1.0.0")]
    assert [fraction for fraction, _ in looks] == [pytest.approx(200 / 600), None, pytest.approx(350 / 600)]
    assert idle.document["last_look"]["outcome"] == first.document["outcome"]
    assert (first.alpha or 0) < (second.alpha or 0) < 0.05


def test_another_plan_has_looks_of_its_own(ledger: Ledger, model: Model) -> None:
    """Changing the plan starts the count anew."""
    cohort(ledger, 100)
    audit_ledger(ledger, asked(model))
    other = MonitorPlan(window_days=60, delay_days=30, attributes=("sex",), claims=SEX, planned=400)
    assert audit_ledger(ledger, asked(model, days=201, plan=other)).found.turn.number == 1


def test_small_groups_are_nowhere_in_the_report(ledger: Ledger, model: Model, tmp_path: Path) -> None:
    """A group of seven has no count, rate or bound in the file, and neither has its complement."""
    cohort(ledger, 60)
    for number in range(7):
        predict(ledger, f"rare-{number}", p=0.3, groups={"sex": ["unknown"]})
        found(ledger, f"rare-{number}", 1, START + timedelta(days=30))
    audit_ledger(ledger, asked(model), tmp_path)
    told = json.loads((tmp_path / "monitor.json").read_bytes())
    rare = next(one for one in told["groups"] if one["value"] == "unknown")
    assert (rare["n"], rare["events"]) == (None, None)
    assert {one["state"] for one in rare["metrics"]} == {"masked"}
    assert None in [one["n"] for one in told["groups"] if one["value"] in ("female", "male")]
    assert {one["state"] for one in told["bounds"]} == {"masked"}
    silent = next(one for one in told["silence"] if one["value"] == "unknown")
    assert silent["n"] is None


def test_a_report_of_a_few_more_does_not_tell_the_difference(ledger: Ledger, model: Model) -> None:
    """Three more women between two reports: the later report withholds the count."""
    cohort(ledger, 60)
    first = audit_ledger(ledger, asked(model))
    for number in range(3):
        predict(ledger, f"late-{number}", START + timedelta(days=2), 0.3)
        found(ledger, f"late-{number}", 1, START + timedelta(days=30))
    second = audit_ledger(ledger, asked(model, days=201))
    counts = [
        next(one["n"] for one in audit.document["groups"] if one["value"] == "female")
        for audit in (first, second)
    ]
    assert counts == [60, None]


def test_thresholds_of_an_earlier_report_stay(ledger: Ledger, model: Model) -> None:
    """A plan with another threshold does not tell how few lie between that and the earlier one."""
    cohort(ledger, 60)
    for number, threshold in enumerate((0.3, 0.31)):
        claim = LevelClaim(metric="sensitivity", threshold=threshold, at_least=0.2)
        plan = MonitorPlan(window_days=60, delay_days=30, attributes=("sex",), claims=(claim,))
        audit = audit_ledger(ledger, asked(model, days=200 + number, plan=plan))
    assert set(audit.tally.grid.thresholds) >= {0.3, 0.31}


def test_groups_as_known_now_move_patients(ledger: Ledger, model: Model) -> None:
    """Sex recorded later counts in the audit as known now and not in that as known then."""
    for number in range(60):
        predict(ledger, f"p{number}", p=0.3, groups={"sex": ["absent"]})
        found(ledger, f"p{number}", number % 2, START + timedelta(days=30))
        predict(ledger, f"p{number}", START + timedelta(days=9), 0.3, {"sex": ["female"]})
    then = audit_ledger(ledger, asked(model))
    now = audit_ledger(ledger, asked(model, days=201, groups_as="now"))
    assert [one["value"] for one in then.document["groups"]] == ["all", "absent"]
    assert [one["value"] for one in now.document["groups"]] == ["all", "female"]


def test_shadow_predictions_are_judged_and_said_to_be_silent(ledger: Ledger, model: Model) -> None:
    """A model in the shadow is scored and judged; its silence is not counted as silence."""
    for number in range(60):
        predict(ledger, f"p{number}", p=0.3, decision="silent", reason="shadow", card_uuid=None, card=None)
        found(ledger, f"p{number}", int(number % 10 < 3), START + timedelta(days=30))
    document = audit_ledger(ledger, asked(model)).document
    assert document["shadow"]["told"] is True
    assert document["labels"]["mature"] == 60
    rates = {one["name"]: one["value"] for one in document["silence"][0]["metrics"]}
    assert (rates["no_card_rate"], rates["missing_input_rate"]) == (0.0, 1.0)
    assert document["responses"] == []


def test_responses_are_clustered_by_clinician(ledger: Ledger, model: Model) -> None:
    """Cards without an answer are no-response, with an interval by clinician."""
    cohort(ledger, 60)
    rates = {
        one["name"]: one for one in audit_ledger(ledger, asked(model)).document["responses"][0]["metrics"]
    }
    assert rates["no_response_rate"]["value"] == 1.0
    assert rates["no_response_rate"]["low"] < 0.8


def test_the_report_names_nobody(ledger: Ledger, model: Model, tmp_path: Path) -> None:
    """Neither keys nor clinicians are in the file."""
    cohort(ledger, 20)
    audit_ledger(ledger, asked(model), tmp_path)
    text = (tmp_path / "monitor.json").read_text()
    keys = {row["patient_key"] for row in ledger.predictions(MODEL, "1.0.0", NOW)}
    assert not any(key in text for key in keys)
    assert "Practitioner" not in text


def test_equal_ledgers_make_equal_reports(ledger: Ledger, model: Model, tmp_path: Path) -> None:
    """Nothing but the ledger and the moment is in the bytes."""
    predict(ledger, "one")
    audit_ledger(ledger, asked(model), tmp_path / "a")
    audit_ledger(ledger, asked(model), tmp_path / "b")
    assert (tmp_path / "a" / "monitor.json").read_bytes() == (tmp_path / "b" / "monitor.json").read_bytes()


def test_a_report_beside_it_is_remembered(ledger: Ledger, model: Model) -> None:
    """What another report told comes back to the next one."""
    cohort(ledger, 60)
    seen: list[Release | None] = []

    def report(audit: LedgerAudit) -> Release:
        seen.append(audit.before)
        return Release(told={})

    audit_ledger(ledger, asked(model), report=report)
    audit_ledger(ledger, asked(model, days=201), report=report)
    assert seen == [None, Release()]


def test_an_audit_that_cannot_be_written_is_no_look(ledger: Ledger, model: Model, tmp_path: Path) -> None:
    """The look is recorded after the report, so that a failed run spends nothing."""
    cohort(ledger, 60)
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(FileExistsError):
        audit_ledger(ledger, asked(model), tmp_path / "taken")
    assert ledger.runs(MODEL, "1.0.0") == []


def test_two_audits_do_not_take_one_look_twice(url: str, ledger: Ledger, model: Model) -> None:
    """While one is under way, another one is refused and a scheduled run steps back."""
    with Ledger(url) as other, other.exclusively(f"monitor {MODEL} 1.0.0"):
        with pytest.raises(LedgerUnavailable, match="under way"):
            audit_ledger(ledger, asked(model))
        assert run(ledger, asked(model), Path("unused")).state == "under-way"


def test_a_failing_claim_becomes_a_decision_once(ledger: Ledger, model: Model, tmp_path: Path) -> None:
    """The monitor decides for the group until a day, alerts, and does not repeat what stands."""
    cohort(ledger, 200, risk=(0.6, 0.3))
    first = run(ledger, asked(model), tmp_path)
    women = [one for one in first.decisions if one.groups]
    assert [(one.action, one.groups[0]["value"]) for one in women] == [("withhold", "female")]
    assert "claim-broken" in {alert.kind for alert in first.alerts}
    again = run(ledger, asked(model, days=201), tmp_path)
    assert again.decisions == ()
    assert len(ledger.decisions(MODEL)) == len(first.decisions)


def test_a_decision_that_stands_is_not_made_again_and_a_lifted_one_is(
    ledger: Ledger, model: Model, tmp_path: Path
) -> None:
    """A second failing look repeats nothing; after an owner has lifted the decision it decides anew."""
    cohort(ledger, 100, risk=(0.9, 0.3))
    plan = msgspec.structs.replace(PLAN, planned=300)
    (first, *_) = [one for one in run(ledger, asked(model, plan=plan), tmp_path).decisions if one.groups]
    made = []
    for look in (1, 2):
        for number in range(50):
            predict(ledger, f"more-{look}-{number}", START + timedelta(days=1), 0.3)
            found(ledger, f"more-{look}-{number}", int(number % 10 < 7), START + timedelta(days=30))
        made.append(
            [one for one in run(ledger, asked(model, 200 + look, plan), tmp_path).decisions if one.groups]
        )
        (row,) = [one for one in ledger.decisions(MODEL) if one["groups"]][:1]
        ledger.record_decision(
            DecisionEntry(model=MODEL, version="1.0.0", action="lift", source="override", owner="Dr Okafor",
                          reason="mended", decided_at=NOW, lifts=row["digest"])
        )  # fmt: skip
    assert [[one.groups for one in again] for again in made] == [[], [first.groups]]


def test_a_spread_that_fails_is_decided_for_its_attribute(
    ledger: Ledger, model: Model, tmp_path: Path
) -> None:
    """The largest gap belongs to no single group, so the decision is on everybody with the attribute."""
    cohort(ledger, 200, risk=(0.7, 0.2))
    spread = (SpreadClaim(metric="prevalence", attributes=("sex",), margin=0.1),)
    plan = MonitorPlan(window_days=60, delay_days=30, attributes=("sex",), claims=spread, planned=400)
    ran = run(ledger, asked(model, plan=plan), tmp_path)
    assert [list(one.groups) for one in ran.decisions] == [[{"attribute": "sex", "value": "all"}]]


def test_an_estimate_of_a_claims_own_threshold_is_made(ledger: Ledger, model: Model) -> None:
    """A claim may name a threshold that the card does not use."""
    cohort(ledger, 60)
    claim = (LevelClaim(metric="selection_rate", threshold=0.25, at_least=0.1),)
    plan = MonitorPlan(window_days=60, delay_days=30, attributes=("sex",), claims=claim, planned=120)
    assert outcomes(audit_ledger(ledger, asked(model, plan=plan))) == {"all": "pass"}


def test_a_run_is_due_after_its_period(ledger: Ledger, model: Model, tmp_path: Path) -> None:
    """A run within the period of the last one does nothing."""
    week = timedelta(days=7)
    states = [run(ledger, asked(model, days=day), tmp_path, week).state for day in (1, 7.9, 8)]
    assert states == ["done", "not-due", "done"]


def test_drift_of_an_input_is_told_with_its_null(ledger: Ledger, model: Model) -> None:
    """Everybody aged fifty is not the reference population."""
    cohort(ledger, 60)
    rows = audit_ledger(ledger, asked(model, days=30)).document["drift"]
    age = next(one for one in rows if one["name"] == "age" and one["against"] == "reference population")
    assert age["is_drift"] is True
    assert age["psi"] > age["psi_95"] > age["psi_expected"]
