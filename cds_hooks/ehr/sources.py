"""Where patients come from: a Bundle file, a directory of them, or a patient bundled with Bedside."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any, Protocol, cast

from cds_hooks.ehr.bundle_file import PatientBundle, patient_bundle, read_patient
from cds_hooks.ehr.drafts import draft_orders, drafts_in
from cds_hooks.ehr.errors import UnusableFile
from cds_hooks.ehr.json_file import Resource

__all__ = ["PatientSource", "patient_sources"]

_SUFFIXES = (".json", ".json.gz")
_BUNDLED = "cds_hooks.demo.compose"


class _BundledPatients(Protocol):
    def names(self) -> Iterable[str]: ...

    def bundle(self, name: str, as_of: date) -> dict[str, Any]: ...

    def draft_orders(self, name: str, as_of: date) -> dict[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class PatientSource:
    """A patient who can be loaded; `label` names the file or the bundled patient in the output."""

    label: str
    load: Callable[[], PatientBundle]
    own_drafts: Callable[[PatientBundle], list[Resource]] = drafts_in


def patient_sources(
    argument: str,
    patient_id: str | None = None,
    *,
    bundled: _BundledPatients | None = None,
    zone: tzinfo = UTC,
) -> list[PatientSource]:
    """Return the patients that an argument names, none of them read yet.

    A path that exists counts as a path, any other text as the name of a bundled patient. `bundled` replaces
    Bedside's own patients, whose charts are dated from today in `zone`. Raises UnusableFile when there is
    neither, or a directory without Bundles.
    """
    # os.path, unlike pathlib, answers False for a text that cannot be a path.
    if os.path.isdir(argument):
        return [_file(found, patient_id) for found in _bundle_files(Path(argument))]
    if os.path.exists(argument):
        return [_file(Path(argument), patient_id)]
    patients = bundled or _bundled_patients()
    names = sorted(patients.names()) if patients else []
    if patients is None or argument not in names:
        known = f"bundled are: {', '.join(names)}" if names else "none are bundled with this installation"
        raise UnusableFile(argument, f"no such file, and no bundled patient of that name ({known})")
    return [_bundled(patients, argument, datetime.now(zone).date())]


def _bundle_files(directory: Path) -> list[Path]:
    found = sorted(path for path in directory.iterdir() if path.name.endswith(_SUFFIXES) and path.is_file())
    if not found:
        raise UnusableFile(str(directory), "the directory holds no .json or .json.gz file")
    return found


def _file(path: Path, patient_id: str | None) -> PatientSource:
    label = path.name.removesuffix(".gz").removesuffix(".json")
    return PatientSource(label, lambda: read_patient(path, patient_id))


def _bundled(patients: _BundledPatients, name: str, today: date) -> PatientSource:
    def own_drafts(bundle: PatientBundle) -> list[Resource]:
        drafts = patients.draft_orders(name, today)
        return drafts_in(bundle) if drafts is None else draft_orders(drafts, bundle.patient_id, name=name)

    return PatientSource(name, lambda: patient_bundle(patients.bundle(name, today), name=name), own_drafts)


def _bundled_patients() -> _BundledPatients | None:
    """Import the bundled patients, which an installation may leave out."""
    try:
        return cast(_BundledPatients, importlib.import_module(_BUNDLED))
    except ModuleNotFoundError as error:
        if error.name and _BUNDLED.startswith(error.name):
            return None
        raise
