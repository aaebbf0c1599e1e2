"""The way of one feature from the manifest to the card, and the README's copy of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from click.testing import CliRunner

from cds_hooks.cli.main import cli
from cds_hooks.demo import compose
from cds_hooks.trace import trace
from models.loader import load_model
from models.registry import CATALOG

ROOT = Path(__file__).resolve().parents[3]
DAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def told(feature: str, patient: str = "maria-lindqvist", model: str = "type2-diabetes-risk") -> str:
    """The trace of one feature of a bundled patient."""
    return trace(load_model(CATALOG / model), feature, compose.bundle(patient, DAY), NOON)


def test_readme_shows_the_way_of_one_feature_as_it_is() -> None:
    """The README's page is what the command prints, so it cannot drift from the code."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert told("hdl_cholesterol") in readme


def test_a_missing_feature_says_so_on_its_way() -> None:
    """A patient without the finding is told as missing with the reason, and averaged over."""
    text = told("waist", patient="kai-nakoa")
    assert '"reason": "not-recorded"' in text
    assert "averaged over people like this one" in text


def test_a_rule_feature_is_no_input() -> None:
    """A feature that only a rule asks for has no column in the model."""
    assert "not an input of the model" in told("recent_hba1c")


def test_an_unknown_feature_is_a_usage_error_that_lists_the_known_ones() -> None:
    """A typing error is answered with the names that there are."""
    result = CliRunner().invoke(cli, ["models", "trace", "type2-diabetes-risk", "hdl"])
    assert result.exit_code == 2
    assert "hdl_cholesterol" in result.output
