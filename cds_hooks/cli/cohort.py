"""What `bedside extract` and `bedside score` have in common: options, progress, report, exit code."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from cds_hooks.cli.site import site_zone
from cds_hooks.errors import SettingsError
from cds_hooks.settings import from_environment
from cds_hooks.site import site_terminology
from fhir_mapping.errors import MappingError
from fhir_mapping.terminology.site import SiteTerminology
from fhir_mapping.times import DateError, bounds, instant

__all__ = [
    "EXIT_CODES",
    "Request",
    "cohort_options",
    "model_folder",
    "run_cohort",
    "terminology_folder",
]

EXIT_CODES = """\
\b
Exit codes:
  0  done
  1  done, but some lines or files could not be read (each is named on stderr)
  2  usage, or the run cannot start or go on (the message names the remedy)
  130  stopped by Ctrl-C; --resume goes on
"""

_SHOWN = 100
_STOPPED = 130
_Command = TypeVar("_Command", bound=Callable[..., Any])


class Request(NamedTuple):
    """One run as it was asked for."""

    export: Path
    model: Path
    as_of: datetime
    output: Path
    processes: int | None
    is_resumed: bool
    work: Path | None
    spark: str | None


def _as_of(ctx: click.Context, param: click.Parameter, text: str) -> datetime:
    try:
        if len(text) == 10:
            return bounds(text, site_zone())[1]
        if len(text) > 10:
            return instant(text)
    except DateError:
        pass
    raise click.BadParameter("write it as 2024-05-31, or as 2024-05-31T14:30:00+02:00 with a zone")


_OPTIONS = (
    click.option(
        "--bulk", "export", metavar="DIR", required=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder of a Bulk Data export: .ndjson and .ndjson.gz files, in any order.",
    ),
    click.option("--model", "model_id", metavar="ID", required=True, help="The model, by its id."),
    click.option(
        "--models", "folders", metavar="DIR", multiple=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="A folder of model folders, in place of the bundled ones and BEDSIDE_MODELS. Repeatable.",
    ),
    click.option(
        "--as-of", "as_of", metavar="DATE", required=True, callback=_as_of,
        help="Index time: what is dated later does not count. A date means the end of that day "
        "in BEDSIDE_TIME_ZONE.",
    ),
    click.option(
        "-o", "--output", metavar="FILE", required=True, type=click.Path(dir_okay=False, path_type=Path),
        help="Parquet file to write; one that is there is replaced.",
    ),
    click.option(
        "--processes", metavar="N", type=click.IntRange(min=1), help="Processes; by default one per core."
    ),
    click.option("--resume", "is_resumed", is_flag=True, help="Go on with a run that did not finish."),
    click.option(
        "--work", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
        help="Where the run keeps what is done, patient data too; by default FILE.work, removed at the end.",
    ),
    click.option(
        "--spark", metavar="MASTER",
        help="Run on Apache Spark (pip install bedside[spark]): spark://HOST:PORT, local[4] ... "
        "Its workers must see DIR and the model under the same paths.",
    ),
)  # fmt: skip


def cohort_options(command: _Command) -> _Command:
    """Give a command the options of a cohort run."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def model_folder(model_id: str, folders: Sequence[Path]) -> Path:
    """The folder of a model; raises UsageError when there is none of that id."""
    from models.errors import ManifestError
    from models.manifest import MANIFEST, Manifest

    try:
        places = tuple(folders) or from_environment().model_folders
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    known: dict[str, Path] = {}
    for path in (path for place in places for path in sorted(place.glob(f"*/{MANIFEST}"))):
        try:
            known.setdefault(Manifest.load(path).id, path.parent)
        except ManifestError as error:
            click.echo(f"Warning: {error}", err=True)
    if model_id not in known:
        raise click.UsageError(f"no model {model_id!r}; there are {', '.join(sorted(known)) or 'none'}")
    return known[model_id]


def terminology_folder() -> str:
    """Path of the site's own terminology, empty where there is none; raises UsageError when it cannot be
    used. What is left out of its files is told once."""
    try:
        folder = from_environment().terminology
        site = site_terminology(folder, quiet=True)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    for message in site.messages:
        click.echo(f"Warning: {message}", err=True)
    return str(folder or "")


