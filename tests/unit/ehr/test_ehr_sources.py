"""Finding patients: files, directories, bundled ones."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds_hooks.ehr import sources
from cds_hooks.ehr.errors import UnusableFile
from cds_hooks.ehr.sources import patient_sources

Json = dict[str, Any]


class BundledPatients:
    def __init__(self, drafts: Json | None = None) -> None:
        self.asked: list[tuple[str, date]] = []
        self._drafts = drafts

    def names(self) -> list[str]:
        return ["ada"]

    def bundle(self, name: str, as_of: date) -> Json:
        self.asked.append((name, as_of))
        order = {"resourceType": "ServiceRequest", "id": "chart", "status": "draft"}
        resources = [{"resourceType": "Patient", "id": name}, order]
        return {"resourceType": "Bundle", "entry": [{"resource": found} for found in resources]}

    def draft_orders(self, name: str, as_of: date) -> Json | None:
        return self._drafts


def test_files_of_a_directory_come_in_order_of_name(chart_file: Callable[..., Path], tmp_path: Path) -> None:
    """A directory gives its Bundles sorted, each labelled by its name without the ending."""
    for name in ("b.json.gz", "a.json", "readme.md"):
        chart_file(name=name)
    assert [found.label for found in patient_sources(str(tmp_path))] == ["a", "b"]


def test_file_is_not_read_before_it_is_played(tmp_path: Path) -> None:
    """A broken file is found when its turn comes, so it cannot stop the files before it."""
    path = tmp_path / "bad.json"
    path.write_text("{")
    (found,) = patient_sources(str(path))
    with pytest.raises(UnusableFile, match="not JSON"):
        found.load()


def test_bundled_patient_is_dated_today() -> None:
    """A bundled patient's chart is composed as of the day of the call."""
    bundled = BundledPatients()
    (found,) = patient_sources("ada", bundled=bundled)
    assert found.load().patient_id == "ada"
    assert bundled.asked == [("ada", datetime.now(UTC).date())]


def test_a_bundled_patient_is_dated_from_today_where_the_site_is() -> None:
    """At no moment do these two have the same day."""
    bundled = BundledPatients()
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        patient_sources("ada", bundled=bundled, zone=ZoneInfo(zone))[0].load()
    (_, east), (_, west) = bundled.asked
    assert timedelta(days=1) <= east - west <= timedelta(days=2)


def test_bundled_patient_without_orders_falls_back_to_the_chart() -> None:
    """When nothing is drafted for a bundled patient, the drafts of the chart are used."""
    (found,) = patient_sources("ada", bundled=BundledPatients())
    assert [order["id"] for order in found.own_drafts(found.load())] == ["chart"]


def test_file_goes_before_bundled_name(
    chart_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An argument that names a file is that file, also when a bundled patient has the name."""
    monkeypatch.chdir(chart_file(name="ada").parent)
    (found,) = patient_sources("ada", bundled=BundledPatients())
    assert found.load().patient_id == "p1"


def test_installation_without_bundled_patients_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no patients are bundled, an unknown name is told as such."""
    monkeypatch.setattr(sources, "_BUNDLED", "cds_hooks.demo.absent")
    with pytest.raises(UnusableFile, match="none are bundled"):
        patient_sources("ada")


def test_bundled_patients_are_imported_when_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module of bundled patients is found by its name at the moment of use."""
    module: Any = types.ModuleType("cds_hooks.demo.stand_in")
    bundled = BundledPatients()
    module.names, module.bundle, module.draft_orders = bundled.names, bundled.bundle, bundled.draft_orders
    monkeypatch.setitem(sys.modules, "cds_hooks.demo.stand_in", module)
    monkeypatch.setattr(sources, "_BUNDLED", "cds_hooks.demo.stand_in")
    assert patient_sources("ada")[0].load().patient_id == "ada"


def test_bedsides_own_patients_can_all_be_loaded() -> None:
    """Every patient that Bedside bundles is a Bundle that can be played."""
    compose = pytest.importorskip("cds_hooks.demo.compose")
    names = compose.names()
    assert [patient_sources(name)[0].load().patient_id for name in names] == names
