"""From a file of predictions to a report."""

from importlib.util import find_spec

import msgspec
import numpy as np
import numpy.typing as npt

from fairness.audit.batches import ArrowFile
from fairness.audit.checks import NOT_CHECKED, patient_check, require_numbers, require_rows
from fairness.audit.duck import DuckFile
from fairness.audit.errors import AuditError
from fairness.audit.source import Source, answers_of, check_values
from fairness.engine import Coded, ScoreGrid, Tally
from fairness.report.build import Built, build
from fairness.report.continuous import build_continuous
from fairness.report.model import Check
from fairness.report.plan import About, Plan

PredictionFile = DuckFile | ArrowFile


def open_predictions(source: Source) -> PredictionFile:
    """The file in DuckDB where that is installed, otherwise in pyarrow.

    Raises `AuditError` when the file cannot be read, a column is not there, or neither is installed.
    """
    if not source.path.is_file():
        raise AuditError(f"{source.path.name}: no such file; name a .csv or .parquet file")
    source.format  # noqa: B018 - raises for a file of another kind
    if find_spec("duckdb"):
        return DuckFile(source)
    if find_spec("pyarrow"):
        return ArrowFile(source)
    raise AuditError("reading predictions needs duckdb or pyarrow; pip install 'bedside[audit]'")


def count(source: Source, thresholds: tuple[float, ...] = ()) -> Tally:
    """The tally of a file; raises `AuditError` for anything that cannot be audited."""
    with open_predictions(source) as file:
        return file.tally(ScoreGrid(thresholds=thresholds))


def audit(source: Source, thresholds: tuple[float, ...], about: About, plan: Plan) -> Built:
    """The report on scores and outcomes 0 or 1.

    `thresholds` are those declared; the claims of the plan declare theirs. Raises `AuditError` for the file,
    `SampleError` and `GroupError` for the plan.
    """
    declared = {*thresholds, *(claim.threshold for claim in plan.claims if claim.threshold is not None)}
    with open_predictions(source) as file:
        tally = file.tally(ScoreGrid(thresholds=tuple(declared)))
        check = _patients(source, file)
    return build(tally, _with(about, check), plan)


def audit_continuous(source: Source, about: About, plan: Plan) -> Built:
    """The report on predictions of a continuous outcome; the rows are held in memory.

    Raises as `audit`.
    """
    with open_predictions(source) as file:
        rows = file.rows()
        check = _patients(source, file)
    require_rows(source, rows["p"].size)
    for column, name in ((source.columns.score, "p"), (source.columns.outcome, "y")):
        require_numbers(source, column, int((~np.isfinite(rows[name])).sum()))
    groups = {name: _coded(source, name, rows[f"g{at}"]) for at, name in enumerate(source.columns.groups)}
    return build_continuous(rows["y"], rows["p"], groups, _with(about, check), plan)


def _patients(source: Source, file: PredictionFile) -> Check:
    if source.columns.patient is None:
        return NOT_CHECKED
    return patient_check(source, *file.repeated_patients())


def _with(about: About, check: Check) -> About:
    return msgspec.structs.replace(about, checks=(*about.checks, check))


def _coded(source: Source, name: str, entries: npt.NDArray[np.object_]) -> Coded:
    answers = [answers_of(entry) for entry in entries]
    known = list(dict.fromkeys(answers))
    check_values(source, name, known)
    place = {one: at for at, one in enumerate(known)}
    return Coded(np.fromiter(map(place.__getitem__, answers), np.int32, len(answers)), known)
