"""What is stored after the card: outcomes, decisions, runs, and a lock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from monitor_cases import MODEL, NOW, OUTPUT, START, found, key_of, predict
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from cds_hooks.ledger import DecisionEntry, Ledger, OutcomeEntry, RunEntry

TABLES = ("outcome", "decision", "monitor_run")


def decision(**changes: Any) -> DecisionEntry:
    """A decision of the monitor on women."""
    entry: dict[str, Any] = {
        "model": MODEL, "version": "1.0.0", "action": "withhold", "source": "monitor", "reason": "too low",
        "decided_at": START, "groups": [{"attribute": "sex", "value": "female"}],
        "expires_at": START + timedelta(days=90),
    }  # fmt: skip
    return DecisionEntry(**(entry | changes))


def a_run(**changes: Any) -> RunEntry:
    """A run that took a look."""
    entry: dict[str, Any] = {
        "model": MODEL, "version": "1.0.0", "plan": "ab" * 32, "ran_at": START, "outcome": "fail",
        "fraction": 0.5, "alpha": 0.003, "spent": 0.003,
    }  # fmt: skip
    return RunEntry(**(entry | changes))


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    predict(ledger, "one")
    found(ledger, "one", 1, START + timedelta(days=3))
    ledger.record_decision(decision())
    ledger.record_run(a_run())
    return ledger


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET digest = 'x'", "DELETE FROM {}"])
def test_a_stored_row_stays(filled: Ledger, outside: Engine, table: str, statement: str) -> None:
    """UPDATE and DELETE are refused by the database itself."""
    with outside.begin() as connection, pytest.raises(IntegrityError, match="append-only"):
        connection.execute(text(statement.format(table)))


def test_an_outcome_is_stored_once(ledger: Ledger) -> None:
    """The same finding told again, even later, is a duplicate."""
    predict(ledger, "one")
    first = found(ledger, "one", 1, START + timedelta(days=3))
    again = found(ledger, "one", 1, START + timedelta(days=3), told=NOW)
    assert (first, again) == ("stored", "duplicate")
    assert len(list(ledger.outcomes(OUTPUT, NOW))) == 1


def test_an_outcome_of_an_unknown_patient_is_not_kept(ledger: Ledger) -> None:
    """Nothing is stored about people whom nobody asked about."""
    assert found(ledger, "nobody", 1, START) == "unknown-patient"
    assert list(ledger.outcomes(OUTPUT, NOW)) == []


def test_a_card_stands_for_its_patient(ledger: Ledger) -> None:
    """An outcome told by the card's uuid is stored under the patient's key."""
    shown = predict(ledger, "one")
    entry = OutcomeEntry(patient_key=None, card_uuid=shown.card_uuid, output=OUTPUT, value=1,
                         observed_at=START, received_at=NOW)  # fmt: skip
    assert ledger.record_outcomes([entry]) == ["stored"]
    assert [row["patient_key"] for row in ledger.outcomes(OUTPUT, NOW)] == [key_of("one")]


def test_an_outcome_of_an_unknown_card_is_told(ledger: Ledger) -> None:
    """A card that was never shown stands for nobody."""
    entry = OutcomeEntry(patient_key=None, card_uuid="a-card", output=OUTPUT, value=1,
                         observed_at=START, received_at=NOW)  # fmt: skip
    assert ledger.record_outcomes([entry]) == ["unknown-card"]


def test_outcomes_that_arrive_later_are_not_known_yet(ledger: Ledger) -> None:
    """Reading as of a moment leaves out what arrived after it."""
    predict(ledger, "one")
    found(ledger, "one", 1, START, told=NOW)
    assert list(ledger.outcomes(OUTPUT, NOW - timedelta(seconds=1))) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": 2}, "value"),
        ({"patient_key": "maria"}, "patient_key"),
        ({"patient_key": None}, "patient_key and card_uuid"),
        ({"output": ""}, "output"),
        ({"observed_at": NOW.replace(tzinfo=None)}, "observed_at"),
    ],
)
def test_an_outcome_that_does_not_fit_names_the_field(changes: dict[str, Any], field: str) -> None:
    """The message has the field and never the value."""
    entry: dict[str, Any] = {"patient_key": key_of("one"), "card_uuid": None, "output": OUTPUT, "value": 1,
                             "observed_at": START, "received_at": NOW}  # fmt: skip
    with pytest.raises(ValueError, match=field) as raised:
        OutcomeEntry(**(entry | changes))
    assert "maria" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "override"}, "owner"),
        ({"action": "lift", "lifts": "ab" * 32}, "owner"),
        ({"source": "override", "owner": "A", "expires_at": None}, "expires_at"),
        ({"expires_at": START}, "expires_at"),
        ({"lifts": "ab" * 32}, "lifts"),
        ({"reason": " "}, "reason"),
        ({"action": "ignore"}, "action"),
        ({"groups": [{"sex": "female"}]}, "groups"),
    ],
)
def test_a_decision_that_does_not_fit_names_the_field(changes: dict[str, Any], field: str) -> None:
    """A person's decision names its owner, an override ends, a lift names what it lifts."""
    with pytest.raises(ValueError, match=field):
        decision(**changes)


