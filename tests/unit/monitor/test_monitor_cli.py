"""`bedside outcomes` and `bedside monitor` as they are called."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from monitor_cases import MODEL, OUTPUT, SECRET, START, cohort, found, model_folder, predict

from cds_hooks.cli.audit_ledger import verdicts_in_short
from cds_hooks.cli.main import cli
from cds_hooks.ledger import Ledger

PLAN = {
    "window_days": 1, "delay_days": 0, "attributes": ["sex"], "planned": 120, "on_fail": "withhold",
    "claims": [{"kind": "level", "metric": "o_e", "at_most": 1.5, "crossings": [[], ["sex"]]}],
}  # fmt: skip


IN_TIME = (datetime.now(UTC) + timedelta(days=200)).date().isoformat()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> Path:
    """Settings of an installation with one watched model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BEDSIDE_LEDGER", url)
    monkeypatch.setenv("BEDSIDE_LEDGER_KEY", SECRET.decode())
    Ledger.open(url).close()
    return model_folder(tmp_path / "models", monitor=PLAN).parent


def call(*words: object) -> Result:
    """Run a command."""
    return CliRunner().invoke(cli, [str(word) for word in words])


def rows(folder: Path, count: int) -> Path:
    """A file of outcomes of the patients p0, p1, ...; three in four had it."""
    day = (datetime.now(UTC) - timedelta(days=9)).date()
    lines = ["patient,outcome,date", *(f"p{n},{int(n % 4 > 0)},{day}" for n in range(count))]
    path = folder / "outcomes.csv"
    path.write_text("\n".join(lines))
    return path


def test_from_outcomes_to_a_decision(environment: Path, ledger: Ledger, tmp_path: Path) -> None:
    """Outcomes come in; the run withholds the model, alerts on stderr and in a file, and exits with 3."""
    for number in range(120):
        predict(ledger, f"p{number}", datetime.now(UTC) - timedelta(days=9), 0.2, {"sex": ["female"]})
    imported = call("outcomes", "import", rows(tmp_path, 120), "--output", OUTPUT, "--models", environment)
    assert imported.output == "stored 120\n"
    done = call("monitor", "run", "--model", MODEL, "--models", environment, "--out", tmp_path / "out")
    assert done.exit_code == 3, done.output
    alerts = [json.loads(line) for line in (tmp_path / "out" / "alerts.ndjson").read_text().splitlines()]
    assert {"claim-broken"} <= {one["kind"] for one in alerts}
    assert alerts[0]["text"] in done.stderr
    listed = [json.loads(line) for line in call("monitor", "decisions").output.splitlines()]
    assert {(one["action"], one["source"]) for one in listed} == {("withhold", "monitor")}


def test_a_named_owner_lifts_a_decision(environment: Path, ledger: Ledger) -> None:
    """An override is made, found and lifted; all of it stays in the list."""
    made = call("monitor", "override", "--models", environment, "--model", MODEL, "--version", "1.0.0",
                "--action", "withhold", "--owner", "Dr Okafor", "--reason", "recall",
                "--until", IN_TIME)  # fmt: skip
    digest = made.output.strip()
    assert call("monitor", "lift", digest, "--owner", "Dr Okafor", "--reason", "mended").exit_code == 0
    assert [row["action"] for row in ledger.decisions(MODEL)] == ["withhold", "lift"]


@pytest.mark.parametrize(
    "changes",
    [
        {"--until": "2001-01-01"}, {"--until": "2999-01-01"}, {"--owner": " "}, {"--reason": ""},
        {"--group": "sex=womn"},
        {"--group": "planet=earth"}, {"--group": "sex × race=female"}, {"--group": "sex × race=female × x"},
        {"--version": "1.0.1"}, {"--model": "other"},
    ],
)  # fmt: skip
def test_an_override_that_does_not_fit_is_a_usage_error(
    environment: Path, ledger: Ledger, changes: dict[str, str]
) -> None:
    """An end in the past, no owner or reason, a group, model or version that nobody has: exit code 2, and
    nothing is kept that would never hold."""
    words = {"--models": str(environment), "--model": MODEL, "--version": "1.0.0",
             "--action": "serve", "--owner": "A", "--reason": "b",
             "--until": IN_TIME} | changes  # fmt: skip
    done = call("monitor", "override", *(word for pair in words.items() for word in pair))
    assert done.exit_code == 2
    assert "Error: " in done.output
    assert ledger.decisions() == []


def test_a_day_that_is_over_is_told_as_that(environment: Path, ledger: Ledger) -> None:
    """In the words of the command, with the first day that can be given."""
    today = datetime.now(UTC).date()
    done = call("monitor", "override", "--models", environment, "--model", MODEL, "--version", "1.0.0",
                "--action", "serve", "--owner", "A", "--reason", "b",
                "--until", today - timedelta(days=1))  # fmt: skip
    assert done.exit_code == 2
    assert f"--until: that day is over; give one from {today} (UTC) on" in done.output


