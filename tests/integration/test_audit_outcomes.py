"""`bedside audit` on survival, several classes, ordered classes and amounts with intervals."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from test_audit import csv, parquet

from cds_hooks.cli.audit import audit
from fairness.engine.continuous import evaluate_continuous
from fairness.engine.survival import evaluate_survival

N = 1200
CLASSES = ("low", "middle", "high")
SURVIVAL = ("--score", "risk", "--outcome", "died", "--time", "days", "--horizon", "1")
OF_CLASSES = (
    *("--score", "p_low", "--score", "p_middle", "--score", "p_high", "--outcome", "grade"),
    *("--classes", ",".join(CLASSES)),
)
GUESSED = ("--score", "guess", "--outcome", "grade", "--classes", ",".join(CLASSES), "--ordinal")
DOSE = ("--score", "dose", "--outcome", "stable", "--low", "low", "--high", "high")
KINDS = {"survival": SURVIVAL, "multi-class": OF_CLASSES, "ordinal": GUESSED, "continuous": DOSE}


def followed(n: int = N) -> dict[str, Any]:
    """Times with censoring, the chance of the event up to 1, classes with probabilities, and doses."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=n)
    died, lost = rng.exponential(np.exp(-x)), rng.exponential(2.0, n)
    p = rng.dirichlet([2.0, 2.0, 2.0], n)
    dose = rng.gamma(9.0, 4.0, n)
    guess = dose + rng.normal(0.0, 5.0, n)
    return {
        "risk": -np.expm1(-np.exp(x)),
        "days": np.minimum(died, lost),
        "died": died <= lost,
        "p_low": p[:, 0], "p_middle": p[:, 1], "p_high": p[:, 2],
        "guess": [CLASSES[at] for at in p.argmax(axis=1)],
        "grade": [CLASSES[rng.choice(3, p=row)] for row in p],
        "dose": guess, "stable": dose, "low": guess - 10.0, "high": guess + 10.0,
        "sex": (["f", "m"] * n)[:n],
    }  # fmt: skip


def run(path: Path, out: Path, *options: str) -> Result:
    """The command on a file, by sex."""
    return CliRunner().invoke(
        audit, ["--predictions", str(path), "--group", "sex", "--out", str(out), *options]
    )


def report(out: Path) -> dict[str, Any]:
    """What report.json holds."""
    content: dict[str, Any] = json.loads((out / "report.json").read_bytes())
    return content


def figures(out: Path, value: str = "all") -> dict[str, Any]:
    """The figures of one group."""
    row = next(row for row in report(out)["groups"] if row["value"] == value)
    return {metric["name"]: metric["value"] for metric in row["metrics"]}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", [parquet, csv])
