"""`bedside hook`, from the command line to a foreign service on loopback and back."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from cds_hooks.cli.hook import hook
from cds_hooks.ehr import sources
from cds_hooks.ehr.context import HOOKS

if TYPE_CHECKING:
    from conftest import CannedService

Json = dict[str, Any]
CARD = {"summary": "Look here", "indicator": "info", "source": {"label": "Somebody"}}
VIEW = {
    "hook": "patient-view",
    "id": "view",
    "description": "d",
    "prefetch": {"p": "Patient/{{context.patientId}}"},
}
SIGN = {"hook": "order-sign", "id": "sign", "description": "d"}
DRAFT = {"resourceType": "MedicationRequest", "status": "draft"}


class BundledPatients:
    def names(self) -> list[str]:
        return ["ada"]

    def bundle(self, name: str, as_of: date) -> Json:
        patient = {"resourceType": "Patient", "id": name, "birthDate": f"{as_of.year - 60}-01-01"}
        return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]}

    def draft_orders(self, name: str, as_of: date) -> Json | None:
        return {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": DRAFT | {"id": "own"}}],
        }


@pytest.fixture(autouse=True)
def bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    """One bundled patient, `ada`, in place of Bedside's own."""
    monkeypatch.setattr(sources, "_bundled_patients", BundledPatients)


@pytest.fixture
def run(cds_service: CannedService) -> Callable[..., Result]:
    """Run the command against the canned service."""
    cds_service.offer(VIEW, SIGN)
    cds_service.give("view", {"cards": [CARD]})
    cds_service.give("sign", {"cards": []})

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(hook, [*map(str, arguments), "--url", cds_service.url])

    return invoke


def test_cards_are_shown(run: Callable[..., Result], chart_file: Callable[..., Path]) -> None:
    """An answered hook prints the card and exits with 0."""
    result = run("patient-view", "--patient", chart_file())
    assert result.exit_code == 0
    assert "[i] INFO: Look here" in result.stdout


def test_request_carries_context_and_prefetch(
    run: Callable[..., Result], chart_file: Callable[..., Path], cds_service: CannedService
) -> None:
    """The service receives the hook, the user, the patient and the prefetch that it asked for."""
    run("patient-view", "--patient", chart_file(), "--user", "PractitionerRole/r1")
    body = cds_service.received[-1][1]
    assert body["context"] == {"userId": "PractitionerRole/r1", "patientId": "p1"}
    assert body["prefetch"]["p"]["id"] == "p1"


def test_bundled_patient_brings_draft_orders(run: Callable[..., Result], cds_service: CannedService) -> None:
    """A bundled patient named for an order hook is played with the orders that belong to it."""
    assert run("order-sign", "--patient", "ada").exit_code == 0
    drafts = cds_service.received[-1][1]["context"]["draftOrders"]["entry"]
    assert [(found["resource"]["id"], found["resource"]["subject"]["reference"]) for found in drafts] == [
        ("own", "Patient/ada")
    ]


def test_draft_file_goes_before_bundled_drafts(
    run: Callable[..., Result], tmp_path: Path, cds_service: CannedService
) -> None:
    """Drafts given with --draft replace those of the bundled patient."""
    path = tmp_path / "order.json"
    path.write_text(json.dumps(DRAFT | {"id": "given"}))
    run("order-sign", "--patient", "ada", "--draft", path)
    drafts = cds_service.received[-1][1]["context"]["draftOrders"]["entry"]
    assert [found["resource"]["id"] for found in drafts] == ["given"]


def test_json_prints_the_answer_without_the_request(
    run: Callable[..., Result], chart_file: Callable[..., Path]
) -> None:
    """--json prints one line of JSON for a call: the response, and nothing of the patient's data."""
    line = json.loads(run("patient-view", "--patient", chart_file(), "--json").stdout)
    assert (line["status"], line["response"]) == (200, {"cards": [CARD]})
    assert not {"body", "context", "prefetch"} & line.keys()


