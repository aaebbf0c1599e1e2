"""The scenarios of the feature files, in the words of those who work with the service."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hospital import DIABETES, Hospital
from pytest_bdd import given, parsers, scenarios, then, when
from visits import Visit, add_model, copy_with_policy

from cds_hooks.ledger import DecisionEntry
from cds_hooks.telemetry import JsonLines
from models.registry import CATALOG, Registry

scenarios("clinicians.feature", "integrators.feature", "compliance.feature")


@pytest.fixture
def visit(hospital: Hospital, caplog: pytest.LogCaptureFixture) -> Visit:
    """A visit to a hospital with the bundled models."""
    caplog.set_level(logging.DEBUG)
    return Visit(hospital)


@given(parsers.parse('a folder with a model named "{name}"'), target_fixture="visit")
def hospital_with_its_own_model(name: str, tmp_path: Path) -> Iterator[Visit]:
    folder = tmp_path / "own-models"
    add_model(folder, name)
    opened = Hospital(tmp_path, Registry.load([CATALOG, folder]))
    yield Visit(opened)
    opened.close()


@given(
    parsers.parse('a hospital that withholds "{model}" where observed and expected differ by race'),
    target_fixture="visit",
)
def hospital_that_withholds(model: str, tmp_path: Path) -> Iterator[Visit]:
    claim = {"metric": "o_e", "between": [0.8, 1.25], "ideal": 1.0, "groups": ["race"], "on_fail": "withhold"}
    copy_with_policy(tmp_path / "own-models", model, claims=[claim])
    opened = Hospital(tmp_path, Registry.load([tmp_path / "own-models"]))
    yield Visit(opened)
    opened.close()


@given(
    parsers.parse('a hospital whose "{model}" must not be loaded when observed and expected differ by race'),
    target_fixture="visit",
)
def hospital_that_refuses(model: str, tmp_path: Path) -> Iterator[Visit]:
    claim = {"metric": "o_e", "between": [0.8, 1.25], "ideal": 1.0, "on_fail": "do-not-load"}
    folder = tmp_path / "own-models"
    copy_with_policy(folder, model, claims=[claim])
    copy_with_policy(folder, "immunotherapy-response")
    opened = Hospital(tmp_path, Registry.load([folder]))
    yield Visit(opened)
    opened.close()


@given(parsers.parse('the monitor has found "{model}" off for White patients'))
def monitor_has_found(model: str, visit: Visit) -> None:
    now = datetime.now(UTC)
    visit.hospital.ledger.record_decision(
        DecisionEntry(
            model=model,
            version="1.0.0",
            action="withhold",
            source="monitor",
            reason="outcomes here show observed to expected events outside what is claimed",
            decided_at=now,
            expires_at=now + timedelta(days=90),
            groups=[{"attribute": "race", "value": "white"}],
        )
    )


@given(parsers.parse('"{owner}" has lifted the decision'))
def owner_has_lifted(owner: str, visit: Visit) -> None:
    (found,) = visit.hospital.ledger.decisions()
    visit.hospital.ledger.record_decision(
        DecisionEntry(
            model=found["model"],
            version=found["version"],
            action="lift",
            source="override",
            owner=owner,
            reason="the laboratory's change of method explains it",
            decided_at=datetime.now(UTC),
            lifts=found["digest"],
        )
    )


@given(parsers.parse("the chart of {name}"))
def chart_of(name: str, visit: Visit) -> None:
    visit.fetch(name)


@given(parsers.parse("the result of {value:g} was never there"))
def without_result(value: float, visit: Visit) -> None:
    visit.forget(value)


@given(parsers.parse('the result of {value:g} came in the unit "{unit}"'))
def with_unit(value: float, unit: str, visit: Visit) -> None:
    visit.change_unit(value, unit)


@given(parsers.parse("her pregnancy ended {days:d} days ago"))
def pregnancy_has_ended(days: int, visit: Visit) -> None:
    visit.end_problem("pregnancy", date.today() - timedelta(days=days))


@given(parsers.parse("her pregnancy ends in {days:d} days"))
def pregnancy_will_end(days: int, visit: Visit) -> None:
    visit.end_problem("pregnancy", date.today() + timedelta(days=days))


@given(parsers.parse('her medication list says "{words}"'))
def medication_in_words(words: str, visit: Visit) -> None:
    visit.add(
        {
            "resourceType": "MedicationStatement",
            "id": "in-words",
            "status": "completed",
            "subject": {"reference": f"Patient/{visit.patient}"},
            "medicationCodeableConcept": {"text": words},
            "effectiveDateTime": (date.today() - timedelta(days=400)).isoformat(),
        }
    )


@given(parsers.parse('the laboratory reported a recent "{words}" without a standard code'))
def result_in_words(words: str, visit: Visit) -> None:
    visit.sent_beside["observations"] = {
        "resourceType": "Observation",
        "id": "in-words",
        "status": "final",
        "subject": {"reference": f"Patient/{visit.patient}"},
        "code": {"coding": [{"system": "urn:oid:1.2.3.4", "code": "4711", "display": words}]},
        "effectiveDateTime": (date.today() - timedelta(days=60)).isoformat(),
        "valueQuantity": {"value": 5.4, "unit": "%"},
    }


@given(parsers.parse('the prefetch "{key}" is not sent'))
def without_prefetch(key: str, visit: Visit) -> None:
    visit.not_sent.add(key)


@when("the chart is opened")
def chart_is_opened(visit: Visit) -> None:
    visit.play("patient-view")


@when("the order is written")
def order_is_written(visit: Visit) -> None:
    visit.play("order-select")


@when(parsers.parse('somebody opens the page of "{model}"'))
def page_is_opened(model: str, visit: Visit) -> None:
    visit.page = visit.hospital.client.get(f"/models/{model}", headers={"Accept": "text/html"}).text


@when("the suggestion is accepted")
def suggestion_is_accepted(visit: Visit) -> None:
    visit.report = {
        "card": visit.card["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": visit.card["suggestions"][0]["uuid"]}],
        "outcomeTimestamp": datetime.now(UTC).isoformat(),
    }
    send_report(visit)


@when("the same report arrives again")
def send_report(visit: Visit) -> None:
    answer = visit.hospital.client.post(
        f"/cds-services/{DIABETES}/feedback", json={"feedback": [visit.report]}
    )
    assert answer.status_code == 200


@then("there is one card")
def one_card(visit: Visit) -> None:
    assert len(visit.cards) == 1


@then("there is no card")
def no_card(visit: Visit) -> None:
    assert visit.cards == []


@then(parsers.parse("there are cards of {count:d} models"))
def cards_of_models(count: int, visit: Visit) -> None:
    assert len({card["extension"]["org.bedside.prediction"]["model"] for card in visit.cards}) == count


@then("its headline counts people in 100")
def headline_counts(visit: Visit) -> None:
    assert re.match(r"About \d+ in 100 ", visit.card["summary"])


@then(parsers.parse('the card says "{words}"'))
def card_says(words: str, visit: Visit) -> None:
    assert words in f"{visit.card['summary']}\n{visit.card['detail']}"


@then("the card has no score")
def no_score(visit: Visit) -> None:
    assert {"score", "interval", "outputs", "contributions"} & set(visit.behind) == set()
    assert "in 100" not in visit.card["summary"] + visit.card["detail"]


@then(parsers.parse('it suggests "{label}"'))
def suggests(label: str, visit: Visit) -> None:
    assert [one["label"] for one in visit.card["suggestions"]] == [label]
    (action,) = visit.card["suggestions"][0]["actions"]
    assert action["resource"]["status"] == "draft"


@then("it suggests nothing")
def suggests_nothing(visit: Visit) -> None:
    assert "suggestions" not in visit.card


@then(parsers.parse('the ledger gives the reason "{reason}"'))
def ledger_gives_reason(reason: str, visit: Visit) -> None:
    assert [(kind, why) for _, kind, why in visit.hospital.decisions()] == [("silent", reason)]


@then("the ledger names the entry of the medication list")
def ledger_names_entry(visit: Visit) -> None:
    path, code = "prefetch.medicationStatements.entry[0].resource", "named-in-words"
    assert visit.hospital.issues()[path] == code


@then("the ledger tells that the estimate was withheld")
def ledger_tells_withheld(visit: Visit) -> None:
    assert [(kind, why) for _, kind, why in visit.hospital.decisions()] == [("outside", "withheld")]


@then(parsers.parse('the finding "{name}" is {value:d}'))
def finding_is(name: str, value: int, visit: Visit) -> None:
    assert visit.hospital.features()[name]["value"] == value


@then(parsers.parse('the finding "{name}" is missing because of "{reason}"'))
def finding_is_missing(name: str, reason: str, visit: Visit) -> None:
    found = visit.hospital.features()[name]
    assert (found["state"], found["reason"]) == ("missing", reason)


@then(parsers.parse('the call is refused with {status:d} naming "{word}"'))
def refused(status: int, word: str, visit: Visit) -> None:
    (answer,) = visit.answers
    assert answer.status_code == status
    assert word in answer.get_json()["issue"][0]["diagnostics"]


@then("the ledger holds one report on the card")
def one_report(visit: Visit) -> None:
    story = visit.hospital.ledger.story(visit.card["uuid"])
    assert story is not None
    assert len(story["feedback"]) == 1


@then(parsers.parse('discovery lists "{service}" for "{hook}"'))
def discovery_lists(service: str, hook: str, visit: Visit) -> None:
    offered = [(one["id"], one["hook"]) for one in visit.hospital.discovery()["services"]]
    assert (service, hook) in offered


@then(parsers.parse('discovery does not list "{service}"'))
def discovery_leaves_out(service: str, visit: Visit) -> None:
    assert service not in [one["id"] for one in visit.hospital.discovery()["services"]]


@then(parsers.parse('the page says "{words}"'))
def page_says(words: str, visit: Visit) -> None:
    assert words in visit.page


@then("neither log nor counters name the patient")
def log_is_silent(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    lines = [JsonLines().format(record) for record in caplog.records if record.name == "bedside"]
    told = "\n".join(lines) + visit.hospital.metrics()
    assert "type2-diabetes-risk card" in told
    assert not re.search(r"maria|lindqvist", told, re.IGNORECASE)


@then("the ledger holds the card with the model's version and digest")
def ledger_holds_card(visit: Visit) -> None:
    story = visit.hospital.ledger.story(visit.card["uuid"])
    assert story is not None
    assert story["prediction"]["version"] == visit.behind["version"]
    assert re.fullmatch(r"[0-9a-f]{64}", story["prediction"]["model_sha256"])
    assert story["prediction"]["card"]["summary"] == visit.card["summary"]


@then("the ledger does not name the patient")
def ledger_is_nameless(visit: Visit) -> None:
    story = visit.hospital.ledger.story(visit.card["uuid"])
    assert "Patient/maria-lindqvist" not in str(story)
    assert "Maria" not in str(story)
