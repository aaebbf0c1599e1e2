"""Building hook requests: tokens, contexts, prefetch."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from cds_hooks.ehr.bundle_file import PatientBundle, patient_bundle
from cds_hooks.ehr.context import HOOKS, build_context
from cds_hooks.ehr.errors import BrokenAnswer, CannotPlay, UnresolvedToken
from cds_hooks.ehr.player import HookRequest, build_requests, services_of
from cds_hooks.ehr.tokens import resolve, token_values

Json = dict[str, Any]
USER = "Practitioner/dr-1"
DRAFT = {"resourceType": "MedicationRequest", "id": "d1"}


def encounter(number: str, start: str | None = None, status: str = "finished", patient: str = "p1") -> Json:
    made: Json = {
        "resourceType": "Encounter",
        "id": number,
        "status": status,
        "subject": {"reference": f"Patient/{patient}"},
    }
    return made | ({"period": {"start": start}} if start else {})


@pytest.fixture
def bundle(chart: Callable[..., Json]) -> PatientBundle:
    """A patient with one condition and no encounter."""
    subject = {"reference": "Patient/p1"}
    return patient_bundle(chart({"resourceType": "Condition", "id": "c1", "subject": subject}), name="x")


def request(bundle: PatientBundle, prefetch: Any, user: str = USER) -> HookRequest:
    service = {"hook": "patient-view", "id": "s", "prefetch": prefetch}
    return build_requests([service], "patient-view", bundle, user_id=user)[0]


@pytest.mark.parametrize(
    ("user", "token", "value"),
    [
        ("Practitioner/a", "userPractitionerId", "a"),
        ("PractitionerRole/b", "userPractitionerRoleId", "b"),
        ("Patient/c", "userPatientId", "c"),
        ("RelatedPerson/d", "userRelatedPersonId", "d"),
    ],
)
def test_user_token_follows_the_users_type(user: str, token: str, value: str) -> None:
    """The user's id is in the token of the user's own type, and in no other."""
    values = token_values({"userId": user})
    assert values == {"context.userId": user, token: value}


def test_only_root_level_primitives_are_tokens() -> None:
    """Text, numbers and booleans of the context are tokens; objects and arrays are not."""
    context = {"patientId": "p1", "n": 3, "flag": True, "selections": ["x"], "draftOrders": {"id": "y"}}
    assert token_values(context) == {"context.patientId": "p1", "context.n": "3", "context.flag": "true"}


def test_tokens_are_replaced_everywhere() -> None:
    """Several tokens in a template, with or without inner spaces, are all filled."""
    values = {"context.patientId": "p1", "context.encounterId": "e1"}
    template = "Observation?patient={{context.patientId}}&encounter={{ context.encounterId }}"
    assert resolve(template, values) == "Observation?patient=p1&encounter=e1"


@pytest.mark.parametrize(
    "token", ["context.encounterId", "userPatientId", "today()", "context.draftOrders.id", ""]
)
def test_token_without_value_is_named(token: str) -> None:
    """A token that the context does not fill is an error that names it."""
    with pytest.raises(UnresolvedToken) as caught:
        resolve(f"Encounter/{{{{{token}}}}}", token_values({"patientId": "p1"}))
    assert f"{{{{{token}}}}}" in str(caught.value)


def test_prefetch_is_answered_from_the_chart(bundle: PatientBundle) -> None:
    """A read gives the resource, a search its searchset."""
    body = request(
        bundle,
        {"patient": "Patient/{{context.patientId}}", "problems": "Condition?patient={{context.patientId}}"},
    ).body
    assert body["prefetch"]["patient"]["id"] == "p1"
    assert body["prefetch"]["problems"]["total"] == 1


@pytest.mark.parametrize(
    "template", ["Goal?patient={{context.patientId}}", "Practitioner/{{userPractitionerId}}"]
)
def test_prefetch_without_data_is_null(bundle: PatientBundle, template: str) -> None:
    """A query that finds nothing is null, be it a search or a read (cds-hooks_2.0@53)."""
    assert request(bundle, {"key": template}).body["prefetch"] == {"key": None}


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("Encounter/{{context.encounterId}}", "{{context.encounterId}}"),
        ("Condition?code:in=http://a.example/vs", "'code:in'"),
        ("Condition?evidence=x", "'evidence'"),
        (5, "no text"),
    ],
)
def test_unanswerable_prefetch_key_is_left_out(bundle: PatientBundle, template: Any, reason: str) -> None:
    """A key that cannot be answered is absent, never null, and the reason is kept (cds-hooks_2.0@49)."""
    made = request(bundle, {"key": template, "patient": "Patient/p1"})
    assert list(made.body["prefetch"]) == ["patient"]
    assert reason in made.left_out["key"]


@pytest.mark.parametrize("prefetch", [None, {}, {"key": "Encounter/{{context.encounterId}}"}])
def test_request_without_prefetch_has_no_such_member(bundle: PatientBundle, prefetch: Any) -> None:
    """An empty prefetch is omitted, for JSON elements must not be empty (cds-hooks_2.0@3)."""
    assert "prefetch" not in request(bundle, prefetch).body


def test_each_call_has_a_fresh_uuid(bundle: PatientBundle) -> None:
    """hookInstance is a version 4 UUID of its own for each service."""
    services = [{"hook": "patient-view", "id": name} for name in "ab"]
    made = build_requests(services, "patient-view", bundle, user_id=USER)
    assert len({found.hook_instance for found in made}) == 2
    assert {uuid.UUID(found.hook_instance).version for found in made} == {4}


def test_patient_view_context(bundle: PatientBundle) -> None:
    """patient-view tells the user and the patient, and no encounter when there is none."""
    assert build_context("patient-view", bundle, USER, []) == {"userId": USER, "patientId": "p1"}


def test_order_sign_context(bundle: PatientBundle) -> None:
    """order-sign adds the drafts as a Bundle."""
    context = build_context("order-sign", bundle, USER, [DRAFT])
    assert context["draftOrders"]["entry"] == [{"resource": DRAFT}]
    assert "selections" not in context


def test_order_select_context_names_selections(bundle: PatientBundle) -> None:
    """order-select adds the selected orders as Type/id, without what only lies beside them."""
    drafts = [DRAFT, {"resourceType": "Medication", "id": "m1"}]
    context = build_context("order-select", bundle, USER, drafts)
    assert context["selections"] == ["MedicationRequest/d1"]
    assert len(context["draftOrders"]["entry"]) == 2


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_order_hook_without_drafts_says_what_to_give(bundle: PatientBundle, hook: str) -> None:
    """An order hook without drafts is refused with the way to give some."""
    with pytest.raises(CannotPlay, match="--draft"):
        build_context(hook, bundle, USER, [])


@pytest.mark.parametrize("hook", ["encounter-start", "encounter-discharge"])
def test_encounter_hook_needs_an_encounter(bundle: PatientBundle, hook: str) -> None:
    """An encounter hook cannot be played on a chart without encounters."""
    with pytest.raises(CannotPlay, match="needs an Encounter"):
        build_context(hook, bundle, USER, [])


@pytest.mark.parametrize(
    ("encounters", "expected"),
    [
        ([encounter("old", "2020-01-01"), encounter("new", "2024-01-01")], "new"),
        ([encounter("open", "2020-01-01", "in-progress"), encounter("new", "2024-01-01")], "open"),
        ([encounter("undated"), encounter("dated", "2000")], "dated"),
        ([encounter("mine", "2000"), encounter("theirs", "2024", patient="p2")], "mine"),
    ],
)
def test_encounter_is_the_open_or_latest_one(
    chart: Callable[..., Json], encounters: list[Json], expected: str
) -> None:
    """The context's encounter is the patient's open one, else the one that began last."""
    context = build_context("encounter-start", patient_bundle(chart(*encounters), name="x"), USER, [])
    assert context["encounterId"] == expected


def test_unknown_hook_lists_the_hooks(bundle: PatientBundle) -> None:
    """A hook that cannot be played is refused with those that can."""
    with pytest.raises(CannotPlay) as caught:
        build_context("order-dispatch", bundle, USER, [])
    assert all(hook in str(caught.value) for hook in HOOKS)


DISCOVERY = {
    "services": [
        {"hook": "patient-view", "id": "a"},
        {"hook": "order-sign", "id": "a"},
        {"hook": "patient-view", "id": "b"},
        "nonsense",
    ]
}


def test_all_services_of_the_hook_are_chosen() -> None:
    """Without a name every service of the hook is called."""
    assert [found["id"] for found in services_of(DISCOVERY, "patient-view")] == ["a", "b"]


def test_named_service_is_chosen_by_id_and_hook() -> None:
    """A service that answers several hooks under one id is chosen for this hook."""
    assert services_of(DISCOVERY, "order-sign", "a") == [{"hook": "order-sign", "id": "a"}]


def test_unknown_service_lists_those_of_the_hook() -> None:
    """A name that the hook does not have is refused with the names that it has."""
    with pytest.raises(CannotPlay, match="its services are: a, b"):
        services_of(DISCOVERY, "patient-view", "zzz")


def test_hook_that_nobody_offers_lists_the_offered_ones() -> None:
    """A hook without a service is refused with the hooks of the service."""
    with pytest.raises(CannotPlay, match="its hooks are: order-sign, patient-view"):
        services_of(DISCOVERY, "encounter-start")


@pytest.mark.parametrize("document", [None, [], {}, {"services": {}}, "x"])
def test_no_discovery_is_a_broken_answer(document: Any) -> None:
    """A document that is no discovery is named by its requirement."""
    with pytest.raises(BrokenAnswer, match=r"cds-hooks_2\.0@6"):
        services_of(document, "patient-view")
