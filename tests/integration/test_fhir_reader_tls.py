"""FHIR servers behind TLS: whose certificate is believed."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from fhir_stub import CANARY, PATIENT, Reply, Stub, page, running

from cds_hooks.errors import SettingsError
from cds_hooks.settings import from_environment
from fhir_mapping.server.reader import Answer, FhirReader

SEARCH = {"conditions": "Condition?patient={{context.patientId}}"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The certificate authority of a hospital."""
    return trustme.CA()


@pytest.fixture
def stub(authority: trustme.CA) -> Iterator[Stub]:
    """A FHIR server whose certificate the hospital's authority has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with running(context) as one:
        one.on("Condition", Reply(page()))
        yield one


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    """The authority's certificate as a file."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def ask(stub: Stub, ca_bundle: Path | None) -> Answer:
    reader = FhirReader(stub.base, CANARY, [stub.origin], ca_bundle=ca_bundle)
    return reader.fetch(SEARCH, PATIENT)["conditions"]


def test_a_private_authority_is_believed_when_it_is_named(stub: Stub, bundle: Path) -> None:
    """With the authority's file the server is read, and sees the token."""
    assert ask(stub, bundle).failure is None
    assert stub.calls[0].headers["Authorization"] == f"Bearer {CANARY}"


def test_a_private_authority_is_not_believed_otherwise(stub: Stub) -> None:
    """Without it the call fails before anything is sent."""
    assert ask(stub, None) == Answer(None, "tls")
    assert stub.calls == []


def test_another_authority_is_not_believed(stub: Stub, tmp_path: Path) -> None:
    """A named authority that did not sign the certificate does not help."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    assert ask(stub, other) == Answer(None, "tls")


def test_authorities_of_the_environment_are_not_used(
    stub: Stub, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that other programs obey does not widen whom this one believes."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(bundle))
    assert ask(stub, None) == Answer(None, "tls")


def test_the_setting_names_a_file_of_certificates(bundle: Path, tmp_path: Path) -> None:
    """A file of certificates is taken; one that is missing or holds something else is refused by name."""
    assert from_environment({"BEDSIDE_FHIR_CA_BUNDLE": str(bundle)}).fhir_ca_bundle == bundle
    assert from_environment({}).fhir_ca_bundle is None
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate", encoding="ascii")
    for wrong in (empty, tmp_path / "nowhere.pem"):
        with pytest.raises(SettingsError, match=r"^BEDSIDE_FHIR_CA_BUNDLE "):
            from_environment({"BEDSIDE_FHIR_CA_BUNDLE": str(wrong)})