def test_service_option_calls_one(
    run: Callable[..., Result], chart_file: Callable[..., Path], cds_service: CannedService
) -> None:
    """--service narrows the hook to one service."""
    cds_service.offer(VIEW, VIEW | {"id": "other"})
    run("patient-view", "--patient", chart_file(), "--service", "view")
    assert [path for path, _ in cds_service.received] == ["/cds-services", "/cds-services/view"]


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [
        (200, {"cards": []}, 0),
        (400, {}, 4),
        (412, {}, 4),
        (500, {}, 5),
        (503, {}, 5),
        (200, {"cards": [{}]}, 6),
        (200, b"<html>", 6),
        (302, b"", 6),
    ],
)
def test_exit_code_follows_the_answer(
    run: Callable[..., Result],
    chart_file: Callable[..., Path],
    cds_service: CannedService,
    status: int,
    document: Any,
    code: int,
) -> None:
    """The exit code tells a script what came: answer, refusal, failure or a broken answer."""
    cds_service.give("view", document, status)
    assert run("patient-view", "--patient", chart_file()).exit_code == code


def test_unreachable_service_is_three(chart_file: Callable[..., Path]) -> None:
    """Without a service the command exits with 3 and names the address."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    result = CliRunner().invoke(hook, ["patient-view", "--patient", str(chart_file()), "--url", url])
    assert result.exit_code == 3
    assert url in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["patient-veiw", "--patient", "ada"], "patient-view"),
        (["patient-view"], "--patient"),
        (["patient-view", "--patient", "nobody"], "bundled are: ada"),
        (["patient-view", "--patient", "\0"], "no such file"),
        (["patient-view", "--patient", "ada", "--user", "Group/1"], "PractitionerRole"),
        (["patient-view", "--patient", "ada", "--service", "x"], "its services are: view"),
        (["encounter-start", "--patient", "ada"], "its hooks are: order-sign, patient-view"),
    ],
)
def test_usage_error_is_two_and_helps(run: Callable[..., Result], arguments: list[str], words: str) -> None:
    """A wrong argument exits with 2 and the message says what would be right."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_order_hook_without_drafts_is_two(
    run: Callable[..., Result], chart_file: Callable[..., Path]
) -> None:
    """A chart without drafts cannot be played for an order hook; the message names --draft."""
    result = run("order-sign", "--patient", chart_file())
    assert result.exit_code == 2
    assert "--draft" in result.stderr


def test_bad_file_is_two_without_its_content(run: Callable[..., Result], tmp_path: Path) -> None:
    """A broken file exits with 2; nothing printed quotes it."""
    path = tmp_path / "bad.json"
    path.write_text('{"name": SMITH}')
    result = run("patient-view", "--patient", path)
    assert result.exit_code == 2
    assert "line 1, column 10" in result.stderr
    assert "SMITH" not in result.output


def test_refusal_shows_the_operation_outcome(
    run: Callable[..., Result], chart_file: Callable[..., Path], cds_service: CannedService
) -> None:
    """What the service says of its refusal is on standard error, stripped of terminal escapes."""
    issue = {"severity": "error", "code": "required", "diagnostics": "needs \x1b[31mpatient"}
    cds_service.give("view", {"resourceType": "OperationOutcome", "issue": [issue]}, 412)
    result = run("patient-view", "--patient", chart_file())
    assert "view: HTTP 412: needs [31mpatient" in result.stderr


def test_breach_is_told_with_its_requirement(
    run: Callable[..., Result], chart_file: Callable[..., Path], cds_service: CannedService
) -> None:
    """A card that breaks the specification is shown, and the breach is told on standard error."""
    cds_service.give("view", {"cards": [CARD | {"indicator": "success"}]})
    result = run("patient-view", "--patient", chart_file())
    assert "Look here" in result.stdout
    assert "cds-hooks_2.0@88 response.cards[0].indicator" in result.stderr


def test_broken_discovery_is_told(
    run: Callable[..., Result], chart_file: Callable[..., Path], cds_service: CannedService
) -> None:
    """A discovery that breaks the specification does not stop the hook, but is told and exits with 6."""
    cds_service.offer({name: value for name, value in VIEW.items() if name != "description"})
    result = run("patient-view", "--patient", chart_file())
    assert result.exit_code == 6
    assert "cds-hooks_2.0@9" in result.stderr