@pytest.mark.parametrize(("days", "code"), [(366, 0), (367, 2)])
def test_an_override_lasts_a_year_at_most(environment: Path, ledger: Ledger, days: int, code: int) -> None:
    """The message tells the last day; what is to stand for longer is decided again."""
    today = datetime.now(UTC).date()
    done = call("monitor", "override", "--models", environment, "--model", MODEL, "--version", "1.0.0",
                "--action", "serve", "--owner", "A", "--reason", "b",
                "--until", today + timedelta(days=days))  # fmt: skip
    assert done.exit_code == code, done.output
    assert len(ledger.decisions(MODEL)) == (code == 0)
    assert code == 0 or str(today + timedelta(days=366)) in done.output


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "--ledger", "URL", "--model", MODEL, "--out", "out"),
        ("monitor", "run", "--ledger", "URL", "--model", MODEL, "--out", "out"),
        ("monitor", "decisions", "--ledger", "URL"),
        ("monitor", "override", "--ledger", "URL", "--model", MODEL, "--version", "1.0.0",
         "--action", "serve", "--owner", "A", "--reason", "b", "--until", IN_TIME),
        ("monitor", "lift", "0" * 64, "--ledger", "URL", "--owner", "A", "--reason", "b"),
        ("outcomes", "import", "FILE", "--ledger", "URL", "--output", OUTPUT),
        ("ledger", "--ledger", "URL", "summary"),
        ("ledger", "--ledger", "URL", "story", "x"),
        ("evidence", MODEL, "--ledger", "URL", "--out", "out"),
    ],
    ids=lambda command: " ".join(command[:2]),
)  # fmt: skip
@pytest.mark.parametrize("is_there", [False, True], ids=["no file", "another file"])
def test_a_mistyped_ledger_is_refused_and_not_made(
    environment: Path, tmp_path: Path, command: tuple[str, ...], is_there: bool
) -> None:
    """An empty ledger in its place would say that nothing ever happened; the message names the path."""
    path = tmp_path / "legder.db"
    if is_there:
        path.touch()
    words = {"URL": f"sqlite:///{path}", "FILE": str(rows(tmp_path, 1))}
    done = call(*(words.get(word, word) for word in command))
    assert done.exit_code == 2
    assert f"there is no ledger at {path}" in done.output
    assert [one.name for one in tmp_path.glob("legder*")] == (["legder.db"] if is_there else [])
    assert not is_there or path.stat().st_size == 0


def test_a_report_that_the_ledger_does_not_know_gives_no_small_count_away(
    environment: Path, url: str, ledger: Ledger, tmp_path: Path
) -> None:
    """Five more women since a report from another place: without --earlier the difference is told."""
    if not url.startswith("sqlite"):
        pytest.skip("copies the ledger's file")
    cohort(ledger, 40)
    shutil.copy(tmp_path / "ledger.db", tmp_path / "elsewhere.db")
    shutil.copy(tmp_path / "ledger.db-wal", tmp_path / "elsewhere.db-wal")
    here = ("audit", "--model", MODEL, "--ledger")
    first = call(*here, f"sqlite:///{tmp_path / 'elsewhere.db'}", "--out", tmp_path / "first")
    assert first.exit_code in (0, 1), first.output
    for number in range(5):
        predict(ledger, f"new-{number}", START, 0.3, {"sex": ["female"]})
        found(ledger, f"new-{number}", 0, START + timedelta(days=30))
    shutil.copy(tmp_path / "ledger.db", tmp_path / "copy.db")
    shutil.copy(tmp_path / "ledger.db-wal", tmp_path / "copy.db-wal")
    earlier = tmp_path / "first" / "report.json"
    assert women(earlier) == 40
    call(*here, f"sqlite:///{tmp_path / 'copy.db'}", "--out", tmp_path / "without")
    assert women(tmp_path / "without" / "report.json") == 45
    done = call(*here, url, "--out", tmp_path / "with", "--earlier", earlier)
    assert done.exit_code in (0, 1), done.output
    assert women(tmp_path / "with" / "report.json") is None
    counted = ": 45,"
    assert counted in (tmp_path / "without" / "monitor.json").read_text()
    assert counted not in (tmp_path / "with" / "monitor.json").read_text()


def women(path: Path) -> int | None:
    """How many women a report counts, None where it does not tell."""
    groups = json.loads(path.read_text())["groups"]
    n: int | None = next(one["n"] for one in groups if one["value"] == "female")
    return n


def test_an_earlier_report_on_another_model_is_refused(
    environment: Path, url: str, ledger: Ledger, tmp_path: Path
) -> None:
    """Its figures would stand in the trend as if they were this one's."""
    cohort(ledger, 40)
    path, asked = tmp_path / "report.json", ("audit", "--model", MODEL, "--ledger", url)
    call(*asked, "--out", tmp_path / "r")
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    path.write_text(json.dumps(report | {"model": "another"}))
    done = call(*asked, "--out", tmp_path / "s", "--earlier", path)
    assert (done.exit_code, "a report on 'another'" in done.output) == (2, True)


