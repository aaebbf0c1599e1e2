"""What commands need to know of the site that they run at."""

from __future__ import annotations

from datetime import tzinfo

import click

from cds_hooks.errors import SettingsError
from cds_hooks.settings import from_environment

__all__ = ["site_zone"]


def site_zone() -> tzinfo:
    """The site's time zone by BEDSIDE_TIME_ZONE; raises UsageError when the settings cannot be read."""
    try:
        return from_environment().time_zone
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
