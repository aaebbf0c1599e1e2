"""CDS Hooks 2.0, requirement by requirement, against the real service and the bundled models."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from hospital import DIABETES, EXTENSION, RESPONSE, Hospital, Json

from cds_hooks.ehr.conformance import discovery_violations, violations

ORIGIN = "https://ehr.example.org"
TOKEN = re.compile(r"\{\{(.*?)\}\}")


def ids(*numbers: int) -> pytest.MarkDecorator:
    """Mark a test with the requirements that it holds."""
    return pytest.mark.requirement(*(f"cds-hooks_2.0@{number}" for number in numbers))


@pytest.fixture
def card(hospital: Hospital) -> Json:
    """The card that opening Maria's chart gives."""
    (shown,) = hospital.post(hospital.request("maria-lindqvist")).get_json()["cards"]
    made: Json = shown
    return made


def empties(node: Any, path: str = "$") -> list[str]:
    """Paths of every null, empty text, empty array and empty object."""
    if node is None or node in ("", [], {}):
        return [path]
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, value in pairs for found in empties(value, f"{path}.{key}")]


@ids(4, 5, 6, 13)
def test_discovery_is_at_its_address(hospital: Hospital) -> None:
    """GET /cds-services answers 200 with an array of services, in JSON."""
    answer = hospital.client.get("/cds-services")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert isinstance(answer.get_json()["services"], list)


@ids(7, 8, 9, 10, 11, 12)
def test_each_service_is_described(hospital: Hospital) -> None:
    """Hook, title, description, id, prefetch and usage requirements are texts that say something."""
    document = hospital.discovery()
    assert discovery_violations(document) == []
    for service in document["services"]:
        assert {"hook", "title", "description", "id", "prefetch", "usageRequirements"} == set(service)


@ids(3)
def test_discovery_holds_nothing_empty(hospital: Hospital) -> None:
    """No element of the discovery is null or empty."""
    assert empties(hospital.discovery()) == []


@ids(16, 211)
def test_one_service_answers_two_hooks(hospital: Hospital) -> None:
    """The same id is in discovery for both order hooks, and the call's hook decides which one answers."""
    offered = {(one["id"], one["hook"]) for one in hospital.discovery()["services"]}
    assert {(RESPONSE, "order-select"), (RESPONSE, "order-sign")} <= offered
    for hook in ("order-select", "order-sign"):
        answer = hospital.post(hospital.request("maria-lindqvist", hook), RESPONSE)
        assert len(answer.get_json()["cards"]) == 1


@ids(29, 35, 36, 55, 56, 57, 59)
def test_prefetch_tokens_are_fields_of_the_context(hospital: Hospital) -> None:
    """Each template names the patient by the one token that every hook has."""
    for service in hospital.discovery()["services"]:
        for template in service["prefetch"].values():
            assert set(TOKEN.findall(template)) == {"context.patientId"}


@ids(58)
def test_prefetch_uses_simple_queries_only(hospital: Hospital) -> None:
    """A read, or a search with patient, code and order of dates."""
    for service in hospital.discovery()["services"]:
        for template in service["prefetch"].values():
            allowed = {"patient", "code", "_sort"}
            assert set(re.findall(r"[?&]([^=]+)=", template)) <= allowed