def run_cohort(request: Request, command: str, job: Any, write: Callable[[Any, Path], int]) -> int:
    """Run a job over an export and write its rows; returns the exit code, raises UsageError.

    `write` is given the outcome and the path of the file to write, and returns the number of rows.
    """
    from models.errors import ModelError

    if request.spark is not None and (request.is_resumed or request.work or request.processes):
        raise click.UsageError("--spark takes no --resume, --work or --processes: Spark sees to that itself")
    draft = request.output.with_name(f".{request.output.name}.draft")
    try:
        if request.spark is not None:
            outcome, work = _on_spark(request, job), None
        else:
            outcome, work = _on_cores(request, command, job)
        rows = write(outcome, draft)
        draft.replace(request.output)
    except KeyboardInterrupt:
        draft.unlink(missing_ok=True)
        click.echo(f"\nStopped. {_kept(request)}", err=True)
        raise SystemExit(_STOPPED) from None
    except (MappingError, ModelError) as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"{request.output}: cannot be written ({type(error).__name__})") from None
    if work is not None:
        work.remove()
    return _report(request, outcome, rows)


def _kept(request: Request) -> str:
    if request.spark is not None:
        return "Nothing was written."
    return f"{_work_folder(request)} keeps what is done; go on with --resume."


def _work_folder(request: Request) -> Path:
    return request.work or request.output.with_name(f"{request.output.name}.work")


def _on_cores(request: Request, command: str, job: Any) -> tuple[Any, Any]:
    from fhir_mapping.bulk.export import PIECE_BYTES
    from fhir_mapping.bulk.local import cores, plan_of, run
    from fhir_mapping.bulk.work import WorkFolder
    from models.manifest import MANIFEST

    purpose = {
        "command": command,
        "model": request.model.name,
        "model files": sha256((request.model / MANIFEST).read_bytes()).hexdigest(),
        "feature specification": job.features().sha256,
        "index time": request.as_of.isoformat(),
        "time zone": job.zone,
    }
    if job.terminology:
        purpose["site's terminology"] = SiteTerminology.of(job.terminology).sha256
    plan = plan_of(request.export, purpose, PIECE_BYTES)
    work = (WorkFolder.go_on if request.is_resumed else WorkFolder.begin)(_work_folder(request), plan)
    return run(request.export, work, plan, job, request.processes or cores(), Meter()), work


def _on_spark(request: Request, job: Any) -> Any:
    from fhir_mapping.bulk.spark import run_on_spark

    return run_on_spark(request.export, job, request.spark or "")


class Meter:
    """Progress on stderr, on a terminal only."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._last = ""

    def __call__(self, told: str, done: int, total: int) -> None:
        """Show how far a pass is."""
        if not self._is_shown:
            return
        width = max(10, min(50, shutil.get_terminal_size((80, 24)).columns - 20))
        share = done / total if total else 1.0
        line = f"{told:>5} [{'#' * int(share * width):<{width}}] {share:4.0%}"
        if line != self._last:
            click.echo(f"\r{line}", nl=done >= total, err=True)
            self._last = line


def _report(request: Request, outcome: Any, rows: int) -> int:
    from fhir_mapping.bulk.export import kind_of
    from fhir_mapping.bulk.lines import line_number

    tally = outcome.tally
    for problem in tally.problems[:_SHOWN]:
        line = line_number(request.export, problem.file, problem.offset) if problem.offset else 1
        where = f"{problem.file} line {line}" if problem.code != "no-ndjson" else problem.file
        click.echo(f"{where}: {_WORDS[problem.code]}", err=True)
    if len(tally.problems) > _SHOWN:
        click.echo(f"... and {len(tally.problems) - _SHOWN} more", err=True)
    if "Patient" not in tally.kinds:
        click.echo("no Patient resource was read: age and sex are missing for everybody", err=True)
    if tally.ownerless:
        click.echo(f"{tally.ownerless} resources refer to no patient and were not used", err=True)
    reports = [name for name in outcome.left_out if kind_of(Path(name).name) == "OperationOutcome"]
    left_out = [name for name in outcome.left_out if name not in reports]
    if left_out:
        click.echo(f"not read, the model needs nothing of it: {', '.join(left_out)}", err=True)
    if reports:
        told = "the export reports on itself, see whether all was exported"
        click.echo(f"not read, {told}: {', '.join(reports)}", err=True)
    click.echo(f"{rows} patients from {tally.read} resources written to {request.output}", err=True)
    return 1 if tally.problems else 0


_WORDS = {
    "not-json": "is not JSON and was not used",
    "no-type": "is not a FHIR resource and was not used",
    "too-long": "is too long for one resource and was not used",
    "no-patient": "refers to no patient and was not used: nothing of its type counts as not recorded",
    "other-type": "is of another type than its file: nothing of the file's type counts as not recorded",
    "no-such-type": "is a Bundle or of no type of FHIR's: nothing that it may hold counts as not recorded",
    "no-ndjson": "is no .ndjson file and was not read: nothing of its type counts as not recorded",
    "unreadable": "cannot be read from here on; what stands before it was used",
}