def test_every_kind_of_outcome_becomes_a_whole_report(tmp_path: Path, kind: str, write: Any) -> None:
    """Exit code 0, the kind is told, and all five views are there."""
    done = run(write(tmp_path, followed()), tmp_path / "out", *KINDS[kind])
    assert done.exit_code == 0, done.output
    assert report(tmp_path / "out")["kind"] == kind
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.json", "report.csv", "report.html", "report.pdf", "measure-report.json",
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_duckdb_and_pyarrow_give_the_same_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Every figure, whichever library reads the file."""
    import fairness.audit.run as reading

    columns = followed(600)
    columns["sex"][0] = columns["grade"][1] = columns["guess"][2] = ""
    path = parquet(tmp_path, columns)
    for engine in ("duckdb", "pyarrow"):
        monkeypatch.setattr(reading, "find_spec", lambda name, engine=engine: name == engine or None)
        assert run(path, tmp_path / engine, *KINDS[kind]).exit_code == 0
    assert report(tmp_path / "duckdb") == report(tmp_path / "pyarrow")


def test_survival_figures_are_those_of_the_engine(tmp_path: Path) -> None:
    """Time, horizon and event arrive where they belong: censored rows count with their weights."""
    people = followed()
    run(parquet(tmp_path, people), tmp_path / "out", *SURVIVAL)
    theirs = evaluate_survival(people["days"], people["died"], people["risk"], 1.0, {"sex": people["sex"]})
    assert figures(tmp_path / "out", "f")["survival_auc"] == pytest.approx(
        theirs.group("sex", "f").metric("survival_auc").value
    )
    assert report(tmp_path / "out")["events"] == int((people["died"] & (people["days"] <= 1.0)).sum())


def test_the_coverage_of_predicted_intervals_is_told_per_group(tmp_path: Path) -> None:
    """--low and --high are the limits of the interval, without --continuous being said."""
    people = followed()
    run(parquet(tmp_path, people), tmp_path / "out", *DOSE)
    theirs = evaluate_continuous(
        people["stable"], people["dose"], {"sex": people["sex"]}, intervals=(people["low"], people["high"])
    )
    for name in ("bias", "mae", "interval_coverage"):
        assert figures(tmp_path / "out", "m")[name] == pytest.approx(
            theirs.group("sex", "m").metric(name).value
        )


def test_probabilities_of_ordered_classes_give_the_figures_of_the_predicted_class(tmp_path: Path) -> None:
    """The most probable class is the predicted one."""
    path = parquet(tmp_path, followed())
    run(path, tmp_path / "guessed", *GUESSED)
    run(path, tmp_path / "scored", *OF_CLASSES, "--ordinal")
    assert report(tmp_path / "guessed")["groups"] == report(tmp_path / "scored")["groups"]


def test_classes_are_called_as_their_columns_where_no_names_are_given(tmp_path: Path) -> None:
    """Without --classes the outcome holds the names of the columns."""
    people = followed()
    for name in CLASSES:
        people[name] = people.pop(f"p_{name}")
    scores = [part for name in CLASSES for part in ("--score", name)]
    assert run(parquet(tmp_path, people), tmp_path / "out", *scores, "--outcome", "grade").exit_code == 0
    assert "auroc:high" in figures(tmp_path / "out")


def test_rounded_probabilities_are_taken(tmp_path: Path) -> None:
    """Three decimals do not add up to 1 exactly."""
    people = followed()
    for name in CLASSES:
        people[f"p_{name}"] = np.round(people[f"p_{name}"], 3)
    assert run(parquet(tmp_path, people), tmp_path / "out", *OF_CLASSES).exit_code == 0


@pytest.mark.parametrize(("kind", "claim", "outcome"), [
    ("survival", "survival_auc >= 0.6 by sex", "pass"),
    ("survival", "survival_auc >= 0.95 by sex", "fail"),
    ("multi-class", "auroc:high >= 0.6 by sex", "pass"),
    ("ordinal", "within_one >= 0.99 by sex", "fail"),
    ("continuous", "interval_coverage >= 0.9 by sex", "pass"),
    ("continuous", "interval_coverage >= 0.99 by sex", "fail"),
    ("continuous", "bias gap < 3 by sex", "pass"),
])  # fmt: skip
def test_claims_on_every_kind_of_outcome_shut_or_open_the_gate(
    tmp_path: Path, kind: str, claim: str, outcome: str
) -> None:
    """The exit code follows the claim."""
    path = parquet(tmp_path, followed())
    done = run(path, tmp_path / "out", *KINDS[kind], "--claim", claim, "--gate")
    assert done.exit_code == (0 if outcome == "pass" else 1), done.output
    assert report(tmp_path / "out")["outcome"] == outcome


@pytest.mark.parametrize(("kind", "claim"), [
    ("survival", "survival_auc >= 0.6"),
    ("multi-class", "accuracy >= 0.3"),
    ("ordinal", "within_one >= 0.3"),
    ("continuous", "interval_coverage >= 0.8"),
])  # fmt: skip
def test_a_small_group_keeps_every_kind_of_audit_from_passing(tmp_path: Path, kind: str, claim: str) -> None:
    """The claim holds for everybody; twelve people of a third group can neither be withheld nor estimated."""
    people = followed()
    people["sex"][:12] = ["x"] * 12
    done = run(parquet(tmp_path, people), tmp_path / "out", *KINDS[kind], "--claim", claim, "--gate")
    assert done.exit_code == 1
    assert "pass" not in done.output
    assert "sex: x" in done.output


def test_a_group_that_nobody_followed_to_the_horizon_keeps_survival_from_passing(tmp_path: Path) -> None:
    """Its figures have no value, although it has people and events enough."""
    people = followed()
    is_short = np.arange(N) % 2 == 0
    people["died"] = people["died"] | (is_short & (people["days"] > 1.0))
    people["days"] = np.where(is_short, np.minimum(people["days"], 0.9), people["days"])
    done = run(parquet(tmp_path, people), tmp_path / "out", *SURVIVAL, "--claim", "concordance >= 0.5")
    assert "cannot be estimated: sex: f" in done.output


def test_a_group_without_a_class_keeps_an_audit_of_classes_from_passing(tmp_path: Path) -> None:
    """Of a class that a group lacks nothing is known for that group."""
    people = followed()
    people["grade"] = [
        "low" if sex == "f" and grade == "high" else grade
        for sex, grade in zip(people["sex"], people["grade"], strict=True)
    ]
    done = run(parquet(tmp_path, people), tmp_path / "out", *OF_CLASSES, "--claim", "accuracy >= 0.3")
    assert "insufficient evidence" in done.output
    assert "sex: f" in done.output


@pytest.mark.parametrize(("options", "told"), [
    (SURVIVAL[:-2], "--time COL needs --horizon T"),
    (("--score", "risk", "--outcome", "died", "--horizon", "1"), "--horizon T needs --time COL"),
    (DOSE[:-2], "--low COL needs --high COL"),
    ((*SURVIVAL, "--continuous"), "different kinds of outcome"),
    ((*SURVIVAL, "--threshold", "0.2"), "--threshold is for outcomes of yes or no"),
    (GUESSED[:-1], "one --score COL for each class"),
    ((*OF_CLASSES[:4], *OF_CLASSES[6:]), "3 classes, and 2 columns of --score"),
    ((*OF_CLASSES[:-1], "low,low,high"), "each once"),
    ((*OF_CLASSES[:-1], "a,b,c"), "name the classes as the file writes them"),
    ((*SURVIVAL[:-1], "0"), "--horizon"),
    (("--score", "days", "--outcome", "died", "--time", "risk", "--horizon", "1"), "'days'"),
    (("--score", "risk", "--outcome", "days", "--time", "days", "--horizon", "1"), "column 'days'"),
    (("--score", "dose", "--outcome", "stable", "--low", "high", "--high", "low"), "lower limit as --low"),
    (("--score", "p_low", "--score", "p_low", "--outcome", "grade"), "--classes"),
])  # fmt: skip
def test_options_that_do_not_fit_are_told_with_their_remedy(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    """Exit code 2, and no report."""
    done = run(parquet(tmp_path, followed(200)), tmp_path / "out", *options)
    assert done.exit_code == 2, done.output
    assert told in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("kind", "column", "value", "told"), [
    ("survival", "days", 0.0, "not above 0"),
    ("survival", "days", float("inf"), "infinite"),
    ("survival", "risk", 1.2, "outside 0 to 1"),
    ("multi-class", "p_low", 0.99, "do not add up to 1"),
    ("multi-class", "p_low", -0.1, "outside 0 to 1"),
    ("multi-class", "grade", "severe", "another class"),
    ("ordinal", "guess", "severe", "another class"),
    ("continuous", "dose", float("inf"), "infinite"),
    ("continuous", "low", float("nan"), "no limit"),
])  # fmt: skip
def test_a_row_that_cannot_be_is_told_with_its_column(
    tmp_path: Path, kind: str, column: str, value: Any, told: str
) -> None:
    """One row; the message names the column and no value."""
    people = followed(200)
    people[column] = [value, *list(people[column])[1:]]
    done = run(parquet(tmp_path, people), tmp_path / "out", *KINDS[kind])
    assert done.exit_code == 2, done.output
    assert column in done.output
    assert told in " ".join(done.output.split())


def test_a_policy_with_thresholds_is_for_outcomes_of_yes_or_no(tmp_path: Path) -> None:
    """They would otherwise be left out without a word; its claims count for every kind."""
    path, policy = parquet(tmp_path, followed(200)), tmp_path / "policy.yaml"
    policy.write_text("claims: ['mae <= 9 by sex']\nthresholds: [0.2]\n", encoding="utf-8")
    assert "take them out" in run(path, tmp_path / "out", *DOSE, "--policy", str(policy)).output
    policy.write_text("claims: ['mae <= 9 by sex']\n", encoding="utf-8")
    assert run(path, tmp_path / "out", *DOSE, "--policy", str(policy), "--gate").exit_code == 0
