"""A site's own terminology: a local code is read alike by the hook, by `extract` and by `models`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from bulk_export import write_export
from click.testing import CliRunner, Result
from hospital import DIABETES, Hospital, bundled, coded, resources

from cds_hooks.cli.main import cli

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

LAB, LOINC = "https://lab.example.org/codes", "http://loinc.org"
WAIST = "8280-0"
NOW = datetime.now(UTC).replace(microsecond=0)


def bedside(folder: Path | None, *arguments: Any) -> Result:
    """Run a command of a site."""
    environment = {"BEDSIDE_TERMINOLOGY": str(folder) if folder else ""}
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], env=environment)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site whose laboratory has its own code for a waist."""
    (tmp_path / "site" / "conceptmaps").mkdir(parents=True)
    element = {"code": "BAUCH", "target": [{"code": WAIST, "equivalence": "equivalent"}]}
    group = {"source": LAB, "target": LOINC, "element": [element]}
    document = {"resourceType": "ConceptMap", "status": "active", "group": [group]}
    (tmp_path / "site" / "conceptmaps" / "lab.json").write_text(json.dumps(document), encoding="utf-8")
    return tmp_path / "site"


def localised(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource with the laboratory's code in the place of LOINC's for a waist."""
    codings = resource.get("code", {}).get("coding", ())
    if any(coding.get("code") == WAIST for coding in codings):
        resource["code"] = {"coding": [{"system": LAB, "code": "BAUCH"}]}
    return resource


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Maria's chart with the local code, as an export."""
    entries = bundled("maria-lindqvist")["entry"]
    return write_export(tmp_path / "export", [localised(entry["resource"]) for entry in entries])


def row(folder: Path | None, command: str, export: Path, output: Path) -> dict[str, Any]:
    """The one row of a run."""
    told = bedside(
        folder, command, "--bulk", export, "--model", DIABETES, "--as-of", NOW.isoformat(), "-o", output,
        "--processes", 1,
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    (found,) = parquet.read_table(output).to_pylist()
    return dict(found)


def test_a_local_code_gives_the_same_row_as_the_hook(site: Path, export: Path, tmp_path: Path) -> None:
    """Every feature that `extract` writes is the one that the ledger holds of the hook's call."""
    hospital = Hospital(tmp_path, clock=lambda: NOW, BEDSIDE_TERMINOLOGY=str(site))
    body = hospital.request("maria-lindqvist")
    for one in resources(body, "observations"):
        localised(one)
    assert not coded(body, "observations", WAIST)
    assert hospital.post(body).status_code == 200
    hooked = hospital.features()
    hospital.close()
    found = row(site, "extract", export, tmp_path / "features.parquet")
    assert hooked["waist"]["value"] == found["waist"]
    assert {name: one.get("value") for name, one in hooked.items()} == {name: found[name] for name in hooked}


def test_without_the_setting_the_local_code_is_nobodys(export: Path, tmp_path: Path) -> None:
    """What no map explains is not recorded."""
    assert row(None, "extract", export, tmp_path / "features.parquet")["waist"] is None


def test_score_reads_local_codes(site: Path, export: Path, tmp_path: Path) -> None:
    """The score of a chart with local codes is that of all its values."""
    mapped = row(site, "score", export, tmp_path / "scores.parquet")
    assert "waist" not in mapped["missing"]
    assert "waist" in row(None, "score", export, tmp_path / "without.parquet")["missing"]


def test_models_are_shown_and_verified_with_the_sites_codes(site: Path) -> None:
    """`show` lists the local code, `trace` asks for it, `verify` passes with it."""
    assert "BAUCH" in bedside(site, "models", "show", DIABETES).output
    assert f"{LAB}|BAUCH" in bedside(site, "models", "trace", DIABETES, "waist").output
    assert "BAUCH" not in bedside(None, "models", "show", DIABETES).output
    verified = bedside(site, "models", "verify")
    assert verified.exit_code == 0, verified.output


@pytest.mark.parametrize("command", [("models", "list"), ("extract",)])
def test_a_folder_that_cannot_be_used_is_told(command: tuple[str, ...], site: Path, export: Path) -> None:
    """The setting, the file and the remedy; exit code 2."""
    (site / "conceptmaps" / "lab.json").write_text("{", encoding="utf-8")
    asked = ("--bulk", export, "--model", DIABETES, "--as-of", date.today(), "-o", site / "x.parquet")
    told = bedside(site, *command, *(asked if command == ("extract",) else ()))
    assert told.exit_code == 2
    assert "BEDSIDE_TERMINOLOGY: conceptmaps/lab.json" in told.output
