"""`bedside terminology` on the command line: exit codes, what is written and what is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from terminology_stub import URL, TerminologyStub, running, snomed

from cds_hooks.cli.main import cli


@pytest.fixture
def stub() -> Iterator[TerminologyStub]:
    """A terminology server that holds five codes."""
    with running(TerminologyStub(codes=snomed(5))) as one:
        yield one


def run(*arguments: str, **environment: str) -> Result:
    """Run `bedside terminology`."""
    return CliRunner(env=environment).invoke(cli, ["terminology", *arguments])


def test_expand_writes_a_file_that_check_accepts(stub: TerminologyStub, tmp_path: Path) -> None:
    """What expand writes into a site's folder is what check then counts."""
    (tmp_path / "valuesets").mkdir()
    file = tmp_path / "valuesets" / "stroke.json"
    assert run("expand", URL, "--server", stub.base, "-o", str(file), "--id", "stroke").exit_code == 0
    checked = run("check", str(tmp_path))
    assert checked.exit_code == 0
    assert "stroke  5 codes, in place of the shipped one" in checked.output


def test_expand_reads_the_token_from_the_environment(stub: TerminologyStub, tmp_path: Path) -> None:
    """The token is no argument, so that no process list shows it."""
    file = str(tmp_path / "a.json")
    run("expand", URL, "--server", stub.base, "-o", file, BEDSIDE_TERMINOLOGY_TOKEN="abc")
    assert stub.asked[0].headers["Authorization"] == "Bearer abc"


def test_a_failed_expansion_leaves_the_old_file(stub: TerminologyStub, tmp_path: Path) -> None:
    """An error exits with 1 and does not touch what was there."""
    file = tmp_path / "a.json"
    file.write_text("old")
    result = run("expand", URL, "--server", stub.base, "-o", str(file), "--max-codes", "4")
    assert (result.exit_code, file.read_text()) == (1, "old")
    assert "more than 4 codes" in result.output


def test_expand_takes_a_definition_from_a_file(stub: TerminologyStub, tmp_path: Path) -> None:
    """What is no URL is a file, and its value set is sent to the server."""
    definition = tmp_path / "definition.json"
    definition.write_text(json.dumps({"resourceType": "ValueSet", "status": "draft"}))
    run("expand", str(definition), "--server", stub.base, "-o", str(tmp_path / "a.json"))
    assert stub.asked[0].method == "POST"


@pytest.mark.parametrize("what", ["no-such-file.json", "heart failure"])
def test_what_is_neither_url_nor_file_is_a_usage_error(
    what: str, stub: TerminologyStub, tmp_path: Path
) -> None:
    """The message says what the argument may be."""
    result = run("expand", what, "--server", stub.base, "-o", str(tmp_path / "a.json"))
    assert result.exit_code == 2
    assert "neither an absolute URL nor a file" in result.output


def test_check_tells_the_file_and_the_remedy(tmp_path: Path) -> None:
    """A folder that cannot be used exits with 1."""
    (tmp_path / "valuesets").mkdir()
    (tmp_path / "valuesets" / "bad.json").write_text("{")
    result = run("check", str(tmp_path))
    assert result.exit_code == 1
    assert "valuesets/bad.json" in result.output


def test_check_of_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A mistyped folder is told, not taken for an empty one."""
    assert run("check", str(tmp_path / "nowhere")).exit_code == 1
