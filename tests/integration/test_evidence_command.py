"""`bedside evidence` and the routes: the same files each time, from the catalogue and a real ledger."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from click.testing import CliRunner, Result
from hospital import DIABETES, RESPONSE, Hospital

from cds_hooks.cli.main import cli
from fairness.evidence.inventory import FORMS
from fairness.evidence.views import VIEWS
from models.registry import CATALOG


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["evidence", *arguments], prog_name="bedside")


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_command_writes_the_record_and_every_view(tmp_path: Path) -> None:
    """One file for each view, and the inventory over all models."""
    done = run(DIABETES, "--out", str(tmp_path / "out"), "--without-ledger", "--created", "2026-11-24")
    assert done.exit_code == 0, done.output
    assert set(written(tmp_path / "out")) == {*VIEWS, *FORMS}


def test_running_it_again_gives_the_same_bytes(tmp_path: Path) -> None:
    """No clock and no order of chance in any file."""
    for name in ("a", "b"):
        run(RESPONSE, "--out", str(tmp_path / name), "--without-ledger", "--created", "2026-11-24")
    assert written(tmp_path / "a") == written(tmp_path / "b")


def test_one_view_can_be_asked_for(tmp_path: Path) -> None:
    """--only writes that file alone."""
    run(DIABETES, "--out", str(tmp_path), "--without-ledger", "--only", "summary.html")
    assert set(written(tmp_path)) == {"summary.html"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("no-such-model", "--without-ledger"), 1, "there are immunotherapy-response"),
        ((DIABETES, "--only", "poem.txt"), 2, "no view 'poem.txt'; there are summary.html"),
        ((DIABETES, "--created", "yesterday"), 2, "--created"),
        ((DIABETES, "--card", "x"), 2, "--subject"),
        ((DIABETES, "--ledger", "nonsense"), 2, "--without-ledger"),
    ],
)
def test_a_wrong_call_is_told_with_its_remedy(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Exit code and a sentence that names what to give, and nothing is written."""
    done = run(*arguments, "--out", str(tmp_path / "out"))
    assert (done.exit_code, words in done.output) == (code, True), done.output
    assert not (tmp_path / "out").exists()


def test_an_audit_of_another_model_stops_the_command(tmp_path: Path) -> None:
    """Exit code 1; the message says which."""
    (tmp_path / "report.json").write_text(json.dumps({"model": RESPONSE, "version": "1.0.0"}))
    done = run(
        DIABETES, "--out", str(tmp_path / "o"), "--without-ledger", "--audit", str(tmp_path / "report.json")
    )
    assert done.exit_code == 1
    assert "is of another model" in done.output


def test_a_file_that_is_no_report_stops_the_command(tmp_path: Path) -> None:
    """It is named, and its content is not printed."""
    (tmp_path / "report.json").write_text("Jane Doe")
    done = run(
        DIABETES, "--out", str(tmp_path / "o"), "--without-ledger", "--audit", str(tmp_path / "report.json")
    )
    assert done.exit_code == 1
    assert "report.json" in done.output
    assert "Jane" not in done.output


def test_use_on_record_is_in_the_log_extract(hospital: Hospital, tmp_path: Path) -> None:
    """Twelve hooks are counted by decision; three would be withheld."""
    for _ in range(12):
        hospital.post(hospital.request("maria-lindqvist"))
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    done = run(DIABETES, "--out", str(tmp_path / "out"), "--ledger", url)
    assert done.exit_code == 0, done.output
    usage = json.loads((tmp_path / "out" / "record.json").read_bytes())["usage"]
    assert [(row["decision"], row["n"]) for row in usage["decisions"]] == [("card", 12)]
    log = json.loads((tmp_path / "out" / "ai-act.json").read_bytes())
    assert next(one for one in log["answers"] if one["id"] == "19(1)")["state"] == "partly"


def test_a_few_uses_are_not_counted_aloud(hospital: Hospital) -> None:
    """Three hooks leave a masked row, and no item about missing use."""
    for _ in range(3):
        hospital.post(hospital.request("maria-lindqvist"))
    found = hospital.client.get(f"/models/{DIABETES}/evidence").get_json()
    assert found["usage"]["decisions"] == [{"decision": "card", "reason": None, "n": None, "state": "masked"}]


def test_the_card_of_a_hook_is_written_as_fhir(hospital: Hospital, tmp_path: Path) -> None:
    """--card gives the answer for the patient that the caller names."""
    card = hospital.post(hospital.request("maria-lindqvist")).get_json()["cards"][0]
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    arguments = (
        "--ledger",
        url,
        "--card",
        card["uuid"],
        "--subject",
        "Patient/1",
        "--out",
        str(tmp_path / "o"),
    )
    done = run(DIABETES, *arguments)
    assert done.exit_code == 0, done.output
    sent = json.loads((tmp_path / "o" / "ai-transparency-card.json").read_bytes())
    answer = sent["entry"][0]["resource"]
    assert (answer["subject"]["reference"], len(answer["prediction"])) == ("Patient/1", 2)
    assert run(RESPONSE, *arguments).exit_code == 1


def test_the_service_answers_with_the_record_and_each_view(hospital: Hospital) -> None:
    """GET /models/<id>/evidence and /models/<id>/evidence/<view>, with the media type of the view."""
    found = hospital.client.get(f"/models/{DIABETES}/evidence")
    assert (found.status_code, found.get_json()["model"]) == (200, DIABETES)
    for name, view in VIEWS.items():
        answer = hospital.client.get(f"/models/{DIABETES}/evidence/{name}")
        assert (answer.status_code, answer.content_type) == (200, view.media_type)


def test_the_service_answers_with_the_inventory(hospital: Hospital) -> None:
    """Over all models."""
    told = hospital.client.get("/evidence/section-1557.json").get_json()["tools"]
    assert {row["model"] for row in told} == {path.name for path in CATALOG.iterdir() if path.is_dir()}


@pytest.mark.parametrize(
    "path", ["/models/none/evidence", f"/models/{DIABETES}/evidence/poem.txt", "/evidence/poem.txt"]
)
def test_what_is_not_there_is_told_with_what_is(hospital: Hospital, path: str) -> None:
    """404 as OperationOutcome."""
    answer = hospital.client.get(path)
    assert (answer.status_code, answer.get_json()["resourceType"]) == (404, "OperationOutcome")


def test_a_browser_gets_the_way_to_every_view(hospital: Hospital) -> None:
    """Each link of the page leads to a document, and what is open is told beside them."""
    address = f"/models/{DIABETES}/evidence"
    answer = hospital.client.get(address, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    links = re.findall(r'href="([^"#]+)"', answer.text)
    assert {urljoin(address, link).rpartition("/")[2] for link in links} >= {*VIEWS, "section-1557.csv"}
    assert {hospital.client.get(urljoin(address, link)).status_code for link in links} == {200}
    (first, *_) = hospital.client.get(address).get_json()["open_items"]
    assert html.escape(first["remedy"], quote=False) in answer.text


def test_the_model_page_leads_to_its_evidence(hospital: Hospital) -> None:
    page = hospital.client.get(f"/models/{DIABETES}", headers={"Accept": "text/html"}).text
    assert f'href="{DIABETES}/evidence"' in page
