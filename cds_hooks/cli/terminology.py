"""`bedside terminology`: a site's own value sets and maps of codes, checked or expanded at deploy time."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

__all__ = ["terminology"]

TOKEN = "BEDSIDE_TERMINOLOGY_TOKEN"  # noqa: S105 - the name of a variable, not a token


@click.group(short_help="A site's own value sets and maps of codes.")
def terminology() -> None:
    """A site's own value sets and maps of codes, in the folder that BEDSIDE_TERMINOLOGY names.

    \b
    Exit codes:
      0  done
      1  the folder cannot be used, or the value set could not be expanded in full
      2  usage
    """


@terminology.command(short_help="Check the files of a folder.")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.pass_context
def check(ctx: click.Context, folder: Path) -> None:
    """Read FOLDER as the service will, and print what its files come to and what is left out of them."""
    from fhir_mapping.errors import SpecError
    from fhir_mapping.terminology.catalogue import shipped_valuesets
    from fhir_mapping.terminology.site import SiteTerminology

    try:
        site = SiteTerminology.load(folder, quiet=True)
    except SpecError as error:
        click.echo(f"Error: {error}", err=True)
        ctx.exit(1)
    shipped = shipped_valuesets()
    for name, codes in sorted(site.sets.items()):
        place = "in place of the shipped one" if name in shipped else "of this site"
        click.echo(f"{name}  {len(codes)} codes, {place}")
    click.echo(f"{sum(map(len, site.local.values()))} local codes for {len(site.local)} standard ones")
    for message in site.messages:
        click.echo(f"Warning: {message}", err=True)
    click.echo(f"sha256 {site.sha256}")


@terminology.command(short_help="Expand a value set into a file of its codes.")
@click.argument("what", metavar="URL_OR_FILE")
@click.option("--server", metavar="BASE", required=True, help="Base URL of a FHIR terminology server; https.")
@click.option(
    "-o", "--output", metavar="FILE", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, such as valuesets/diabetes-mellitus.json in the site's folder.",
)  # fmt: skip
@click.option(
    "--id", "name", metavar="ID", help="Id of the value set in the file: the name that features use."
)
@click.option("--max-codes", default=100_000, show_default=True, type=click.IntRange(1), help="Refuse more.")
@click.option(
    "--page-size", default=1000, show_default=True, type=click.IntRange(1), help="Codes asked for at once."
)
@click.option(
    "--timeout", default=120.0, show_default=True, type=click.FloatRange(1), help="Seconds for all pages."
)
@click.option(
    "--ca-bundle", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificate authorities to trust in place of the public ones.",
)  # fmt: skip
@click.pass_context
def expand(
    ctx: click.Context, what: str, server: str, output: Path, name: str | None,
    max_codes: int, page_size: int, timeout: float, ca_bundle: Path | None,
) -> None:  # fmt: skip
    """Expand URL_OR_FILE on a terminology server, and write a ValueSet with every code enumerated.

    URL_OR_FILE is the canonical URL of a value set that the server holds (`|VERSION` may follow), or a file
    with the definition of one. A bearer token is read from BEDSIDE_TERMINOLOGY_TOKEN. Nothing is written
    unless the expansion is complete.
    """
    from fhir_mapping.errors import MappingError
    from fhir_mapping.server.origin import Limits
    from fhir_mapping.terminology import expand as expansion

    calls = Limits(deadline_s=timeout, per_call_s=timeout, pages=1000, page_size=page_size)
    try:
        written = expansion.expand(
            expansion.Source.of(what, _definition),
            server,
            os.environ.get(TOKEN, "").strip() or None,
            name=name,
            today=datetime.now(UTC).date(),
            limits=expansion.ExpansionLimits(calls, max_codes),
            ca_bundle=ca_bundle,
        )
    except MappingError as error:
        click.echo(f"Error: {error}", err=True)
        ctx.exit(1)
    _replace(output, written)
    click.echo(f"wrote {output}")


def _definition(text: str) -> bytes:
    try:
        return Path(text).read_bytes()
    except OSError:
        raise click.UsageError(f"{text!r} is neither an absolute URL nor a file that can be read") from None


def _replace(file: Path, written: bytes) -> None:
    """Write beside the file and move: a service that starts meanwhile reads the old or the new one."""
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_bytes(written)
        beside.replace(file)
    except OSError as error:
        raise click.UsageError(f"cannot write {file}: {error.strerror}; choose another place") from None