def test_a_declared_decision_is_stored_once(ledger: Ledger) -> None:
    """What a manifest declares is met at every start and is one decision."""
    for day in range(3):
        at = START + timedelta(days=day)
        ledger.record_decision(decision(source="load", decided_at=at))
    assert len(ledger.decisions(MODEL)) == 1


def test_decisions_are_read_oldest_first(ledger: Ledger) -> None:
    """The order is that of their making, with groups as plain values."""
    ledger.record_decision(decision(reason="second", decided_at=START + timedelta(days=1)))
    ledger.record_decision(decision(reason="first"))
    rows = ledger.decisions(MODEL, "1.0.0")
    assert [row["reason"] for row in rows] == ["first", "second"]
    assert rows[0]["groups"] == [{"attribute": "sex", "value": "female"}]


@pytest.mark.parametrize(
    "changes", [{"fraction": None}, {"fraction": 1.5}, {"plan": "x"}, {"alpha": float("nan")}]
)
def test_a_run_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    """A look has fraction, alpha and spent, all finite."""
    with pytest.raises(ValueError, match=r"must|come together"):
        a_run(**changes)


def test_a_lock_is_held_by_one(url: str) -> None:
    """While one ledger holds a lock, another one on the same database does not get it, and then does."""
    with Ledger.open(url) as one, Ledger(url) as other:
        with one.exclusively("monitor") as mine, other.exclusively("monitor") as theirs:
            assert (mine, theirs) == (True, False)
        with other.exclusively("monitor") as free:
            assert free


def test_two_locks_do_not_touch(ledger: Ledger) -> None:
    """Locks of different names are independent."""
    with ledger.exclusively("a") as one, ledger.exclusively("b") as other:
        assert one
        assert other


def test_predictions_come_in_pages_and_in_order(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row is read once, however small the pages are."""
    monkeypatch.setattr("cds_hooks.ledger.follow_up._PAGE", 2)
    for day in (3, 1, 2, 5, 4):
        predict(ledger, f"p{day}", START + timedelta(days=day))
    rows = list(ledger.predictions(MODEL, "1.0.0", NOW))
    assert [row["patient_key"] for row in rows] == [key_of(f"p{day}") for day in (1, 2, 3, 4, 5)]


def test_a_ledger_of_the_first_form_is_brought_up_to_date(url: str, outside: Engine) -> None:
    """A ledger of revision 0001 gets the new tables and keeps its rows."""
    with Ledger.open(url) as ledger:
        predict(ledger, "one")
    with outside.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("UPDATE ledger_revision SET version_num = '0001'"))
    with Ledger.open(url) as ledger:
        assert len(list(ledger.predictions(MODEL, "1.0.0", NOW))) == 1
        assert found(ledger, "one", 1, START) == "stored"
