"""`bedside models seal`: what a data scientist cannot know by heart, written into a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from models.golden import Case

__all__ = ["seal"]


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--golden", "is_golden", is_flag=True, help="Compute golden.json again, and say what changed.")
@click.pass_context
def seal(ctx: click.Context, folder: Path, is_golden: bool) -> None:
    """Seal one model folder, after its model or its manifest was changed.

    Writes the model's id, version and feature specification into model.onnx, and the SHA-256 of model.onnx,
    reference.json, evaluation.json and golden.json into model.yaml; weights and comments stay as they are.
    Then loads the folder as the service would.

    With --golden, the patients of golden_cases.yaml (without that file, those of golden.json) are scored
    again. Look at what changed: golden cases are there to notice it.
    """
    from models.errors import ModelError
    from models.loader import load_model
    from models.sealing import reseal

    try:
        manifest = reseal(folder)
        if is_golden:
            _golden(folder)
            manifest = reseal(folder)
        load_model(folder)
    except ModelError as error:
        click.echo(f"FAILED  {folder.name}: {error}", err=True)
        ctx.exit(1)
    except OSError as error:
        raise click.UsageError(f"cannot write to {folder} ({error.strerror})") from None
    click.echo(f"sealed  {manifest.id} {manifest.version}: {', '.join(manifest.files)}")


def _golden(folder: Path) -> None:
    from models import golden, golden_cases

    cases = golden_cases.cases_of(folder)
    before = {case.name: case for case in _recorded(folder / golden_cases.GOLDEN)}
    golden_cases.golden(folder, cases)
    for case in _recorded(folder / golden_cases.GOLDEN):
        told = golden.compare(before[case.name], case) if case.name in before else []
        for difference in told:
            click.echo(f"changed {difference}")
    click.echo(f"{len(cases)} golden cases written")


def _recorded(path: Path) -> list[Case]:
    from models import golden

    try:
        return golden.read(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return []
