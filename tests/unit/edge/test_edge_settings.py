"""Settings: defaults that work, and messages that name the variable."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cds_hooks import patient_key
from cds_hooks.cli.serve import serve
from cds_hooks.errors import SettingsError
from cds_hooks.patient_key import PatientKey
from cds_hooks.settings import BUNDLED_MODELS, DEFAULTS, from_environment


def test_the_defaults_bind_loopback_and_trust_no_browser() -> None:
    """With nothing set, the service is on 127.0.0.1:8080, open to no other origin and calling no server."""
    settings = from_environment({})
    assert (settings.host, settings.port, settings.base_url) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")
    assert settings.cors_origins == frozenset()
    assert settings.fhir_servers == ()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BEDSIDE_PORT", "0"),
        ("BEDSIDE_PORT", "65536"),
        ("BEDSIDE_PORT", "eighty"),
        ("BEDSIDE_PORT", "８０８０"),
        ("BEDSIDE_WORKERS", "0"),
        ("BEDSIDE_THREADS", "-1"),
        ("BEDSIDE_MAX_BODY_MB", "1.5"),
        ("BEDSIDE_LEDGER", "/var/ledger.db"),
        ("BEDSIDE_LEDGER", "sqlite://"),
        ("BEDSIDE_LEDGER", "sqlite:///:memory:"),
        ("BEDSIDE_LEDGER_KEY", "short"),
        ("BEDSIDE_MODELS", "/no/such/folder"),
        ("BEDSIDE_BASE_URL", "cds.example.org"),
        ("BEDSIDE_BASE_URL", "https://cds.example.org/?a=b"),
        ("BEDSIDE_CORS_ORIGINS", "sandbox.example.org"),
        ("BEDSIDE_CORS_ORIGINS", "https://sandbox.example.org/path"),
        ("BEDSIDE_FHIR_SERVERS", "fhir.example.org"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(variable: str, value: str) -> None:
    """The message begins with the variable."""
    with pytest.raises(SettingsError, match=f"^{variable} "):
        from_environment({variable: value})


def test_more_folders_of_models_come_after_the_bundled_ones(tmp_path: Path) -> None:
    """BEDSIDE_MODELS adds to the catalogue."""
    settings = from_environment({"BEDSIDE_MODELS": f"{tmp_path}{os.pathsep}"})
    assert settings.model_folders == (BUNDLED_MODELS, tmp_path)


def test_the_ledger_s_file_does_not_depend_on_the_server_s_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path is taken from where the settings are read."""
    monkeypatch.chdir(tmp_path)
    assert from_environment({}).ledger_url == f"sqlite:///{tmp_path}/.bedside/ledger.db"


def test_the_public_url_loses_its_last_slash() -> None:
    """Links are made by appending a path."""
    assert from_environment({"BEDSIDE_BASE_URL": "https://a.org/b/"}).base_url == "https://a.org/b"


def test_a_wildcard_host_is_linked_by_loopback() -> None:
    """No browser can follow a link to 0.0.0.0."""
    assert from_environment({"BEDSIDE_HOST": "0.0.0.0"}).base_url == "http://127.0.0.1:8080"


def test_the_help_of_serve_lists_every_setting() -> None:
    """A variable that is added is told to the operator."""
    assert serve.epilog is not None
    assert [name for name in DEFAULTS if name not in serve.epilog] == []


def test_a_key_is_made_once_and_for_this_user_only(tmp_path: Path) -> None:
    """The second start reads the key of the first; nobody else may."""
    path = tmp_path / "state" / "ledger.key"
    first = patient_key.load_or_make(path)
    assert patient_key.load_or_make(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["ledger.key"]


def test_a_key_file_that_lost_its_key_is_refused(tmp_path: Path) -> None:
    """An empty file is not taken as a secret."""
    path = tmp_path / "ledger.key"
    path.touch()
    with pytest.raises(SettingsError, match="holds no key"):
        patient_key.load_or_make(path)


def test_the_patient_s_digest_depends_on_the_key() -> None:
    """The same patient has the same digest under one key, and another under another."""
    one, other = PatientKey(b"a" * 32), PatientKey(b"b" * 32)
    assert one.of("123") == one.of("123") != other.of("123")
