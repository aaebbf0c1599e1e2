"""Settings about clients and their FHIR servers, from the environment to what the service does."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from fhir_stub import CANARY, Reply, Stub, running
from hospital import Hospital, Json

from models.registry import Registry

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login"}]}


def without_problems(hospital: Hospital, stub: Stub) -> tuple[Json, Json]:
    """Maria's request without her problem list, which the server is to give, and the list."""
    body = hospital.request("maria-lindqvist")
    problems = body["prefetch"].pop("conditions")
    access = {"access_token": CANARY, "token_type": "Bearer", "expires_in": 300}
    return {**body, "fhirServer": stub.base, "fhirAuthorization": access}, problems


def test_a_private_authority_is_a_setting(tmp_path: Path, catalogue: Registry) -> None:
    """With BEDSIDE_FHIR_CA_BUNDLE the service reads a server that a hospital's own authority vouches for."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with running(context) as stub:
        settings = {"BEDSIDE_FHIR_SERVERS": stub.origin, "BEDSIDE_FHIR_CA_BUNDLE": str(bundle)}
        hospital = Hospital(tmp_path, catalogue, **settings)
        body, problems = without_problems(hospital, stub)
        stub.on("Condition", Reply(problems))
        answer = hospital.post(body)
        hospital.close()
    assert answer.status_code == 200
    assert len(answer.get_json()["cards"]) == 1


@pytest.mark.parametrize(("status", "words"), [(401, "refused the access token"), (403, "scope")])
def test_a_412_says_why_nothing_could_be_read(
    status: int, words: str, tmp_path: Path, catalogue: Registry
) -> None:
    """Whoever runs the EHR reads that the token was refused or lacks a scope, and for which key."""
    with running() as stub:
        hospital = Hospital(tmp_path, catalogue, BEDSIDE_FHIR_SERVERS=stub.origin)
        body, _ = without_problems(hospital, stub)
        stub.on("Condition", Reply(OUTCOME, status=status))
        answer = hospital.post(body)
        hospital.close()
    assert answer.status_code == 412
    assert "`conditions` is needed and could not be read" in answer.text
    assert words in answer.text
    assert CANARY not in answer.text
