"""Client profiles: who is asked in the words of CDS Hooks 3.0, and under which address."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hospital import DIABETES, Hospital

from cds_hooks.errors import SettingsError
from cds_hooks.settings import from_environment
from models.registry import Registry

PROFILES = 'north: {prefetch: "3.0"}\nsouth: {}\n'


def profiles(folder: Path, text: str = PROFILES) -> str:
    """A file of client profiles."""
    path = folder / "clients.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("prefix", "found"), [("", False), ("/clients/south", False), ("/clients/north", True)]
)
def test_only_the_client_whose_profile_says_so_is_asked_in_words_of_3_0(
    prefix: str, found: bool, tmp_path: Path, catalogue: Registry
) -> None:
    """Relative dates stand in the discovery of that client alone, not in the common one or another's."""
    hospital = Hospital(tmp_path, catalogue, BEDSIDE_CLIENTS=profiles(tmp_path))
    answer = hospital.client.get(f"{prefix}/cds-services")
    hospital.close()
    assert answer.status_code == 200
    assert ("today()" in answer.text) is found


def test_a_client_with_a_profile_is_answered_under_its_own_address(
    tmp_path: Path, catalogue: Registry
) -> None:
    """A hook and its feedback arrive below the client's address as below the common one."""
    hospital = Hospital(tmp_path, catalogue, BEDSIDE_CLIENTS=profiles(tmp_path))
    own = f"/clients/north/cds-services/{DIABETES}"
    card = hospital.client.post(own, json=hospital.request("maria-lindqvist")).get_json()["cards"][0]
    now = datetime.now(UTC).isoformat()
    told = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": now}
    feedback = hospital.client.post(f"{own}/feedback", json={"feedback": [told]})
    hospital.close()
    assert feedback.status_code == 200


def test_a_client_without_a_profile_has_no_address(tmp_path: Path, catalogue: Registry) -> None:
    """A name that no profile has is not found, and is not answered as the common client."""
    hospital = Hospital(tmp_path, catalogue, BEDSIDE_CLIENTS=profiles(tmp_path))
    answer = hospital.client.get("/clients/east/cds-services")
    hospital.close()
    assert answer.status_code == 404


def test_a_browser_client_may_call_under_its_own_address(tmp_path: Path, catalogue: Registry) -> None:
    """What BEDSIDE_CORS_ORIGINS allows holds for a client's own address too."""
    origin = "https://sandbox.example.org"
    hospital = Hospital(tmp_path, catalogue, BEDSIDE_CLIENTS=profiles(tmp_path), BEDSIDE_CORS_ORIGINS=origin)
    answer = hospital.client.get("/clients/north/cds-services", headers={"Origin": origin})
    hospital.close()
    assert answer.headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- north\n", "does not fit"),
        ("north: {prefetch: 4.0}\n", "does not fit"),
        ('north: {prefetch: "4.0"}\n', "does not fit"),
        ("north: {dialect: x}\n", "dialect"),
        ("North/../x: {}\n", "small letters"),
        ("a: [\n", "no YAML"),
    ],
)
def test_profiles_that_do_not_fit_are_refused(text: str, told: str, tmp_path: Path) -> None:
    """The service does not start with a file of profiles that it understands in part."""
    with pytest.raises(SettingsError, match=f"^BEDSIDE_CLIENTS .*{told}"):
        from_environment({"BEDSIDE_CLIENTS": profiles(tmp_path, text)})
