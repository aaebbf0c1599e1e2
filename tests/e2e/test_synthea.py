"""Every synthetic patient through the front door: no failure, and every silence has a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hospital import DIABETES, Hospital

from cds_hooks.ehr.bundle_file import PatientBundle, read_patient
from cds_hooks.ehr.conformance import violations
from models.registry import Registry

# A chart in which nothing was ever measured is visited on this day.
SOME_DAY = datetime(2021, 1, 1, tzinfo=UTC)


@pytest.mark.slow
def test_the_charts_of_a_whole_practice(
    samples_folder: Path,
    tmp_path: Path,
    catalogue: Registry,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each chart, opened on the day after its last result, is answered, and the ledger accounts for it."""
    clock = [SOME_DAY]
    practice = Hospital(tmp_path, catalogue, clock=lambda: clock[0])
    statuses: Counter[int] = Counter()
    breaches: list[str] = []
    for path in sorted((samples_folder / "synthea-r4-clinical").glob("*.json.gz")):
        chart = read_patient(path)
        clock[0] = _day_after_the_last_result(chart)
        (request,) = practice.requests(chart, "patient-view")
        answer = practice.post(request.body, request.service)
        statuses[answer.status_code] += 1
        breaches += violations(answer.get_json())
    decisions = practice.ledger.counts()["decisions"]
    practice.close()
    with capsys.disabled():
        print("\n" + _table(decisions))
    assert set(statuses) == {200}
    assert breaches == []
    assert {row["model"] for row in decisions} == {DIABETES}
    assert sum(row["n"] for row in decisions) == statuses[200]
    assert {row["decision"] for row in decisions} >= {"card", "silent"}
    assert all(row["decision"] == "card" or row["reason"] for row in decisions)


def _day_after_the_last_result(chart: PatientBundle) -> datetime:
    dates = [found["effectiveDateTime"] for found in chart.of_type("Observation")]
    latest = max(map(datetime.fromisoformat, dates), default=SOME_DAY)
    return latest.astimezone(UTC) + timedelta(days=1)


def _table(decisions: Sequence[dict[str, Any]]) -> str:
    return "\n".join(f"{row['decision']:<8} {row['reason'] or '-':<24} {row['n']:>4}" for row in decisions)
