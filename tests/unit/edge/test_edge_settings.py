"""Settings: defaults that need nothing, refusals that name the variable, help that lists them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_hooks.cli.main import cli
from cds_hooks.errors import SettingsError
from cds_hooks.settings import DEFAULTS, from_environment


def test_the_defaults_bind_to_loopback_and_call_nobody() -> None:
    """Without any variable the service is on 127.0.0.1, allows no origin and calls no FHIR server."""
    settings = from_environment({})
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert (settings.cors_origins, settings.fhir_servers) == (frozenset(), ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BEDSIDE_PORT", "http"),
        ("BEDSIDE_PORT", "70000"),
        ("BEDSIDE_WORKERS", "0"),
        ("BEDSIDE_THREADS", "-1"),
        ("BEDSIDE_LEDGER", "ledger.db"),
        ("BEDSIDE_LEDGER", "sqlite:///:memory:"),
        ("BEDSIDE_LEDGER_KEY", "short"),
        ("BEDSIDE_MODELS", "/nowhere/at/all"),
        ("BEDSIDE_BASE_URL", "cds.example.org"),
        ("BEDSIDE_MAX_BODY_MB", "1.5"),
        ("BEDSIDE_CORS_ORIGINS", "ehr.example.org"),
        ("BEDSIDE_FHIR_SERVERS", "https://fhir.example.org/r4"),
        ("BEDSIDE_FHIR_SERVERS", "https://user@fhir.example.org"),
        ("BEDSIDE_FHIR_CA_BUNDLE", "/nowhere/at/all.pem"),
        ("BEDSIDE_CLIENTS", "/nowhere/at/all.yaml"),
        ("BEDSIDE_TERMINOLOGY", "/nowhere/at/all"),
        ("BEDSIDE_PAGES", "no"),
        ("BEDSIDE_TIME_ZONE", "Atlantis/Capital"),
        ("BEDSIDE_TIME_ZONE", "America"),
        ("BEDSIDE_TIME_ZONE", "../UTC"),
        ("BEDSIDE_TIME_ZONE", "+13:00"),
        ("BEDSIDE_TIME_ZONE", "localtime"),
        ("BEDSIDE_TIME_ZONE", "right/UTC"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused_by_name(name: str, value: str) -> None:
    """The message begins with the variable and does not repeat a secret."""
    with pytest.raises(SettingsError, match=f"^{name} ") as refused:
        from_environment({name: value})
    assert name != "BEDSIDE_LEDGER_KEY" or value not in str(refused.value)


def test_the_help_lists_every_setting() -> None:
    """`bedside serve --help` names each variable that the service reads."""
    told = CliRunner().invoke(cli, ["serve", "--help"]).output
    assert [name for name in DEFAULTS if name not in told] == []


def test_the_help_tells_the_default_of_every_setting() -> None:
    """Each line of the table ends with the value that stands when the variable is not set."""
    lines = CliRunner().invoke(cli, ["serve", "--help"]).output.splitlines()
    for name, default in DEFAULTS.items():
        line = next(line for line in lines if line.strip().startswith(f"{name} "))
        assert not default or line.endswith(f" {default}"), line


def test_models_are_listed_shown_and_verified() -> None:
    """The bundled models pass verification; an unknown one ends with exit code 1 or 2 and a sentence."""
    run = CliRunner().invoke
    assert "type2-diabetes-risk" in run(cli, ["models", "list"]).output
    verified = run(cli, ["models", "verify"])
    assert (verified.exit_code, verified.output.count("ok ")) == (0, 2)
    assert run(cli, ["models", "show", "no-such-model"]).exit_code in (1, 2)


def test_a_damaged_model_folder_fails_verification(tmp_path: Path) -> None:
    """A folder whose files differ from the manifest's digests is told, with exit code 1."""
    folder = tmp_path / "mine" / "broken"
    folder.mkdir(parents=True)
    catalog = Path(__file__).parents[3] / "models" / "catalog" / "type2-diabetes-risk"
    for file in catalog.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    (folder / "reference.json").write_text("{}")
    found = CliRunner().invoke(cli, ["models", "--models", str(tmp_path / "mine"), "verify"])
    assert found.exit_code == 1
    assert "reference.json" in found.output