def test_an_override_of_a_version_that_made_predictions_needs_no_model(
    environment: Path, ledger: Ledger
) -> None:
    """The version may be served elsewhere, or no more; the ledger knows it."""
    predict(ledger, "one")
    done = call("monitor", "override", "--model", MODEL, "--version", "1.0.0", "--action", "withhold",
                "--group", "sex × race=female × asian", "--owner", "A", "--reason", "b",
                "--until", IN_TIME)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert ledger.decisions(MODEL)[0]["groups"] == [{"attribute": "sex × race", "value": "female × asian"}]


def test_outcomes_of_an_output_that_no_model_has_are_left_out(
    environment: Path, ledger: Ledger, tmp_path: Path
) -> None:
    """Mistyped, they would stay in the ledger for ever and be read by no audit."""
    predict(ledger, "p0")
    done = call("outcomes", "import", rows(tmp_path, 1), "--output", "rsk", "--models", environment)
    assert (done.exit_code, list(ledger.outcomes("rsk", datetime.now(UTC)))) == (1, [])
    assert f"row 1: output is of no model here; there are {OUTPUT}" in done.output


def test_lifting_nothing_is_told(environment: Path) -> None:
    """A digest that no decision has: exit code 1."""
    assert call("monitor", "lift", "ab" * 32, "--owner", "A", "--reason", "b").exit_code == 1


def test_a_run_that_is_not_due_does_nothing(environment: Path, tmp_path: Path) -> None:
    """With --every a second run within the period says so and exits with 0."""
    words = ("monitor", "run", "--model", MODEL, "--models", environment, "--out", tmp_path, "--every", "7d")
    assert "done, insufficient evidence" in call(*words).output
    assert "not-due" in call(*words).output


@pytest.mark.parametrize("every", ["7", "0d", "-1d", "7 days", "1y"])
def test_a_period_that_is_none_is_a_usage_error(environment: Path, tmp_path: Path, every: str) -> None:
    """The message shows the form."""
    done = call(
        "monitor", "run", "--model", MODEL, "--models", environment, "--out", tmp_path, "--every", every
    )
    assert (done.exit_code, "12h, 7d or 2w" in done.output) == (2, True)


def test_an_unknown_model_is_told(environment: Path, tmp_path: Path) -> None:
    """Exit code 1."""
    assert call("monitor", "run", "--model", "nothing", "--out", tmp_path).exit_code == 1


def test_rows_of_strangers_are_left_out_and_told(environment: Path, ledger: Ledger, tmp_path: Path) -> None:
    """Patients whom nobody asked about: exit code 1 and their number."""
    done = call("outcomes", "import", rows(tmp_path, 2), "--output", OUTPUT)
    assert (done.exit_code, done.stdout) == (1, "unknown-patient 2\n")


def test_outcomes_need_the_key_of_the_service(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a key nothing is digested, and none is made."""
    monkeypatch.delenv("BEDSIDE_LEDGER_KEY")
    done = call("outcomes", "import", rows(tmp_path, 1), "--output", OUTPUT)
    assert (done.exit_code, "BEDSIDE_LEDGER_KEY" in done.output) == (2, True)
    assert not (tmp_path / ".bedside").exists()


def test_a_file_of_another_kind_is_a_usage_error(environment: Path, tmp_path: Path) -> None:
    """The message names the kinds that are read."""
    (tmp_path / "a.txt").write_text("x")
    done = call("outcomes", "import", tmp_path / "a.txt")
    assert (done.exit_code, ".parquet" in done.output) == (2, True)


def test_a_webhook_elsewhere_is_refused_before_the_run(
    environment: Path, ledger: Ledger, tmp_path: Path
) -> None:
    """No look is taken by a call that cannot be carried out."""
    cohort(ledger, 20)
    done = call("monitor", "run", "--model", MODEL, "--models", environment, "--out", tmp_path,
                "--webhook", "https://elsewhere.example/x")  # fmt: skip
    assert done.exit_code == 2
    assert ledger.runs(MODEL, "1.0.0") == []


def test_an_audit_of_a_ledger_tells_which_claims_are_broken_and_for_whom() -> None:
    told = [
        {"claim": {"metric": "o_e"}, "attribute": attribute, "value": value, "outcome": outcome}
        for attribute, value, outcome in (
            ("overall", "all", "fail"),
            ("sex", "female", "fail"),
            ("sex", "male", "pass"),
        )
    ]
    assert verdicts_in_short(told) == "2 of 3 verdicts: o_e of Everybody, o_e of Female"
    assert verdicts_in_short(told[2:]) == "1 verdicts"
