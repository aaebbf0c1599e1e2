"""The shape of cards: conformance, what a score's card carries, and what a card without one never does."""

import json
import uuid
from typing import Any

import msgspec
import pytest
from card_examples import (
    BASE,
    CARD_UUID,
    CAUTION,
    SERVE,
    WITHHOLD,
    Example,
    diabetes_prediction,
    example,
    outside,
    response_prediction,
    value,
    vector,
)
from markdown_it import MarkdownIt

from cds_hooks.cards import Links, card, outside_card
from cds_hooks.ehr.conformance import violations
from cds_hooks.extension import EXTENSION
from fhir_mapping.values import missing
from models.prediction import Contribution

LINKS = Links(BASE)
CONTEXT = {"patientId": "p1", "userId": "Practitioner/7"}


@pytest.fixture(scope="module")
def diabetes() -> Example:
    """The diabetes model of the catalogue."""
    return example("type2-diabetes-risk")


@pytest.fixture(scope="module")
def shown(diabetes: Example) -> dict[str, Any]:
    """Its card for the example patient."""
    return card(diabetes, diabetes_prediction(diabetes), CAUTION, LINKS, CARD_UUID, CONTEXT)


@pytest.mark.parametrize("base", [BASE, None])
def test_every_card_conforms_to_cds_hooks(diabetes: Example, base: str | None) -> None:
    """Cards with and without a score break no requirement, with and without a known base URL."""
    prediction, links = diabetes_prediction(diabetes), Links(base)
    other = str(uuid.uuid4())
    cards = [
        card(diabetes, prediction, SERVE, links, CARD_UUID, CONTEXT),
        outside_card(diabetes, outside(prediction), None, links, other),
    ]
    assert violations({"cards": cards}) == []


def test_the_response_card_conforms_without_suggestions() -> None:
    """A model without suggestions sends no selection behaviour."""
    model = example("immunotherapy-response")
    one = card(model, response_prediction(model), SERVE, LINKS, CARD_UUID)
    assert violations({"cards": [one]}) == []
    assert "selectionBehavior" not in one


def test_the_extension_tells_score_interval_and_outputs(shown: dict[str, Any]) -> None:
    """Score and interval are those of the primary output."""
    told = shown["extension"][EXTENSION]
    assert (told["model"], told["version"]) == ("type2-diabetes-risk", "1.0.0")
    assert (told["score"], told["interval"]) == (0.09, [0.061, 0.134])
    assert [output["name"] for output in told["outputs"]] == ["diabetes", "dysglycaemia"]


def test_the_extension_tells_every_feature_with_its_provenance(
    diabetes: Example, shown: dict[str, Any]
) -> None:
    """Value, unit, date, source, state and what was sent stand beside each other."""
    features = {one["name"]: one for one in shown["extension"][EXTENSION]["features"]}
    assert list(features) == [spec.name for spec in diabetes.features.specs]
    assert features["waist"] == {
        "name": "waist",
        "value": 118,
        "unit": "cm",
        "state": "ok",
        "date": "2026-09-02T08:30:00+02:00",
        "source": "Observation/waist",
        "original_value": 46.46,
        "original_unit": "[in_i]",
    }
    assert features["hdl_cholesterol"] == {
        "name": "hdl_cholesterol",
        "state": "missing",
        "reason": "not-recorded",
    }


def test_the_extension_lists_missing_inputs_with_reasons(shown: dict[str, Any]) -> None:
    """Only inputs of the model count as missing."""
    assert shown["extension"][EXTENSION]["missing"] == [
        {"name": "total_cholesterol", "reason": "stale"},
        {"name": "hdl_cholesterol", "reason": "not-recorded"},
        {"name": "active", "reason": "not-recorded"},
    ]


