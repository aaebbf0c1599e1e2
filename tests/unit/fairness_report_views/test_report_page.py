"""The page shows the figures of the report, all of them and nothing that is withheld, to everybody."""

import csv
import io
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_reading import Page
from view_samples import people, sample

from fairness.engine import evaluate
from fairness.report import html
from fairness.report.content.tables import group_name
from fairness.report.continuous import build_continuous
from fairness.report.csv_view import to_csv
from fairness.report.model import GroupRow, MetricRow, Report
from fairness.report.plan import About
from fairness.report.words import metric_name


@pytest.fixture(scope="module")
def report() -> Report:
    return sample()


@pytest.fixture(scope="module")
def page(report: Report) -> Page:
    return Page(html.page(report, earlier=[sample(2500, 1, created="2025-12-31")]))


def _shown(page: Page, group: GroupRow, row: MetricRow) -> list[tuple[float, ...]]:
    """The exact numbers of every table cell that shows a figure."""
    name, column = group_name(group.attribute, group.label), metric_name(row.name, row.threshold)
    tables = [table for table in page.tables if table.caption.split(":")[0] not in _ELSEWHERE]
    columns = (column, f"{column}, raw")
    return [
        table.cell(name, one).numbers
        for table in tables
        for one in columns
        if one in table.columns and name in table.rows
    ]


_ELSEWHERE = ("Gap to everybody else",)


def _numbers(row: MetricRow) -> tuple[float, ...]:
    return tuple(number for number in (row.value, row.low, row.high) if number is not None)


def test_page_shows_every_figure_of_the_json_cell_by_cell(report: Report, page: Page) -> None:
    """Value and limits of every group and metric stand in exactly one table, to the last digit."""
    stored = msgspec.json.decode(msgspec.json.encode(report), type=Report)
    for group in stored.groups:
        for row in group.metrics:
            assert _shown(page, group, row) == [_numbers(row)]


def test_page_shows_every_gap_of_the_json(report: Report, page: Page) -> None:
    """Each gap and its limits stand in the table of gaps, to the last digit."""
    for gap in report.gaps:
        column = metric_name(gap.metric, gap.threshold) + (" (ratio)" if gap.metric == "o_e" else "")
        name = group_name(gap.attribute, gap.label)
        tables = [table for table in page.having(column, name) if table.caption.startswith("Gap to")]
        wanted = tuple(number for number in (gap.gap, gap.low, gap.high) if number is not None)
        assert [table.cell(name, column).numbers for table in tables] == [wanted]


def test_page_and_csv_show_the_same_figures(report: Report, page: Page) -> None:
    """Every figure of the CSV file is in the page."""
    rows = [row for row in csv.DictReader(io.StringIO(to_csv(report))) if row["section"] == "metric"]
    assert len(rows) == sum(len(group.metrics) for group in report.groups)
    for row in rows:
        name = group_name(row["attribute"], row["label"])
        threshold = float(row["threshold"]) if row["threshold"] else None
        metric = MetricRow(
            name=row["metric"], threshold=threshold, value=None, low=None, high=None, state="ok"
        )
        group = next(one for one in report.groups if group_name(one.attribute, one.label) == name)
        wanted = tuple(float(row[part]) for part in ("figure", "low", "high") if row[part])
        assert _shown(page, group, metric) == [wanted]


def test_counts_of_the_groups_are_those_of_the_json(report: Report, page: Page) -> None:
    """People and events of each group stand in the table of the groups, or the word withheld."""
    table = next(table for table in page.tables if table.caption.startswith("Groups, and whether"))
    for group in report.groups:
        name = group_name(group.attribute, group.label)
        for column, count in (("People", group.n), ("With outcome", group.events)):
            cell = table.cell(name, column)
            assert (cell.text if count is None else cell.numbers) == (
                "withheld" if count is None else (count,)
            )


def test_a_withheld_figure_is_nowhere_in_the_page(report: Report) -> None:
    """The true values behind every masked figure occur in no cell, attribute, comment or coordinate."""
    text = html.page(report)
    told = {number for group in report.groups for row in group.metrics for number in _numbers(row)}
    true = evaluate(people(), crossings=(("sex", "race"),))
    masked = [
        true.group(group.attribute, group.value).metric(row.name, row.threshold)
        for group in report.groups
        for row in group.metrics
        if row.state == "masked"
    ]
    hidden = {one.value for one in masked if one.value is not None and len(repr(one.value)) > 12} - told
    assert len(hidden) > 50
    assert not [value for value in hidden if repr(value)[:10] in text]


