"""`bedside extract`: a model's features of every patient of a Bulk Data export, as a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cds_hooks.cli.cohort import (
    EXIT_CODES,
    Request,
    cohort_options,
    model_folder,
    run_cohort,
    terminology_folder,
)
from cds_hooks.cli.site import site_zone

__all__ = ["extract"]

_EPILOG = f"""\
\b
Columns: `patient`; for each feature its value (null when missing) and, under `<feature>__provenance`,
state, reason, unit, date, source, and the value and unit as sent. Rows are ordered by patient.

\b
Example:
  bedside extract --bulk export/ --model type2-diabetes-risk --as-of 2024-05-31 -o features.parquet

{EXIT_CODES}"""


@click.command("extract", epilog=_EPILOG, short_help="A model's features of every patient of an export.")
@cohort_options
@click.pass_context
def extract(ctx: click.Context, /, model_id: str, folders: tuple[Path, ...], **asked: Any) -> None:
    """Compute a model's features for every patient of a Bulk Data export.

    The features are those that the hook computes, by the same code. Needs pyarrow (pip install
    bedside[cohort]).
    """
    from cds_hooks.cli.tables import require_pyarrow, write_features
    from fhir_mapping.bulk.rows import Extraction
    from models.manifest import MANIFEST

    require_pyarrow()
    request = Request(model=model_folder(model_id, folders), **asked)
    zone, terminology = str(site_zone()), terminology_folder()
    job = Extraction(str(request.model / MANIFEST), request.as_of, terminology=terminology, zone=zone)
    ctx.exit(run_cohort(request, "extract", job, lambda outcome, path: write_features(outcome, job, path)))
