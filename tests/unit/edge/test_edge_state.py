"""What an installation keeps: where its ledger is, its secret, and the digests made under it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cds_hooks import patient_key
from cds_hooks.errors import SettingsError
from cds_hooks.patient_key import PatientKey
from cds_hooks.settings import BUNDLED_MODELS, from_environment


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


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_ledger_in_memory_is_refused(url: str) -> None:
    """Each worker would have its own, and all would be lost."""
    with pytest.raises(SettingsError, match="must name a file"):
        from_environment({"BEDSIDE_LEDGER": url})


def test_the_public_url_loses_its_last_slash() -> None:
    """Links are made by appending a path."""
    assert from_environment({"BEDSIDE_BASE_URL": "https://a.org/b/"}).base_url == "https://a.org/b"


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8080"), ("::", "http://127.0.0.1:8080"), ("::1", "http://[::1]:8080")],
)
def test_links_lead_where_a_browser_can_go(host: str, url: str) -> None:
    """No browser can follow a link to a wildcard address."""
    assert from_environment({"BEDSIDE_HOST": host}).base_url == url


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
