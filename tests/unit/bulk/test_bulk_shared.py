"""Shared resources by id."""

from __future__ import annotations

from pathlib import Path

from fhir_mapping.bulk.scan import SHARED, Kept
from fhir_mapping.bulk.shared import SharedTable, write_shared


def drug(name: str | None, updated: int = 2020) -> Kept:
    """A Medication as kept."""
    raw = f'{{"id": "{name}", "meta": {{"lastUpdated": "{updated}-01-01T00:00:00Z"}}}}'
    return Kept(SHARED, "Medication", name, None, raw.encode())


def test_a_resource_is_found_by_its_id(tmp_path: Path) -> None:
    """Each id gives its own JSON, an unknown one nothing."""
    drugs = [drug(f"d{number}") for number in range(50)]
    write_shared(tmp_path / "shared", [*drugs, drug(None)])
    table = SharedTable(tmp_path / "shared")
    assert [table(f"d{number}") for number in range(50)] == [one.raw for one in drugs]
    assert table("e") is None


def test_the_newest_version_is_given(tmp_path: Path) -> None:
    """Of several versions the one with the latest lastUpdated is given."""
    write_shared(tmp_path / "shared", [drug("d", 2019), drug("d", 2021), drug("d", 2020)])
    assert SharedTable(tmp_path / "shared")("d") == drug("d", 2021).raw


def test_an_export_without_shared_resources_has_none(tmp_path: Path) -> None:
    """An empty table answers nothing."""
    write_shared(tmp_path / "shared", [])
    assert SharedTable(tmp_path / "shared")("d") is None
