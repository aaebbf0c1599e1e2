"""The site's own terminology by the settings, for the service and for every command that reads charts."""

from __future__ import annotations

from pathlib import Path

from cds_hooks.errors import SettingsError
from fhir_mapping.errors import SpecError
from fhir_mapping.terminology.site import SiteTerminology

__all__ = ["site_terminology"]


def site_terminology(folder: Path | None, *, quiet: bool = False) -> SiteTerminology:
    """What the folder of BEDSIDE_TERMINOLOGY holds, nothing where it is None; what is left out of its files
    is logged unless `quiet`.

    Raises SettingsError that names file, JSON path and remedy.
    """
    if folder is None:
        return SiteTerminology.EMPTY
    try:
        return SiteTerminology.load(folder, quiet=quiet)
    except SpecError as error:
        raise SettingsError(f"BEDSIDE_TERMINOLOGY: {error}") from None