@ids(28, 60)
def test_a_request_with_an_access_token_is_answered_without_it(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    """fhirServer and fhirAuthorization are accepted; the token is neither needed nor repeated."""
    body = hospital.request("maria-lindqvist")
    body["fhirServer"] = "https://fhir.example.org"
    body["fhirAuthorization"] = {"access_token": "canary", "token_type": "Bearer", "expires_in": 300}
    answer = hospital.post(body)
    assert answer.status_code == 200
    assert "canary" not in answer.text + caplog.text + hospital.metrics()


@ids(54)
def test_a_chart_without_its_problem_list_is_412(hospital: Hospital) -> None:
    """The answer names the prefetch key that is lacking, and which finding needs it."""
    body = hospital.request("maria-lindqvist")
    del body["prefetch"]["conditions"]
    answer = hospital.post(body)
    assert answer.status_code == 412
    (issue,) = answer.get_json()["issue"]
    assert issue["code"] == "required"
    assert "`conditions`" in issue["diagnostics"]
    assert "Diagnosis of diabetes" in issue["diagnostics"]


@ids(54)
def test_a_request_without_prefetch_is_412(hospital: Hospital) -> None:
    """Without any data each thing that the model cannot do without is named."""
    body = hospital.request("maria-lindqvist")
    del body["prefetch"]
    answer = hospital.post(body)
    assert answer.status_code == 412
    told = " ".join(issue["diagnostics"] for issue in answer.get_json()["issue"])
    assert "`patient`" in told
    assert "`conditions`" in told


@ids(52)
def test_a_prefetch_that_failed_is_412_not_silence(hospital: Hospital) -> None:
    """An OperationOutcome in place of the problem list is no empty problem list."""
    body = hospital.request("maria-lindqvist")
    body["prefetch"]["conditions"] = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
    assert hospital.post(body).status_code == 412


@ids(52)
def test_a_failed_prefetch_that_is_not_needed_is_noted(hospital: Hospital) -> None:
    """Without the results there is less to say, and the ledger knows why."""
    body = hospital.request("maria-lindqvist")
    body["prefetch"]["observations"] = {"resourceType": "OperationOutcome", "issue": []}
    assert hospital.post(body).status_code == 200
    assert hospital.issues()["prefetch.observations"] == "prefetch-failed"


@ids(52)
def test_no_absence_is_concluded_beside_a_failed_prefetch(hospital: Hospital) -> None:
    """An empty list of statements does not tell that no drug was ordered when the orders were not fetched."""
    body = hospital.request("maria-lindqvist")
    body["prefetch"]["medicationRequests"] = {"resourceType": "OperationOutcome", "issue": []}
    assert hospital.post(body).get_json() == {"cards": []}
    assert hospital.features()["glucose_lowering_drug"]["reason"] == "incomplete"


@ids(52)
@pytest.mark.parametrize("sent", [[{"resourceType": "MedicationRequest"}], {}, "junk", {"entry": {}}])
def test_no_absence_is_concluded_beside_a_list_in_another_form(hospital: Hospital, sent: Any) -> None:
    """What stands under a key and is no Bundle may be a list of anything; it is not as good as left out."""
    body = hospital.request("maria-lindqvist")
    body["prefetch"]["medicationRequests"] = sent
    assert hospital.post(body).get_json() == {"cards": []}
    assert hospital.features()["glucose_lowering_drug"]["reason"] == "incomplete"
    assert "prefetch.medicationRequests" in next(iter(hospital.issues()))


@ids(52)
def test_a_remark_that_there_are_no_results_is_an_empty_list(hospital: Hospital) -> None:
    """Servers write "no results" as a warning among no entries: that is an answer, and no failed search."""
    body = hospital.request("maria-lindqvist")
    remark = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "processing"}]}
    body["prefetch"]["conditions"] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 0,
        "entry": [{"search": {"mode": "outcome"}, "resource": remark}],
    }
    assert hospital.post(body).status_code == 200
    remark["issue"][0]["severity"] = "error"  # type: ignore[index]
    assert hospital.post(body).status_code == 412


@ids(74)
def test_an_answer_is_200_with_cards(hospital: Hospital) -> None:
    """The body is JSON that conforms, and holds cards only."""
    answer = hospital.post(hospital.request("maria-lindqvist"))
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert violations(answer.get_json()) == []
    assert set(answer.get_json()) == {"cards"}


@ids(77)
def test_nothing_to_say_is_an_empty_array(hospital: Hospital) -> None:
    """Known diabetes gives 200 and no card."""
    answer = hospital.post(hospital.request("rosa-delgado-mendez"))
    assert (answer.status_code, answer.get_json()) == (200, {"cards": []})


@ids(80, 81, 82)
def test_each_card_has_a_uuid_of_its_own(hospital: Hospital) -> None:
    """Two calls give two ids, by which the ledger knows the cards."""
    found = [
        hospital.post(hospital.request("maria-lindqvist")).get_json()["cards"][0]["uuid"] for _ in range(2)
    ]
    assert len({UUID(one) for one in found}) == 2
    assert all(hospital.ledger.story(one) for one in found)


@ids(83)
def test_the_summary_is_below_140_characters(card: Json) -> None:
    """One sentence that fits a card's head."""
    assert 0 < len(card["summary"]) < 140


