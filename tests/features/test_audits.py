"""The audits of the feature file, each from a file of predictions by the command."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from pytest_bdd import given, parsers, scenarios, then, when

from cds_hooks.cli.audit import audit

scenarios("audits.feature")
N = 1200
GRADES = ("low", "middle", "high")


class Desk:
    """A compliance officer's desk: predictions, how they are audited, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.columns: dict[str, Any] = {"sex": ["female", "male"] * (N // 2)}
        self.options: list[str] = []
        self.answer, self.exit_code = "", -1

    def ask(self, out: str, *options: str) -> None:
        """Audit the predictions by sex."""
        path = self.folder / "predictions.parquet"
        pq.write_table(pa.table(self.columns), path)
        start = ["--predictions", str(path), "--group", "sex", "--out", str(self.folder / out)]
        done = CliRunner().invoke(audit, [*start, *self.options, *options])
        self.answer, self.exit_code = done.output, done.exit_code

    @property
    def report(self) -> dict[str, Any]:
        """What report.json holds."""
        content: dict[str, Any] = json.loads((self.folder / "report" / "report.json").read_bytes())
        return content

    def group(self, value: str) -> dict[str, Any]:
        """One group of it."""
        found: dict[str, Any] = next(row for row in self.report["groups"] if row["value"] == value)
        return found

    def figure(self, value: str, name: str) -> float | None:
        """One figure of a group."""
        found: float | None = next(
            one["value"] for one in self.group(value)["metrics"] if one["name"] == name
        )
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty desk."""
    return Desk(tmp_path)


@given("predictions of death within 180 days, with people lost to follow-up")
def survival(desk: Desk) -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=N)
    died, lost = 180.0 * rng.exponential(np.exp(-x)), 180.0 * rng.exponential(2.0, N)
    desk.columns |= {"risk": -np.expm1(-np.exp(x)), "days": np.minimum(died, lost), "died": died <= lost}
    desk.options = ["--score", "risk", "--outcome", "died", "--time", "days", "--horizon", "180"]


@given('predictions of the grade "low", "middle" or "high"')
def classes(desk: Desk) -> None:
    rng = np.random.default_rng(6)
    p = rng.dirichlet([2.0, 2.0, 2.0], N)
    desk.columns |= {grade: p[:, at] for at, grade in enumerate(GRADES)}
    desk.columns["grade"] = [GRADES[rng.choice(3, p=row)] for row in p]
    desk.options = ["--outcome", "grade", *(part for grade in GRADES for part in ("--score", grade))]


@given('predictions of the grade "low", "middle" or "high", in that order')
def ordered_classes(desk: Desk) -> None:
    classes(desk)
    desk.options.append("--ordinal")


@given("predictions of a dose with an interval")
def dose(desk: Desk) -> None:
    rng = np.random.default_rng(6)
    stable = rng.gamma(9.0, 4.0, N)
    guess = stable + rng.normal(0.0, 5.0, N)
    desk.columns |= {"dose": guess, "stable": stable, "from": guess - 10.0, "to": guess + 10.0}
    desk.options = ["--score", "dose", "--outcome", "stable", "--low", "from", "--high", "to"]


@given("a third of the women have no score")
def no_score(desk: Desk) -> None:
    desk.columns["risk"] = np.where(np.arange(N) % 6 == 0, np.nan, desk.columns["risk"])


@given(parsers.parse("{count:d} people are the only ones of their group"))
def small_group(desk: Desk, count: int) -> None:
    desk.columns["sex"][:count] = ["other"] * count


@given('the dose of one person is the word "high"')
def a_word(desk: Desk) -> None:
    desk.columns["dose"] = ["high", *map(str, desk.columns["dose"][1:])]


@given("a report on them from last month")
def last_month(desk: Desk) -> None:
    desk.ask("last-month", "--created", "2026-04-30")
    assert desk.exit_code == 0, desk.answer
    earlier = desk.folder / "last-month" / "report.json"
    desk.options += ["--earlier", str(earlier), "--created", "2026-05-31"]


@given("two women have been added since")
def two_more(desk: Desk) -> None:
    for name, column in desk.columns.items():
        more = ["female", "female"] if name == "sex" else list(column[:2])
        desk.columns[name] = [*column, *more]


@when("they are audited by sex")
def audited(desk: Desk) -> None:
    desk.ask("report")


@when(parsers.parse('they are audited by sex, with the claim "{claim}"'))
def audited_with_claim(desk: Desk, claim: str) -> None:
    desk.ask("report", "--claim", claim)


@then(parsers.parse('the audit says "{outcome}"'))
def says(desk: Desk, outcome: str) -> None:
    assert desk.exit_code == 0, desk.answer
    assert desk.answer.startswith(f"{outcome}:")
    assert desk.report["outcome"] == outcome


@then(parsers.parse('the report tells "{one}" and "{other}" for "{first}" and "{second}"'))
def tells(desk: Desk, one: str, other: str, first: str, second: str) -> None:
    assert all(desk.figure(group, name) is not None for group in (first, second) for name in (one, other))


@then(parsers.parse("the report tells that {women:d} of 100 women and {men:d} of 100 men got no score"))
def tells_silence(desk: Desk, women: int, men: int) -> None:
    for value, share in (("female", women), ("male", men)):
        found = desk.figure(value, "abstained_rate")
        assert found is not None
        assert round(100 * found) == share


@then(parsers.parse('the page has a section "{title}"'))
def has_section(desk: Desk, title: str) -> None:
    assert title in (desk.folder / "report" / "report.html").read_text(encoding="utf-8")


@then(parsers.parse("nothing is told of the {count:d} people"))
def nothing_told(desk: Desk, count: int) -> None:
    assert desk.group("other")["n"] is None
    assert all(one["value"] is None for one in desk.group("other")["metrics"])


@then("the audit is refused")
def refused(desk: Desk) -> None:
    assert desk.exit_code == 2
    assert not (desk.folder / "report").exists()


@then(parsers.parse('the answer says "{text}"'))
def answers(desk: Desk, text: str) -> None:
    assert text in " ".join(desk.answer.split())


@then("how many women there are is withheld")
def women_withheld(desk: Desk) -> None:
    assert desk.group("female")["n"] is None