def test_a_withheld_row_holds_no_digit(report: Report, page: Page) -> None:
    """The cells of a group that is withheld whole are words, but for what an earlier report told."""
    gone = [group for group in report.groups if group.n is None]
    assert gone
    for group in gone:
        name = group_name(group.attribute, group.label)
        for table in page.tables:
            if table.caption.startswith("Verdict per claim") or table.caption.endswith("at each look"):
                continue
            assert not any(cell.numbers for cell in table.rows.get(name, ()))


def test_page_needs_nothing_from_elsewhere(report: Report) -> None:
    """No script, no link to another file, no address in a style."""
    text = html.page(report)
    assert not re.search(r"<script|<link|<img|<iframe|https?://|@import|url\(|\ssrc=", text)


def test_page_is_the_same_when_made_again(report: Report, tmp_path: Path) -> None:
    """Writing a report twice gives the same bytes."""
    for name in ("a.html", "b.html"):
        html.write(report, tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_every_table_heading_says_what_it_heads(page: Page) -> None:
    """Each `th` has a scope, and each table is in a region that the keyboard reaches."""
    scopes = [found.get("scope") for tag, found in page.tags if tag == "th"]
    regions = [found for tag, found in page.tags if found.get("role") == "region"]
    assert set(scopes) == {"row", "col"}
    assert len(regions) == len(page.tables)
    assert all(found.get("tabindex") == "0" and found.get("aria-labelledby") for found in regions)


def test_every_chart_has_a_title_and_a_description(page: Page) -> None:
    """Each chart is an image with a name; decorative symbols are hidden."""
    drawn = [found for tag, found in page.tags if tag == "svg"]
    charts = [found for found in drawn if found.get("role") == "img"]
    ids = {found["id"] for _, found in page.tags if "id" in found}
    assert charts
    assert all(set((found["aria-labelledby"] or "").split()) <= ids for found in charts)
    assert all(found.get("aria-hidden") == "true" for found in drawn if found not in charts)


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    """No id occurs twice, and every link in the page has a target."""
    ids = [found["id"] for _, found in page.tags if "id" in found]
    links = [(found["href"] or "").removeprefix("#") for tag, found in page.tags if tag == "a"]
    assert len(ids) == len(set(ids))
    assert set(links) <= set(ids)


def test_page_names_its_language(page: Page) -> None:
    """The page says that it is English."""
    assert dict(page.tags)["html"] == {"lang": "en"}


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_text_from_the_data_never_becomes_markup(text: str) -> None:
    """A title, a label or a reason with markup in it is shown as text."""
    hostile = f"<script>&\"'{text}"
    small = msgspec.structs.replace(sample(), gaps=(), verdicts=(), curves=(), needed=())
    group = msgspec.structs.replace(small.groups[0], label=hostile, attribute="site")
    changed = msgspec.structs.replace(small, title=hostile, source=hostile, notes=(hostile,), groups=(group,))
    assert "script" not in {tag for tag, _ in Page(html.page(changed)).tags}


def test_a_continuous_outcome_has_no_column_of_events() -> None:
    """Bias and errors of a dose are shown, and nobody is said to have "the outcome"."""
    rng = np.random.default_rng(0)
    y, sex = rng.gamma(4.0, 8.0, 400), ["female", "male"] * 200
    built = build_continuous(y, y + rng.normal(2.0, 5.0, 400), {"sex": sex}, About(title="t", source="s"))
    page = Page(html.page(built.report))
    assert len(page.having("Bias", "Sex: Female")) == 2  # the figures, and the gaps
    assert not page.having("With outcome", "Sex: Female")


def test_a_report_without_figures_is_still_a_page(report: Report) -> None:
    """Without groups, curves, claims and notes the fixed sections are still there."""
    empty = msgspec.structs.replace(
        report, kind="continuous", n=None, events=None, thresholds=(), groups=(), gaps=(), verdicts=(),
        curves=(), needed=(), checks=(), notes=(), outcome="no claim",
    )  # fmt: skip
    ids = {found.get("id") for _, found in Page(html.page(empty)).tags}
    assert {"summary", "verdicts", "limits", "method", "reproducibility"} <= ids
