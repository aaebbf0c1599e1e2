"""Reports on survival, several classes, ordered classes and amounts: every view shows the same figures."""

import csv
import io
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from page_reading import Page
from pypdf import PdfReader

from fairness.engine import flag_tally
from fairness.engine.continuous import continuous
from fairness.engine.multiclass import classes_outcome, ordinal_outcome
from fairness.engine.row_sample import RowOutcome, RowSample
from fairness.engine.survival import survival_outcome
from fairness.report import html, pdf
from fairness.report.content.tables import group_name
from fairness.report.csv_view import to_csv
from fairness.report.measure import to_measure
from fairness.report.model import Kind, MetricRow, Report
from fairness.report.plan import About, Plan
from fairness.report.row_report import build_rows
from fairness.report.words import metric_name, number

N = 900
CLASSES = ("low", "middle", "high")
KINDS: tuple[Kind, ...] = ("survival", "multi-class", "ordinal", "continuous")


def outcome(kind: Kind, seed: int) -> RowOutcome:
    """An outcome of 900 people."""
    rng = np.random.default_rng(seed)
    if kind == "survival":
        x = rng.normal(size=N)
        died, lost = rng.exponential(np.exp(-x)), rng.exponential(2.0, N)
        return survival_outcome(np.minimum(died, lost), died <= lost, -np.expm1(-np.exp(x)), 1.0)
    if kind == "continuous":
        y = rng.gamma(9.0, 4.0, N)
        guess = y + rng.normal(0.0, 5.0, N)
        return continuous(y, guess, (guess - 8.0, guess + 8.0))
    p = rng.dirichlet([1.0, 2.0, 2.0], N)
    y = [CLASSES[rng.choice(3, p=row)] for row in p]
    if kind == "ordinal":
        return ordinal_outcome(y, [CLASSES[at] for at in p.argmax(axis=1)], CLASSES)
    return classes_outcome(y, p, CLASSES)


@cache
def report(kind: Kind, created: str = "2026-03-31", seed: int = 3) -> Report:
    """By sex with a small group, by site with intersections, and with people who got no answer."""
    at = np.arange(N + 120)
    sex = np.where(at < 4, "other", np.where(at % 2 == 0, "female", "male"))
    site = np.where(at % 3 == 0, "north", "south")
    silence = flag_tally(
        {"abstained": (at >= N) & (at < N + 80), "unmatured": at >= N + 80, "no_card": at % 5 == 0},
        {"sex": sex.tolist(), "site": site.tolist()},
    )
    groups = {"sex": sex[:N].tolist(), "site": site[:N].tolist()}
    sample = RowSample(outcome(kind, seed), groups, N, tuple(silence.counts))
    about = About(title="A title", source="predictions.csv", created=created)
    return build_rows(sample, kind, about, Plan(crossings=(("sex", "site"),)), silence).report


def numbers(row: MetricRow) -> tuple[float, ...]:
    """Value and limits."""
    return tuple(one for one in (row.value, row.low, row.high) if one is not None)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_shows_every_figure_once_and_in_full(kind: Kind) -> None:
    """Each figure of each group stands in one table, to the last digit."""
    page = Page(html.page(report(kind), earlier=[report(kind, "2026-02-28", 4)]))
    for group in report(kind).groups:
        name = group_name(group.attribute, group.label)
        for row in group.metrics:
            column = metric_name(row.name, row.threshold)
            found = [
                table.cell(name, one).numbers
                for table in page.tables
                for one in (column, f"{column}, raw")
                if not table.caption.startswith("Gap to") and one in table.columns and name in table.rows
            ]
            assert found == [numbers(row)], (name, column)


@pytest.mark.parametrize("kind", KINDS)
def test_table_and_measure_report_hold_the_figures_of_the_json(kind: Kind) -> None:
    """The CSV file in the order of the report; the FHIR report per metric, for everybody."""
    told = [row for group in report(kind).groups for row in group.metrics]
    lines = [
        line for line in csv.DictReader(io.StringIO(to_csv(report(kind)))) if line["section"] == "metric"
    ]
    assert [
        tuple(float(line[part]) for part in ("figure", "low", "high") if line[part]) for line in lines
    ] == [numbers(row) for row in told]
    measured = json.loads(to_measure(report(kind)))["entry"][1]["resource"]["group"]
    everybody = report(kind).groups[0].metrics
    assert [one["measureScore"].get("value") for one in measured] == [row.value for row in everybody]


@pytest.mark.parametrize("kind", KINDS)
def test_the_pdf_shows_every_figure_with_its_limits(kind: Kind, tmp_path: Path) -> None:
    """Value and interval stand together in the text."""
    pdf.write(report(kind), tmp_path / "report.pdf")
    pages = PdfReader(tmp_path / "report.pdf").pages
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
    for group in report(kind).groups:
        for row in group.metrics:
            if row.value is not None and row.low is not None and row.high is not None:
                value, low, high = (number(one, row.name) for one in (row.value, row.low, row.high))
                assert f"{value} {low} to {high}" in text, (group.label, row.name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_withheld_group_is_a_word_everywhere(kind: Kind) -> None:
    """Four people are told in no view, nor what would give them away."""
    other = report(kind).group("sex", "other")
    assert other.n is None
    assert {row.value for row in other.metrics} == {None}
    assert sum(row.n is None for row in report(kind).groups if row.attribute == "sex") >= 2


@pytest.mark.parametrize(("kind", "title"), [
    ("survival", "AUC at the horizon at each look"),
    ("multi-class", "Accuracy at each look"),
    ("ordinal", "Within one class at each look"),
    ("continuous", "Mean absolute error at each look"),
])  # fmt: skip
def test_the_trend_follows_the_figures_of_the_kind(kind: Kind, title: str) -> None:
    """Earlier reports are looks, whatever the outcome."""
    page = html.page(report(kind), earlier=[report(kind, "2026-02-28", 4)])
    assert title in page
    assert "Trend over time" not in html.page(report(kind))