def test_left_out_prefetch_is_noted(
    run: Callable[..., Result], chart_file: Callable[..., Path], cds_service: CannedService
) -> None:
    """A prefetch key that the EHR cannot answer is noted, so that nobody wonders about a 412."""
    cds_service.offer(VIEW | {"prefetch": {"visit": "Encounter/{{context.encounterId}}"}})
    result = run("patient-view", "--patient", chart_file())
    assert "prefetch 'visit' left out, the token {{context.encounterId}}" in result.stderr


@pytest.fixture
def ward(chart_file: Callable[..., Path], tmp_path: Path) -> Path:
    """A directory with two charts, a broken one, and a file that is none."""
    for name in ("a.json", "b.json"):
        chart_file(name=name)
    (tmp_path / "c.json").write_text("{SMITH")
    (tmp_path / "notes.txt").write_text("not a chart")
    return tmp_path


def test_directory_gives_a_line_each_and_a_table(run: Callable[..., Result], ward: Path) -> None:
    """Every chart of a directory has its line; the closing table counts them all."""
    result = run("patient-view", "--patient", ward)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [line[0] for line in lines[:3]] == ["a:", "b:", "c:"]
    assert ["patients", "3"] in lines
    assert ["cards", "2"] in lines
    assert ["patients", "not", "played", "1"] in lines


def test_line_of_a_patient_says_what_came(run: Callable[..., Result], ward: Path) -> None:
    """A patient's line counts the calls and the cards."""
    assert "a: 1 call, 1 card\n" in run("patient-view", "--patient", ward).stdout


def test_broken_file_does_not_stop_the_others(run: Callable[..., Result], ward: Path) -> None:
    """A broken file in a directory is told in its line without its content; the exit code is 2."""
    result = run("patient-view", "--patient", ward)
    assert "c: not played, not JSON (line 1, column 2)" in result.stdout
    assert "SMITH" not in result.output
    assert result.exit_code == 2


def test_directory_as_json_gives_a_line_a_call(run: Callable[..., Result], ward: Path) -> None:
    """--json prints one object a call, and one for each patient who could not be played."""
    lines = [
        json.loads(line) for line in run("patient-view", "--patient", ward, "--json").stdout.splitlines()
    ]
    assert [(line["patient"], "response" in line) for line in lines] == [
        ("a", True),
        ("b", True),
        ("c", False),
    ]


def test_table_counts_errors_by_status(
    run: Callable[..., Result], ward: Path, cds_service: CannedService
) -> None:
    """Refusals are counted under their HTTP status, and outrank a broken file in the exit code."""
    cds_service.give("view", {}, 412)
    result = run("patient-view", "--patient", ward)
    assert ["errors", "HTTP", "412", "2"] in [line.split() for line in result.stdout.splitlines()]
    assert result.exit_code == 4


def test_patient_option_repeats(run: Callable[..., Result], chart_file: Callable[..., Path]) -> None:
    """Several patients may be named; silences are counted as such."""
    own = DRAFT | {"id": "d", "subject": {"reference": "Patient/p1"}}
    result = run("order-sign", "--patient", "ada", "--patient", chart_file(own))
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["patients", "2"] in lines
    assert ["silences", "2"] in lines


def test_directory_without_charts_is_two(run: Callable[..., Result], tmp_path: Path) -> None:
    """An empty directory is a usage error, not a success without calls."""
    result = run("patient-view", "--patient", tmp_path)
    assert result.exit_code == 2
    assert "holds no .json" in result.stderr


def test_help_lists_hooks_and_exit_codes() -> None:
    """--help names every hook and every exit code."""
    text = " ".join(CliRunner().invoke(hook, ["--help"]).output.split())
    assert all(name in text for name in HOOKS)
    assert all(f" {code} " in text for code in (0, 2, 3, 4, 5, 6))
