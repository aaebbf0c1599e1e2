"""`bedside score`: a model's score of every patient of a Bulk Data export, as a Parquet file."""

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

__all__ = ["score"]

_EPILOG = f"""\
\b
Columns: `patient`, `score` (null where the model abstains or does not apply), `reason` (why there is no
score), `low` and `high` (95 % interval), `missing` (inputs without a value), `not_checked` (beside a score:
features that would have forbidden it, where the export does not tell, such as earlier drugs without any
list of drugs; a card says the same). Rows are ordered by patient.

\b
Example:
  bedside score --bulk export/ --model type2-diabetes-risk --as-of 2024-05-31 -o scores.parquet

{EXIT_CODES}"""


@click.command("score", epilog=_EPILOG, short_help="A model's score of every patient of an export.")
@cohort_options
@click.pass_context
def score(ctx: click.Context, /, model_id: str, folders: tuple[Path, ...], **asked: Any) -> None:
    """Score every patient of a Bulk Data export.

    A score is the probability of the model's first output. Thresholds below which a card stays silent do not
    silence a score. Needs pyarrow (pip install bedside[cohort]).
    """
    from cds_hooks.cli.tables import require_pyarrow, write_scores
    from models.cohort import Scoring

    require_pyarrow()
    request = Request(model=model_folder(model_id, folders), **asked)
    zone, terminology = str(site_zone()), terminology_folder()
    job = Scoring(str(request.model), request.as_of, terminology=terminology, zone=zone)
    ctx.exit(run_cohort(request, "score", job, lambda outcome, path: write_scores(outcome, job, path)))
