"""What is read back from an earlier report: the counts that it told, and that it withheld others."""

import numpy as np
from report_samples import ABOUT, people

from fairness.disclosure import Cell, Look, suppress
from fairness.engine import flag_tally
from fairness.engine.continuous import continuous
from fairness.engine.multiclass import classes_outcome, ordinal_outcome
from fairness.engine.row_sample import RowSample
from fairness.groups import Membership
from fairness.report.build import build
from fairness.report.cells import report_table
from fairness.report.earlier import look_of
from fairness.report.plan import Plan
from fairness.report.row_cells import table_of_rows
from fairness.report.row_report import build_rows
from fairness.report.silence import with_silence

CROSSINGS = (("sex", "race"),)


def look(small: int = 4) -> Look:
    """Of a report with withheld groups and intersections."""
    return look_of(build(people(small=small), ABOUT, Plan(crossings=CROSSINGS)).report)


def test_every_count_that_is_read_back_is_the_count() -> None:
    """Shares are turned into people without an error of one."""
    table = report_table(people(), CROSSINGS)
    assert look().told.items() <= dict(table.counts).items()
    assert {cell.kind for cell in look().told} >= {"n", "events", "tp@0.2", "fp@0.2", "selected@0.2"}


def test_no_count_that_was_withheld_is_read_back_as_told() -> None:
    """What is not told is known to be withheld, without a number."""
    table = report_table(people(), CROSSINGS)
    hidden = suppress(table)
    assert not set(look().told) & hidden
    assert Cell("n", ()) in look().told
    assert set(look().withheld.values()) == {None}
    assert {cell for cell in hidden if cell.kind in ("n", "events")} <= set(look().withheld)


def test_shares_of_amounts_and_of_silence_are_read_back() -> None:
    """Who lies in the predicted interval, and who got no answer."""
    rng = np.random.default_rng(3)
    y, sex = rng.gamma(9.0, 4.0, 900), (["f", "m", "m"] * 300)
    outcome = continuous(y, y + rng.normal(0.0, 5.0, 900), (y - 3.0, y + rng.uniform(-1.0, 9.0, 900)))
    at = np.arange(1000)
    silent = flag_tally(
        {"abstained": at >= 900, "unmatured": at < 0, "no_card": at % 7 == 0},
        {"sex": [*sex, *["f", "m"] * 50]},
    )
    sample = RowSample(outcome, {"sex": sex}, 900)
    report = build_rows(sample, "continuous", ABOUT, Plan(), silent).report
    table = with_silence(table_of_rows(sample.evaluate()), silent, ())
    told = look_of(report).told
    assert told.items() <= dict(table.counts).items()
    assert {cell.kind for cell in told} >= {"people", "abstained", "no_card", "yes:interval_coverage"}


def test_counts_of_classes_are_read_back_from_the_limits_of_their_shares() -> None:
    """The number of people of a class is not written in a report, and yet it is told."""
    rng = np.random.default_rng(5)
    scores = rng.dirichlet([2.0, 2.0, 2.0], 1200)
    seen = [("low", "mid", "high")[at] for at in (scores.cumsum(axis=1) < rng.random((1200, 1))).sum(axis=1)]
    given = [("low", "mid", "high")[at] for at in scores.argmax(axis=1)]
    classes, sex = ("low", "mid", "high"), ["f", "m"] * 600
    expected = {"class:mid", "others:mid", "right:mid", "missed:mid", "given:mid", "wrong:mid"}
    for kind, outcome, kinds in (
        ("multi-class", classes_outcome(seen, scores, classes), expected),
        ("ordinal", ordinal_outcome(seen, given, classes), {"beside", "no:accuracy"}),
    ):
        sample = RowSample(outcome, {"sex": sex}, 1200)
        told = look_of(build_rows(sample, kind, ABOUT, Plan()).report).told
        assert told.items() <= dict(table_of_rows(sample.evaluate()).counts).items()
        assert {cell.kind for cell in told if cell.group} >= kinds


def test_everybody_in_a_group_is_read_back_where_only_cards_are_told() -> None:
    """One share of silence is enough to tell of how many people it is a share."""
    rng = np.random.default_rng(8)
    at, sex, y = np.arange(1000), np.array(["f", "m"] * 500), rng.gamma(9.0, 4.0, 1000)
    whole = at >= 24
    flags = {"abstained": at < 12, "unmatured": (at >= 12) & ~whole, "no_card": at % 7 == 0}
    silent = flag_tally(flags, {"sex": sex})
    sample = RowSample(continuous(y[whole], y[whole] + 1.0), {"sex": sex[whole]}, 976)
    report = build_rows(sample, "continuous", ABOUT, Plan(), silent).report
    woman = report.group("sex", "f")
    states = {one.name: one.state for one in woman.metrics}
    assert (states["abstained_rate"], states["no_card_rate"]) == ("masked", "ok")
    told = look_of(report).told
    assert told[Cell("people", (Membership("sex", "f"),))] == 500
    assert told.items() <= dict(with_silence(table_of_rows(sample.evaluate()), silent, ()).counts).items()