@ids(84, 85)
def test_the_detail_is_markdown_without_html(card: Json) -> None:
    """Tables and emphasis, no tags."""
    assert "| --- |" in card["detail"]
    assert not re.search(r"<[a-zA-Z/]", card["detail"])


@ids(87, 88)
def test_a_model_never_calls_itself_critical(hospital: Hospital) -> None:
    """The indicator is info or warning."""
    for hook, service in (("patient-view", DIABETES), ("order-sign", RESPONSE)):
        answer = hospital.post(hospital.request("maria-lindqvist", hook), service)
        assert answer.get_json()["cards"][0]["indicator"] in ("info", "warning")


@ids(90, 105, 107, 108, 115, 216, 217, 218, 220)
def test_the_source_says_who_speaks(card: Json) -> None:
    """Label, absolute URL, and a coded topic."""
    source = card["source"]
    assert source["label"] == "Bedside"
    assert source["url"].startswith("http")
    assert source["topic"]["code"]
    assert source["topic"]["system"]


@ids(92, 93, 95, 96, 117, 118, 119, 120, 121, 122)
def test_suggestions_come_with_their_choice(card: Json) -> None:
    """A suggestion has a label and a UUID, and the card says how many may be chosen."""
    assert card["selectionBehavior"] in ("any", "at-most-one")
    (suggestion,) = card["suggestions"]
    assert suggestion["label"]
    assert UUID(suggestion["uuid"])
    assert suggestion["isRecommended"] is True


@ids(123, 124, 127, 128, 130, 131)
def test_an_action_creates_a_draft_for_this_patient(card: Json) -> None:
    """The HbA1c order is new, unsigned, and for the patient of the context."""
    (action,) = card["suggestions"][0]["actions"]
    assert (action["type"], bool(action["description"])) == ("create", True)
    order = action["resource"]
    assert (order["resourceType"], order["status"]) == ("ServiceRequest", "draft")
    assert order["subject"] == {"reference": "Patient/maria-lindqvist"}
    assert "id" not in order


@ids(98, 99, 100, 136, 219)
def test_override_reasons_can_be_read(card: Json) -> None:
    """Each has code, system and words."""
    assert len(card["overrideReasons"]) > 1
    assert all(one["code"] and one["system"] and one["display"] for one in card["overrideReasons"])


@ids(103, 110, 138, 139, 141, 142, 147)
def test_the_link_leads_to_the_model(card: Json, hospital: Hospital) -> None:
    """An absolute link to a page that is there."""
    (link,) = card["links"]
    assert link["type"] == "absolute"
    assert "appContext" not in link
    assert link["label"]
    path = re.sub(r"^https?://[^/]+", "", link["url"])
    assert hospital.client.get(path).status_code == 200


@ids(214, 215)
def test_the_extension_has_a_name_of_our_own(card: Json) -> None:
    """One object under a reverse domain name."""
    assert list(card["extension"]) == [EXTENSION]
    assert card["extension"][EXTENSION]["model"] == DIABETES


@ids(214)
def test_an_extension_that_nobody_knows_is_ignored(hospital: Hospital) -> None:
    """Extensions and new fields of a request change nothing."""
    body = hospital.request("maria-lindqvist")
    summary = hospital.post(body).get_json()["cards"][0]["summary"]
    body["extension"] = {"com.example.unknown": {"a": [1]}}
    body["context"]["com.example.field"] = {"b": None}
    assert hospital.post(body).get_json()["cards"][0]["summary"] == summary


@ids(3)
@pytest.mark.parametrize("patient", ["maria-lindqvist", "simone-archer-reed", "lena-forsberg"])
def test_a_card_holds_nothing_empty(patient: str, hospital: Hospital) -> None:
    """No element of a card is null or empty, whatever is missing in the chart."""
    assert empties(hospital.post(hospital.request(patient)).get_json()["cards"]) == []


@ids(208)
def test_a_browser_of_a_known_origin_may_call(hospital: Hospital) -> None:
    """The preflight names the origin, the methods and the headers."""
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    answer = hospital.client.options(f"/cds-services/{DIABETES}", headers=headers)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"]


@ids(208)
def test_a_browser_of_another_origin_may_not(hospital: Hospital) -> None:
    """An origin that is not in the settings gets no permission."""
    answer = hospital.client.get("/cds-services", headers={"Origin": "https://other.example.org"})
    assert "Access-Control-Allow-Origin" not in answer.headers
