"""The bundled manifests, and what the gate makes of the bundled evaluations."""

import pytest

from fairness.gate import Clearance, clear
from fairness.groups import memberships
from models.evaluation import Evaluation
from models.manifest import MANIFEST, Manifest
from models.registry import CATALOG

FOLDERS = sorted(path.parent for path in CATALOG.glob(f"*/{MANIFEST}"))
DIABETES = CATALOG / "type2-diabetes-risk"
IMMUNOTHERAPY = CATALOG / "immunotherapy-response"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_bundled_manifest_is_valid(folder: object) -> None:
    """Each manifest of the catalogue keeps the schema, and its folder has its id."""
    path = CATALOG / str(folder) / MANIFEST
    assert Manifest.load(path).id == path.parent.name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_gate_finds_the_evaluation_that_the_manifest_names(folder: object) -> None:
    """The policy's data set and output exist in evaluation.json."""
    path = CATALOG / str(folder)
    policy = Manifest.load(path / MANIFEST).fairness
    evaluation = Evaluation.read((path / "evaluation.json").read_bytes())
    assert evaluation.find(policy.dataset, policy.output) is not None


def diabetes(race: str) -> Clearance:
    """The gate of the diabetes model for a woman of 64 years of one race."""
    policy = Manifest.load(DIABETES / MANIFEST).fairness
    cells = Evaluation.read((DIABETES / "evaluation.json").read_bytes()).results
    return clear(policy, cells, memberships(sex="female", age=64, race={race}, ethnicity={"2186-5"}))


@pytest.mark.parametrize(
    ("race", "words"),
    [
        ("white", "too high for White"),
        ("asian", "too low for Asian"),
        ("black-or-african-american", "too low for Black"),
    ],
)
def test_diabetes_risk_is_cautious_where_it_is_off_by_race(race: str, words: str) -> None:
    """The known shifts of the diabetes model by race reach the card."""
    found = diabetes(race)
    assert found.action == "caution"
    assert words in found.line


def test_the_immunotherapy_card_offers_nothing_to_act_on() -> None:
    """The response model has no threshold and no suggestion, and always speaks."""
    card = Manifest.load(IMMUNOTHERAPY / MANIFEST).card
    assert (card.thresholds, card.suggestions, card.speak_when) == ({}, (), ())


def test_the_diabetes_card_proposes_a_draft_test() -> None:
    """The one suggestion is a draft ServiceRequest for HbA1c (LOINC 4548-4) for the patient in context."""
    (suggestion,) = Manifest.load(DIABETES / MANIFEST).card.suggestions
    resource = suggestion.resource
    assert (resource["resourceType"], resource["status"]) == ("ServiceRequest", "draft")
    assert resource["code"]["coding"][0]["code"] == "4548-4"
    assert resource["subject"] == {"reference": "Patient/{{context.patientId}}"}
