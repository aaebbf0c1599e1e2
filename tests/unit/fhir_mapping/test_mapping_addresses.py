"""Whose absolute URL is it: this patient's, or that of another server's patient with the same id."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapping_samples import NOW, Resource, condition, feature, features, observation, patient, read, told

from fhir_mapping.addresses import Sender, entries_of, own_addresses, plain
from fhir_mapping.drafts import read_draft
from fhir_mapping.payload import decode_payload, raws_of
from fhir_mapping.record import PatientRecord
from fhir_mapping.values import FeatureValue

OURS, THEIRS = "https://ehr.example/fhir", "http://elsewhere.example/fhir"


def about(base: str, ident: str = "o1", value: float = 70, **elements: Any) -> Resource:
    """A body weight whose subject is the sample patient under a base URL; relative without one."""
    reference = f"{base}/Patient/p1" if base else "Patient/p1"
    return observation(value, ident=ident, subject={"reference": reference}, **elements)


def sent(*resources: Resource, full: str = "", server: str | None = None) -> FeatureValue:
    """Body weight of a Bundle with fullUrls under a base, from a sender that names its server."""
    entries = [
        {"resource": one} | ({"fullUrl": f"{full}/{one['resourceType']}/{one['id']}"} if full else {})
        for one in (patient(), *resources)
    ]
    body = json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries}).encode()
    record = PatientRecord(
        "p1", {"all": decode_payload(body)}, lambda key: raws_of({"all": body}, key),
        sender=lambda: Sender(server, entries_of(body)),
    )  # fmt: skip
    return features(feature()).extract(record, NOW)["f"]


def test_a_patient_of_another_server_is_somebody_else() -> None:
    """The same id under another base is not this patient, and that is told."""
    told = sent(about(THEIRS), server=OURS)
    assert (told.state, told.reason) == ("missing", "other-subject")


@pytest.mark.parametrize(
    "base",
    [
        OURS,
        f"{OURS}/",
        "http://ehr.example/fhir",
        "https://EHR.example:443/fhir",
    ],
)
def test_the_senders_own_patient_is_this_one(base: str) -> None:
    """Scheme, default port, case of the host and a slash at the end do not make another server."""
    assert sent(about(OURS), server=base).value == 70.0


def test_a_version_of_the_patient_is_the_patient() -> None:
    """A reference may name a version."""
    assert (
        sent(observation(subject={"reference": f"{OURS}/Patient/p1/_history/3"}), server=OURS).value == 70.0
    )


def test_a_bundle_tells_its_own_server() -> None:
    """The base of the fullUrls is the sender's, whatever address the sender was called by."""
    assert sent(about(OURS), full=OURS).value == 70.0
    assert sent(about(OURS), full=OURS, server="https://gateway.example").value == 70.0
    assert sent(about(THEIRS), full=OURS).reason == "other-subject"


@pytest.mark.parametrize("listed", [("", THEIRS), (THEIRS, ""), (OURS, THEIRS)])
def test_without_a_word_on_the_server_two_of_them_are_doubted(listed: tuple[str, str]) -> None:
    """An absolute subject beside a relative one, or beside one of another server, may be anybody's."""
    first, second = (about(base, f"o{at}", 70 + at) for at, base in enumerate(listed))
    newest = second | {"effectiveDateTime": "2026-05-20"}
    assert read(feature(value="count"), first, newest).reason == "other-subject"
    assert "other-subject" in [issue.code for issue in told(feature(value="count"), first, newest)]


def test_a_chart_that_is_consistent_in_itself_is_read() -> None:
    """Where all subjects are absolute and of one server, that server is taken for the sender's."""
    assert read(feature(), about(OURS)).value == 70.0
    assert read(feature(value="count"), about(OURS, "o1"), about(OURS, "o2")).value == 2.0


def test_types_may_be_written_in_different_ways() -> None:
    """A server that writes the subjects of problems as absolute URLs, and of results not, is one server."""
    diabetes = feature(kind="condition", valueset="diabetes-mellitus")
    problem = condition("44054006", subject={"reference": f"{OURS}/Patient/p1"})
    assert read(diabetes, about(""), problem).value == 1.0
    relative = condition("38341003", ident="c2")
    assert read(diabetes, about(""), problem, relative).reason == "other-subject"


def test_relative_subjects_are_this_patient_whatever_the_server() -> None:
    """A relative reference needs no server; most charts hold nothing else."""
    assert sent(about(""), full=THEIRS, server=OURS).value == 70.0


def test_a_bundle_of_new_entries_knows_its_patient_by_urn() -> None:
    """`urn:uuid` of the Patient's entry is the patient, any other is somebody else."""
    entries = [
        {"fullUrl": "urn:uuid:9f1a", "resource": patient()},
        {"resource": observation(subject={"reference": "urn:uuid:9f1a"})},
        {"resource": observation(99, "2026-05-20", "o2", subject={"reference": "urn:uuid:77"})},
    ]
    body = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries[:2]}).encode()
    assert features(feature()).extract(PatientRecord.of_bundle(body), NOW)["f"].value == 70.0
    body = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    assert features(feature()).extract(PatientRecord.of_bundle(body), NOW)["f"].reason == "other-subject"


def test_drafts_are_judged_by_themselves() -> None:
    """An EHR that writes its drafts with absolute subjects is no other server, unless it says so."""
    draft = read_draft(
        json.dumps({"resourceType": "ServiceRequest", "subject": about(OURS)["subject"]}).encode()
    )
    sent = {"all": decode_payload(json.dumps(observation()).encode())}
    assert PatientRecord("p1", sent, lambda _: (), [draft]).issues == []
    record = PatientRecord("p1", sent, lambda _: (), [draft], sender=lambda: Sender(THEIRS))
    assert [issue.code for issue in record.issues] == ["other-subject"]


def test_addresses_come_from_the_patients_entry_first() -> None:
    """What other entries say of their base counts only where the Patient's entry says nothing."""
    entries = (("Patient", f"{OURS}/Patient/p1"), ("Observation", f"{THEIRS}/Observation/o1"))
    assert own_addresses("p1", Sender(None, entries)) == {plain(f"{OURS}/Patient/p1")}
    assert own_addresses("p1", Sender(None, entries[1:])) == {plain(f"{THEIRS}/Patient/p1")}
    assert own_addresses("p1", Sender()) == frozenset()


@pytest.mark.parametrize("raw", [b"5", b'{"entry": 5}', b'{"entry": [{"fullUrl": 5}]}', b"{"])
def test_what_is_no_bundle_tells_no_address(raw: bytes) -> None:
    """An unreadable Bundle says nothing of its server."""
    assert entries_of(raw) == ()
