"""`bedside models`: list, show, seal and verify models without running the service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import msgspec

from cds_hooks.cli.seal import seal
from cds_hooks.errors import SettingsError
from cds_hooks.settings import from_environment
from cds_hooks.site import site_terminology
from fhir_mapping.terminology.site import SiteTerminology

if TYPE_CHECKING:
    from models.registry import Registry

__all__ = ["models"]

_GOLDEN = "golden.json"


class Shelf(NamedTuple):
    """Where models are, and the site's own terminology that they are read with."""

    folders: tuple[Path, ...]
    site: SiteTerminology

    def registry(self) -> Registry:
        """Every model that can be served, and why others cannot."""
        from models import registry

        return registry.Registry.load(self.folders, strict=False, site=self.site)


@click.group(short_help="List, show, seal and verify the models.")
@click.option(
    "--models",
    "folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of model folders, in place of the bundled ones and BEDSIDE_MODELS. Repeatable.",
)
@click.pass_context
def models(ctx: click.Context, folders: tuple[Path, ...]) -> None:
    """List, show, seal and verify the models.

    \b
    Exit codes:
      0  done; for verify: every model passed; for seal: the folder loads
      1  a model did not pass, or there is none of that id
      2  usage
    """
    try:
        settings = from_environment()
        ctx.obj = Shelf(folders or settings.model_folders, site_terminology(settings.terminology, quiet=True))
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


models.add_command(seal)


@models.command("list")
@click.pass_obj
def list_models(shelf: Shelf) -> None:
    """Print id, version, status, hooks and title of each model."""
    registry = shelf.registry()
    for model in registry.models.values():
        manifest = model.manifest
        hooks = ",".join(manifest.hooks)
        click.echo(f"{manifest.id}  {manifest.version}  {manifest.status}  {hooks}  {manifest.title}")
    for refused in registry.refused:
        click.echo(f"refused: {refused.folder}: {refused.reason}", err=True)


@models.command()
@click.argument("model_id", metavar="ID")
@click.pass_context
def show(ctx: click.Context, model_id: str) -> None:
    """Print everything that is declared and known about a model, as JSON."""
    from cds_hooks import pages

    registry = ctx.obj.registry()
    found = registry.models.get(model_id)
    if found is None:
        click.echo(
            f"Error: no model {model_id!r}; there are {', '.join(registry.models) or 'none'}", err=True
        )
        ctx.exit(1)
    document = pages.model_document(found, datetime.now(UTC).date() - timedelta(days=1))
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


@models.command()
@click.argument("model_id", metavar="ID")
@click.argument("feature", metavar="FEATURE")
@click.option("--patient", default="maria-lindqvist", show_default=True, help="A bundled patient.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which the chart is read, instead of today.",
)
@click.pass_context
def trace(ctx: click.Context, model_id: str, feature: str, patient: str, as_of: datetime | None) -> None:
    """Print the way of one feature of one patient, from the manifest to the card, as Markdown."""
    from cds_hooks.demo import compose
    from cds_hooks.trace import trace as traced

    model = ctx.obj.registry().models.get(model_id)
    if model is None or feature not in model.features.readers or patient not in compose.names():
        known = ", ".join(model.features.readers) if model else "see bedside models list"
        raise click.UsageError(f"no such model, feature or bundled patient; features: {known}")
    day = (as_of or datetime.now(UTC)).replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=UTC)
    click.echo(traced(model, feature, compose.bundle(patient, day.date()), day))


@models.command()
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Check each model folder: digests, ONNX guard, feature specification, trial rows, golden cases.

    Trial rows have each optional input missing, alone and together, and each input at the edges of what may
    reach the model. Golden cases are checked with the shipped codes, which the model was made with; the
    site's own codes (BEDSIDE_TERMINOLOGY) must fit the model's features.
    """
    results = [_verified(folder, ctx.obj.site) for folder in _model_folders(ctx.obj.folders)]
    if not results:
        click.echo("Error: no model folder found", err=True)
    ctx.exit(0 if results and all(results) else 1)


def _model_folders(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path.parent for path in folder.glob("*/model.yaml"))


def _verified(folder: Path, site: SiteTerminology) -> bool:
    from models import golden
    from models.errors import ModelError
    from models.loader import load_model

    try:
        model = load_model(folder)
        if site is not SiteTerminology.EMPTY:
            load_model(folder, site)
    except ModelError as error:
        click.echo(f"FAILED  {folder.name}: {error}")
        return False
    golden_file = folder / _GOLDEN
    if not golden_file.is_file():
        click.echo(f"ok      {model.manifest.id} {model.manifest.version} (no golden cases)")
        return True
    differences = golden.check(model, golden_file.read_bytes())
    for difference in differences:
        click.echo(f"FAILED  {folder.name}: {difference}")
    if not differences:
        cases = len(golden.read(golden_file.read_bytes()))
        click.echo(f"ok      {model.manifest.id} {model.manifest.version} ({cases} golden cases)")
    return not differences