def test_the_extension_tells_the_gate_with_its_evidence(shown: dict[str, Any]) -> None:
    """The verdict for each group of the patient comes along."""
    clearance = shown["extension"][EXTENSION]["clearance"]
    assert clearance["action"] == "caution"
    assert [one["attribute"] for one in clearance["evidence"]] == ["overall", "race"]


@pytest.mark.parametrize("why", ["outside", "withheld"])
def test_a_card_without_a_score_tells_none(diabetes: Example, why: str) -> None:
    """Neither number nor interval, output or contribution is in it, nor a suggestion."""
    prediction = diabetes_prediction(diabetes)
    prediction = outside(prediction) if why == "outside" else prediction
    one = outside_card(diabetes, prediction, WITHHOLD if why == "withheld" else None, LINKS, CARD_UUID)
    told = one["extension"][EXTENSION]
    assert not {"score", "interval", "outputs", "contributions"} & set(told)
    assert "in 100" not in one["summary"] + one["detail"]
    assert "suggestions" not in one
    assert one["indicator"] == "info"


def test_a_withheld_card_says_why(diabetes: Example) -> None:
    """The gate's sentence stands in the detail."""
    one = outside_card(diabetes, diabetes_prediction(diabetes), WITHHOLD, LINKS, CARD_UUID)
    assert "withheld" in one["summary"]
    assert WITHHOLD.line in one["detail"]


@pytest.mark.parametrize("state", ["withheld", "outside"])
def test_a_score_that_must_not_be_shown_is_refused(diabetes: Example, state: str) -> None:
    """A mistake of the caller cannot show a withheld score."""
    prediction = diabetes_prediction(diabetes)
    prediction = outside(prediction) if state == "outside" else prediction
    with pytest.raises(ValueError, match="must not be shown"):
        card(diabetes, prediction, WITHHOLD if state == "withheld" else SERVE, LINKS, CARD_UUID)


def test_suggestions_are_about_the_patient_in_the_context(shown: dict[str, Any]) -> None:
    """The order's subject is the patient of the hook."""
    suggestion = shown["suggestions"][0]
    action = suggestion["actions"][0]
    assert (action["type"], action["resource"]["subject"]) == ("create", {"reference": "Patient/p1"})
    assert suggestion["isRecommended"] is True
    assert shown["selectionBehavior"] == "at-most-one"


def test_a_token_without_context_leaves_no_half_reference(diabetes: Example) -> None:
    """An unfilled token is never sent."""
    one = card(diabetes, diabetes_prediction(diabetes), SERVE, LINKS, CARD_UUID)
    assert "subject" not in one["suggestions"][0]["actions"][0]["resource"]
    assert "{{" not in json.dumps(one)


def test_a_client_profile_may_ask_for_any(diabetes: Example) -> None:
    """Some clients support `any` only."""
    prediction = diabetes_prediction(diabetes)
    one = card(diabetes, prediction, SERVE, LINKS, CARD_UUID, CONTEXT, selection_behavior="any")
    assert one["selectionBehavior"] == "any"


def test_suggestion_uuids_follow_from_the_card(diabetes: Example, shown: dict[str, Any]) -> None:
    """The same card has the same suggestion, another card another one."""
    prediction = diabetes_prediction(diabetes)
    again = card(diabetes, prediction, SERVE, LINKS, CARD_UUID, CONTEXT)
    other = card(diabetes, prediction, SERVE, LINKS, str(uuid.uuid4()), CONTEXT)
    first = shown["suggestions"][0]["uuid"]
    assert again["suggestions"][0]["uuid"] == first != other["suggestions"][0]["uuid"]


def test_small_risks_are_told_in_thousands(diabetes: Example) -> None:
    """A risk under 1 % has a count of its own although the lead speaks in hundreds."""
    prediction = diabetes_prediction(diabetes)
    low = msgspec.structs.replace(prediction.outputs[0], probability=0.004, low=0.002, high=0.009)
    one = card(diabetes, msgspec.structs.replace(prediction, outputs=(low,)), SERVE, LINKS, CARD_UUID)
    assert "**about 4 in 1000** people like this; the data allow 2 to 9." in one["detail"]
    assert one["summary"].startswith("Fewer than 1 in 100")


