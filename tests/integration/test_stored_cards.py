"""The ledger gives a card back as the clinician saw it, though it keeps nothing twice and nobody's name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hospital import Hospital

from cds_hooks.demo import compose


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    opened = Hospital(tmp_path)
    yield opened
    opened.close()


def shown(hospital: Hospital, patient: str) -> dict[str, Any]:
    (card,) = hospital.post(hospital.request(patient)).get_json()["cards"]
    assert isinstance(card, dict)
    return card


def as_kept(card: dict[str, Any]) -> dict[str, Any]:
    """A card as it may be kept: suggested resources by their type, the patient not at all."""
    text = json.dumps(card)
    told: dict[str, Any] = json.loads(text)
    for suggestion in told.get("suggestions", ()):
        for action in suggestion["actions"]:
            action["resource"] = {"resourceType": action["resource"]["resourceType"]}
    for feature in told["extension"]["org.bedside.prediction"]["features"]:
        if feature.get("source", "").startswith("Patient/"):
            feature["source"] = "Patient"
    return told


def test_every_card_comes_back_as_it_was_shown(hospital: Hospital) -> None:
    """With a score and without, over all bundled patients."""
    answers = [hospital.post(hospital.request(patient)).get_json() for patient in compose.names()]
    cards = [card for answer in answers for card in answer.get("cards", ())]
    assert len({"score" in card["extension"]["org.bedside.prediction"] for card in cards}) == 2
    for card in cards:
        story = hospital.ledger.story(card["uuid"])
        assert story is not None
        assert story["prediction"]["card"] == as_kept(card)


def test_what_a_card_rests_on_is_kept_once(hospital: Hospital, tmp_path: Path) -> None:
    card = shown(hospital, "maria-lindqvist")
    (file,) = tmp_path.rglob("*.db")
    with sqlite3.connect(file) as ledger:
        ((kept, features),) = ledger.execute("SELECT card, features FROM prediction").fetchall()
    assert set(json.loads(kept)["extension"]["org.bedside.prediction"]).isdisjoint({"features", "clearance"})
    names = [one["name"] for one in card["extension"]["org.bedside.prediction"]["features"]]
    assert [one["name"] for one in json.loads(features)] == names
