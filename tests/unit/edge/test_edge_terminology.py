"""A site's own terminology, from the setting through a hook call to the value in the ledger."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hospital import Hospital, coded

from cds_hooks import app
from cds_hooks.errors import SettingsError
from cds_hooks.settings import from_environment
from fhir_mapping.features import FeatureSet
from fhir_mapping.terminology.site import SiteTerminology
from models.registry import CATALOG, Registry

LAB = "https://lab.example.org/codes"
LOINC = "http://loinc.org"
WAIST, SYSTOLIC, PANEL = "8280-0", "8480-6", "85354-9"


def site_folder(path: Path, *maps: tuple[str, str]) -> Path:
    """A site's folder that maps local codes to LOINC."""
    (path / "conceptmaps").mkdir(parents=True)
    elements = [
        {"code": local, "target": [{"code": standard, "equivalence": "equivalent"}]}
        for local, standard in maps
    ]
    group = {"source": LAB, "target": LOINC, "element": elements}
    document = {"resourceType": "ConceptMap", "status": "active", "group": [group]}
    (path / "conceptmaps" / "lab.json").write_text(json.dumps(document), encoding="utf-8")
    return path


def localised(body: Any, code: str, local: str) -> None:
    """Put a local code in the place of a LOINC code, in observations and their components."""
    for resource in coded(body, "observations", code):
        resource["code"]["coding"] = [{"system": LAB, "code": local}]


def features_after(folder: Path, body: Any, **environment: str) -> Any:
    """What the ledger holds of a call's last prediction."""
    folder.mkdir()
    hospital = Hospital(folder, **environment)
    answer = hospital.post(body)
    found = hospital.features()
    hospital.close()
    assert answer.status_code == 200
    return found


@pytest.fixture
def body(tmp_path: Path) -> Any:
    """Maria's patient-view."""
    (tmp_path / "plain").mkdir()
    hospital = Hospital(tmp_path / "plain")
    found = hospital.request("maria-lindqvist")
    hospital.close()
    return found


def test_local_code_counts_as_the_standard_one(tmp_path: Path, body: Any) -> None:
    """A waist sent under the laboratory's own code gives the value that LOINC's code gives."""
    standard = features_after(tmp_path / "standard", body)
    localised(body, WAIST, "BAUCH")
    folder = site_folder(tmp_path / "site", ("BAUCH", WAIST))
    without = features_after(tmp_path / "without", body)
    mapped = features_after(tmp_path / "mapped", body, BEDSIDE_TERMINOLOGY=str(folder))
    assert standard["waist"]["value"] == mapped["waist"]["value"]
    assert without["waist"]["state"] == "missing"


def test_local_panel_and_component_codes_count(tmp_path: Path, body: Any) -> None:
    """A blood pressure panel of the site's own codes is read like the standard one."""
    standard = features_after(tmp_path / "standard", body)
    name = next(name for name in standard if "systolic" in name)
    for panel in coded(body, "observations", PANEL):
        panel["code"]["coding"] = [{"system": LAB, "code": "RR"}]
        for component in panel["component"]:
            if component["code"]["coding"][0]["code"] == SYSTOLIC:
                component["code"]["coding"] = [{"system": LAB, "code": "SYS"}]
    folder = site_folder(tmp_path / "site", ("RR", PANEL), ("SYS", SYSTOLIC))
    mapped = features_after(tmp_path / "mapped", body, BEDSIDE_TERMINOLOGY=str(folder))
    assert mapped[name]["value"] == standard[name]["value"]


def test_discovery_asks_for_local_codes(tmp_path: Path) -> None:
    """The prefetch template names the site's code beside the standard one."""
    folder = site_folder(tmp_path / "site", ("BAUCH", WAIST))
    hospital = Hospital(tmp_path, BEDSIDE_TERMINOLOGY=str(folder))
    asked = [service["prefetch"]["observations"] for service in hospital.discovery()["services"]]
    ready = hospital.client.get("/readyz").get_json()
    hospital.close()
    assert any(f"{LAB}|BAUCH" in query and f"{LOINC}|{WAIST}" in query for query in asked)
    assert ready["terminology"] == {"sha256": SiteTerminology.load(folder).sha256}


def test_start_logs_the_digest(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log of the start names the digest of the site's terminology."""
    folder = site_folder(tmp_path / "site", ("BAUCH", WAIST))
    with caplog.at_level(logging.INFO, logger="bedside"):
        Hospital(tmp_path, BEDSIDE_TERMINOLOGY=str(folder)).close()
    told = [record.__dict__["bedside"] for record in caplog.records if record.message == "terminology"]
    assert told == [{"sha256": SiteTerminology.load(folder).sha256}]


def test_readiness_says_nothing_of_a_terminology_that_is_not_there(tmp_path: Path) -> None:
    """Without the setting there is no digest to tell."""
    hospital = Hospital(tmp_path)
    assert "terminology" not in hospital.client.get("/readyz").get_json()
    hospital.close()


def test_digest_of_a_model_is_that_of_the_shipped_codes(tmp_path: Path) -> None:
    """A site's codes change what is found and not what the model was sealed with."""
    site = SiteTerminology.load(site_folder(tmp_path, ("BAUCH", WAIST)))
    plain, own = Registry.load([CATALOG]), Registry.load([CATALOG], site=site)
    for name, model in plain.models.items():
        assert own.models[name].features.sha256 == model.features.sha256
    reader = own.models["type2-diabetes-risk"].features.readers["waist"]
    assert ("BAUCH", LAB) in reader.codes  # type: ignore[union-attr] # an observation has codes


def test_value_set_of_a_site_takes_the_place_of_ours(tmp_path: Path) -> None:
    """A condition under a code that only the site's value set lists is found; one of ours alone is not."""
    (tmp_path / "valuesets").mkdir()
    include = [{"system": LAB, "concept": [{"code": "DM"}]}]
    document = {
        "resourceType": "ValueSet",
        "id": "diabetes-mellitus",
        "status": "active",
        "compose": {"include": include},
    }
    (tmp_path / "valuesets" / "dm.json").write_text(json.dumps(document), encoding="utf-8")
    spec = {"name": "dm", "label": "DM", "kind": "condition", "valueset": "diabetes-mellitus"}
    site = FeatureSet.parse([spec], "model.yaml", site=SiteTerminology.load(tmp_path))
    assert set(site.readers["dm"].codes) == {("DM", LAB)}  # type: ignore[union-attr] # a condition has codes
    assert site.spec("dm") == FeatureSet.parse([spec], "model.yaml").spec("dm")


def test_folder_that_cannot_be_read_stops_the_service(tmp_path: Path) -> None:
    """A broken map is named with its variable and file when the service starts."""
    (tmp_path / "conceptmaps").mkdir()
    (tmp_path / "conceptmaps" / "lab.json").write_text("{", encoding="utf-8")
    settings = from_environment({"BEDSIDE_TERMINOLOGY": str(tmp_path)})
    with pytest.raises(SettingsError, match=r"^BEDSIDE_TERMINOLOGY: conceptmaps/lab\.json"):
        app.create_app(settings)
