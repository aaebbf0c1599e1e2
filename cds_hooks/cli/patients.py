"""`bedside patients`: the bundled, invented patients, as FHIR Bundles dated from today."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import msgspec

from cds_hooks.cli.site import site_zone

__all__ = ["patients"]


@click.group(short_help="The bundled, invented patients.")
def patients() -> None:
    """List the bundled patients, or write their charts as FHIR R4 Bundles.

    All are invented. Their charts are dated from today, so that they never go stale.
    """


@patients.command("list")
def list_patients() -> None:
    """Print each patient's name and story."""
    from cds_hooks.demo import compose

    names = compose.names()
    width = max((len(name) for name in names), default=0)
    for name in names:
        click.echo(f"{name:<{width}}  {compose.story(name)}")


@patients.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def write(folder: Path) -> None:
    """Write NAME.json for each patient into DIR, and drafts/NAME.json where there are draft orders.

    Files of the same names are replaced.
    """
    from cds_hooks.demo import compose

    today = datetime.now(site_zone()).date()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in compose.names():
            _write(folder / f"{name}.json", compose.bundle(name, today))
            drafts = compose.draft_orders(name, today)
            if drafts is not None:
                _write(folder / "drafts" / f"{name}.json", drafts)
    except OSError as error:
        raise click.UsageError(f"cannot write to {folder}: {type(error).__name__}") from None
    click.echo(f"{len(compose.names())} patients written to {folder}")


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
