"""The command line for a stranger: help, exit codes, and commands that leave things as they say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hospital import DIABETES, Hospital

from cds_hooks.cli.main import cli
from cds_hooks.demo import compose
from models.registry import CATALOG


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), env=environment, prog_name="bedside")


def test_help_names_every_command() -> None:
    """The first thing that a stranger types tells what there is."""
    told = run("--help")
    assert told.exit_code == 0
    for command in ("serve", "hook", "models", "patients", "ledger"):
        assert f"  {command} " in told.output


def test_help_does_not_load_the_service() -> None:
    """`bedside --help` imports no model runtime, web framework or database."""
    code = (
        "import sys; from cds_hooks.cli.main import cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy', 'onnxruntime', 'flask', 'sqlalchemy', 'fhir') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_command_that_is_not_there_is_answered_with_those_that_are() -> None:
    """Exit code 2 and the list."""
    told = run("frobnicate")
    assert told.exit_code == 2
    assert "there are serve, hook, models, patients" in told.output


def test_serve_names_the_setting_that_is_wrong() -> None:
    """A bad flag is told by its variable, before anything is loaded."""
    told = run("serve", "--port", "99999")
    assert told.exit_code == 2
    assert "BEDSIDE_PORT must be a whole number from 1 to 65535" in told.output


def test_models_are_listed() -> None:
    """Each line begins with the id."""
    told = run("models", "list")
    assert told.exit_code == 0
    assert [line.split()[0] for line in told.output.splitlines()] == sorted(
        path.parent.name for path in CATALOG.glob("*/model.yaml")
    )


def test_a_model_is_shown_as_json() -> None:
    """What /models/<id> says can be had without the service."""
    assert json.loads(run("models", "show", DIABETES).output)["id"] == DIABETES


def test_a_model_that_is_not_there_is_exit_code_1() -> None:
    """The message names those that are."""
    told = run("models", "show", "nothing")
    assert told.exit_code == 1
    assert DIABETES in told.output


def test_the_bundled_models_pass_verification() -> None:
    """Digests, guard, feature specification and golden cases hold on this machine."""
    told = run("models", "verify")
    assert (told.exit_code, "FAILED" in told.output) == (0, False)
    assert "golden cases)" in told.output


@pytest.mark.parametrize("file", ["model.onnx", "evaluation.json", "golden.json"])
def test_a_file_that_was_changed_fails_verification(tmp_path: Path, file: str) -> None:
    """One byte more in a sealed file is exit code 1."""
    shutil.copytree(CATALOG / DIABETES, tmp_path / DIABETES)
    with (tmp_path / DIABETES / file).open("ab") as opened:
        opened.write(b" ")
    told = run("models", "--models", str(tmp_path), "verify")
    assert told.exit_code == 1
    assert f"FAILED  {DIABETES}" in told.output


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    """Verifying nothing is exit code 1."""
    assert run("models", "--models", str(tmp_path), "verify").exit_code == 1


def test_patients_are_written_as_bundles(tmp_path: Path) -> None:
    """One file a patient, and the drafts where there are any."""
    assert run("patients", "write", str(tmp_path)).exit_code == 0
    written = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert sorted(written) == compose.names()
    assert {bundle["resourceType"] for bundle in written.values()} == {"Bundle"}
    assert (tmp_path / "drafts" / "maria-lindqvist.json").is_file()


def test_the_story_of_a_card_is_told(hospital: Hospital, tmp_path: Path) -> None:
    """By the uuid that the clinician's system has; another uuid is exit code 1."""
    card = hospital.post(hospital.request("maria-lindqvist")).get_json()["cards"][0]
    books = f"sqlite:///{tmp_path}/ledger.db"
    told = run("ledger", "story", card["uuid"], BEDSIDE_LEDGER=books)
    assert json.loads(told.output)["prediction"]["card"]["summary"] == card["summary"]
    assert run("ledger", "story", "nothing", BEDSIDE_LEDGER=books).exit_code == 1


def test_the_summary_counts_decisions_with_their_reasons(hospital: Hospital, tmp_path: Path) -> None:
    """Silence is counted too, with why."""
    hospital.post(hospital.request("maria-lindqvist"))
    hospital.post(hospital.request("daniel-okafor"))
    told = run("ledger", "summary", BEDSIDE_LEDGER=f"sqlite:///{tmp_path}/ledger.db").output
    assert "1  type2-diabetes-risk  1.0.0  card" in told
    assert "1  type2-diabetes-risk  1.0.0  silent  recent-hba1c" in told


def test_a_ledger_that_cannot_be_read_is_exit_code_2(tmp_path: Path) -> None:
    """The message is a sentence, not a traceback."""
    told = run("ledger", "--ledger", f"sqlite:///{tmp_path}/none/ledger.db", "summary")
    assert told.exit_code == 2
    assert "Error: " in told.output