def test_a_headline_without_its_typical_count_becomes_a_plain_one(diabetes: Example) -> None:
    """No placeholder is ever shown."""
    prediction = diabetes_prediction(diabetes)
    alone = msgspec.structs.replace(prediction.outputs[0], typical=None)
    one = card(diabetes, msgspec.structs.replace(prediction, outputs=(alone,)), SERVE, LINKS, CARD_UUID)
    assert one["summary"] == "About 9 in 100 people like this: Undiagnosed diabetes (HbA1c 6.5 % or more)"


def test_hostile_text_of_a_record_stays_text(diabetes: Example) -> None:
    """A unit and a display full of markup add no element to the rendered detail."""
    hostile = "<img src=x onerror=alert(1)>|[a](javascript:b)`*"
    known = {
        "waist": value("waist", 118, "cm", original_value=1.0, original_unit=hostile),
        "ever_smoker": value("ever_smoker", 1, text=f"| {hostile}\n\n# h", date="<b>"),
    }
    prediction = msgspec.structs.replace(
        diabetes_prediction(diabetes),
        vector=vector(diabetes.features, **known),
        contributions=(Contribution("waist", 0.6), Contribution("ever_smoker", 0.5)),
    )
    detail = card(diabetes, prediction, SERVE, LINKS, CARD_UUID)["detail"]
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(detail)
    assert not {tag for tag in ("<img", "<a", "<h1", "<b>", "<code") if tag in rendered}
    assert rendered.count("<td>") == 8


def test_no_link_without_a_base_url(diabetes: Example) -> None:
    """A relative link is never sent."""
    one = card(diabetes, diabetes_prediction(diabetes), SERVE, Links(None), CARD_UUID)
    assert "links" not in one
    assert "url" not in one["source"]


def test_the_detail_fits_ten_seconds(shown: dict[str, Any]) -> None:
    """No more than 260 words, table and all."""
    assert len(shown["detail"].split()) <= 260


def test_a_card_without_a_score_lists_what_could_not_be_read() -> None:
    """A clinician who reads that a marker is unknown learns that it is in the chart and did not count."""
    model = example("immunotherapy-response")
    prediction = response_prediction(model)
    known = {one.name: one for one in prediction.vector if one.name not in ("albumin", "age")}
    known["albumin"] = missing("albumin", "unit-not-accepted", "g/dL")
    known["age"] = missing("age", "not-recorded")
    unread = msgspec.structs.replace(prediction, vector=vector(model.features, **known))
    told = outside_card(model, outside(unread), None, LINKS, CARD_UUID)["detail"]
    assert "In the chart, but not read: Serum albumin (recorded in a unit that is not accepted)" in told
    assert "Neutrophil to lymphocyte ratio (neutrophil count recorded too long ago; " in told
    assert "lymphocyte count recorded without a unit" in told
    assert "Age" not in told


def test_a_card_without_a_score_says_nothing_of_reading_where_all_was_read(diabetes: Example) -> None:
    """What is not recorded or too old is no trouble of reading."""
    told = outside_card(diabetes, outside(diabetes_prediction(diabetes)), None, LINKS, CARD_UUID)["detail"]
    assert "not read" not in told


def test_a_model_without_an_interval_tells_no_range(diabetes: Example) -> None:
    """A point is no range that the data allow."""
    prediction = diabetes_prediction(diabetes)
    (_, other) = prediction.outputs
    point = msgspec.structs.replace(other, low=other.probability, high=other.probability)
    told = card(diabetes, msgspec.structs.replace(prediction, outputs=(point,)), SERVE, LINKS, CARD_UUID)
    assert "**about 52 in 100** people like this. Typical" in told["detail"]
    assert "the data allow" not in told["detail"]
