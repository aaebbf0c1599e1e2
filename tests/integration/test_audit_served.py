"""`bedside audit` of a model that is served: its ledger, and its evaluation against its own policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_hooks.cli.main import cli
from cds_hooks.ledger import Ledger


def test_an_empty_ledger_is_insufficient_evidence(tmp_path: Path) -> None:
    """Nothing matured is not a pass: the monitor's document says so, and no rate is made of nobody."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.open(url).close()
    out = tmp_path / "report"
    told = CliRunner().invoke(
        cli, ["audit", "--ledger", url, "--model", "type2-diabetes-risk", "--out", str(out)]
    )
    assert (told.exit_code, told.output.split(":")[0]) == (0, "insufficient evidence")
    assert json.loads((out / "monitor.json").read_text())["outcome"] == "insufficient evidence"


def test_a_gate_in_ci_judges_a_model_by_its_own_policy() -> None:
    """Calibration by race fails in the evaluation of the diabetes model, and the exit code tells."""
    told = CliRunner().invoke(cli, ["audit", "--gate", "--model", "type2-diabetes-risk"])
    assert told.exit_code == 1
    assert "fail: Asian: o_e" in told.output


def test_an_unknown_model_is_named_with_those_that_are_there() -> None:
    """A typing error is answered with the models that there are."""
    told = CliRunner().invoke(cli, ["audit", "--gate", "--model", "diabetes"])
    assert told.exit_code == 2
    assert "type2-diabetes-risk" in told.output


def test_a_gate_over_a_ledger_is_not_passed_without_evidence(tmp_path: Path) -> None:
    """In CI the exit code is all that counts."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.open(url).close()
    told = CliRunner().invoke(
        cli, ["audit", "--gate", "--ledger", url, "--model", "type2-diabetes-risk", "--out", str(tmp_path)]
    )
    assert (told.exit_code, told.output.split(":")[0]) == (1, "insufficient evidence")


LEDGER = ["--ledger", "sqlite://", "--model", "type2-diabetes-risk", "--out", "x"]


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (
            ["--ledger", "sqlite://", "--model", "type2-diabetes-risk", "--out", "x"],
            ["--claim", "auroc >= 0.9"],
        ),
        (LEDGER, ["--minimum-cell", "20"]),
        (["--gate", "--model", "type2-diabetes-risk"], ["--claim", "auroc >= 0.9"]),
        (["--gate", "--model", "type2-diabetes-risk"], ["--threshold", "0.1"]),
        (["--predictions", __file__, "--out", "x"], ["--groups-as", "now"]),
    ],
)
def test_an_option_that_would_not_be_heeded_is_refused(command: list[str], option: list[str]) -> None:
    """A claim that nobody judges must not look like one that holds."""
    told = CliRunner().invoke(cli, ["audit", *command, *option])
    assert told.exit_code == 2
    assert option[0] in told.output
