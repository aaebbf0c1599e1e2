"""JSON, CSV and FHIR: one report, the same cells."""

import csv
import io
import json
import warnings
from typing import Any

import numpy as np
from report_samples import ABOUT, people, report

from fairness.engine import tally
from fairness.report.build import build
from fairness.report.continuous import build_continuous
from fairness.report.csv_view import to_csv
from fairness.report.json_view import from_json, to_json
from fairness.report.measure import to_measure
from fairness.report.model import Report
from fairness.report.plan import Plan
from fairness.verdicts import GapClaim, LevelClaim

CROSSED = Plan(crossings=(("sex", "race"),))
CLAIMS = (LevelClaim(metric="auroc", at_least=0.6), GapClaim(metric="auroc", attributes=("sex",), margin=0.1))


def lines(found: Report) -> list[dict[str, str]]:
    """The lines of the CSV view."""
    return list(csv.DictReader(io.StringIO(to_csv(found))))


def resources(found: Report) -> dict[str, dict[str, Any]]:
    """The resources of the FHIR view by type."""
    entries = json.loads(to_measure(found))["entry"]
    return {entry["resource"]["resourceType"]: entry["resource"] for entry in entries}


def text(value: float | None) -> str:
    """A number as the CSV writes it."""
    return "" if value is None else str(value)


def test_json_comes_back_as_the_same_report() -> None:
    """Decoding report.json gives the report."""
    found = report(plan=CROSSED)
    assert from_json(to_json(found)) == found


def test_json_has_the_shape_that_is_promised() -> None:
    """Groups hold attribute, value, n, events and metrics of name, value, low, high and state."""
    content = json.loads(to_json(report()))
    group = content["groups"][1]
    assert {"attribute", "value", "n", "events", "metrics"} <= group.keys()
    assert {"name", "value", "low", "high", "state"} <= group["metrics"][0].keys()
    assert {"gaps", "verdicts"} <= content.keys()


def test_csv_agrees_with_the_report_cell_by_cell() -> None:
    """Every metric of every group stands in the CSV with the same value, limits and state."""
    found = report(plan=CROSSED)
    ours = [
        (row.attribute, row.value, one.name, text(one.threshold), text(one.value), text(one.low),
         text(one.high), one.state)
        for row in found.groups for one in row.metrics
    ]  # fmt: skip
    columns = ("attribute", "value", "metric", "threshold", "figure", "low", "high", "state")
    theirs = [tuple(line[name] for name in columns) for line in lines(found) if line["section"] == "metric"]
    assert theirs == ours


def test_csv_holds_every_gap_and_verdict() -> None:
    """As many lines as gaps and verdicts, with their figures."""
    found = report(plan=Plan(claims=CLAIMS))
    written = lines(found)
    gaps = [line["figure"] for line in written if line["section"].startswith("gap")]
    verdicts = [line["outcome"] for line in written if line["section"].startswith("verdict")]
    assert gaps == [text(gap.gap) for gap in found.gaps]
    assert verdicts == [row.outcome for row in found.verdicts]


def test_csv_gives_a_spreadsheet_nothing_to_run() -> None:
    """A group called like a formula is written as text."""
    values = ["=1+1", "@x", "-2", "plain"] * 50
    found = build(tally(np.arange(200) % 2, np.linspace(0.1, 0.9, 200), {"site": values}), ABOUT).report
    assert {line["value"][0] for line in lines(found) if line["section"] == "group"} == {"'", "a", "p"}


def test_fhir_is_valid_r4b() -> None:
    """Measure and MeasureReport are valid under fhir.resources R4B and come back unchanged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fhir.resources.R4B.bundle import Bundle
    stored = to_measure(report(plan=CROSSED))
    parsed = Bundle.model_validate_json(stored)
    assert json.loads(parsed.model_dump_json()) == json.loads(stored)


def test_fhir_of_a_continuous_outcome_is_valid_r4b() -> None:
    """A report without events has no population of events."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fhir.resources.R4B.bundle import Bundle
    rng = np.random.default_rng(0)
    sex = np.array(["female", "male"])[np.arange(200) % 2]
    found = build_continuous(rng.normal(size=200), rng.normal(size=200), {"sex": sex}, ABOUT).report
    Bundle.model_validate_json(to_measure(found))
    assert "events" not in to_measure(found).decode()


def test_fhir_has_one_group_per_metric_and_one_stratum_per_group() -> None:
    """Metrics are groups, attributes stratifiers, values strata, with the same scores as the report."""
    found = report()
    groups = resources(found)["MeasureReport"]["group"]
    assert len(groups) == len(found.groups[0].metrics)
    for at, group in enumerate(groups):
        strata = [stratum for one in group["stratifier"] for stratum in one["stratum"]]
        scores = [stratum["measureScore"].get("value") for stratum in strata]
        assert scores == [row.metrics[at].value for row in found.groups[1:]]


def test_fhir_masks_counts() -> None:
    """A count that is withheld is a data-absent-reason `masked` and no number."""
    found = report()
    strata = resources(found)["MeasureReport"]["group"][0]["stratifier"][1]["stratum"]
    small = next(stratum for stratum in strata if stratum["value"]["text"] == "islander")
    for population in small["population"]:
        assert "count" not in population
        assert population["_count"]["extension"][0]["valueCode"] == "masked"
    assert small["measureScore"]["extension"][0]["valueCode"] == "masked"


def test_fhir_says_intersections_in_components() -> None:
    """An intersection is a stratum with one component per attribute."""
    found = report(people(small=0), CROSSED)
    stratifiers = resources(found)["MeasureReport"]["group"][0]["stratifier"]
    crossed = stratifiers[-1]["stratum"]
    assert {len(stratum["component"]) for stratum in crossed} == {2}
    assert len(crossed) == 6


def test_fhir_tells_an_undefined_figure_from_a_masked_one() -> None:
    """A figure that has no value is `not-applicable`."""
    counts = tally(np.zeros(100), np.linspace(0.1, 0.9, 100), {"sex": ["female"] * 50 + ["male"] * 50})
    found = resources(build(counts, ABOUT).report)["MeasureReport"]["group"]
    auroc = next(group for group in found if group["code"]["coding"][0]["code"] == "auroc")
    assert auroc["measureScore"]["extension"][0]["valueCode"] == "not-applicable"
