"""From a file of predictions to a report."""

import hashlib
from importlib.util import find_spec

import msgspec
import numpy as np
import numpy.typing as npt

from fairness.audit.batches import ArrowFile
from fairness.audit.checks import (
    NOT_CHECKED,
    Bad,
    before_checks,
    patient_check,
    require_every_flag,
    spelling_checks,
)
from fairness.audit.duck import DuckFile
from fairness.audit.entries import answers_of
from fairness.audit.errors import AuditError
from fairness.audit.questions import Amount, Answered, Question, ask
from fairness.audit.rows import Rows, Wanted
from fairness.audit.source import Source, check_values
from fairness.disclosure.releases import further_thresholds
from fairness.engine import Coded, FlagTally, ScoreGrid, Tally, flag_tally
from fairness.engine.columns import GroupColumn, Stratum
from fairness.engine.estimates import SILENCE
from fairness.engine.row_sample import RowSample
from fairness.report.build import Built, build
from fairness.report.model import Check, DataFile
from fairness.report.plan import About, Plan
from fairness.report.row_report import build_rows
from fairness.report.silence import FLAGS

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
    """The tally of the rows with score and outcome; raises `AuditError` for what cannot be audited."""
    with open_predictions(source) as file:
        return file.tally(ScoreGrid(thresholds=thresholds))


def audit(source: Source, thresholds: tuple[float, ...], about: About, plan: Plan) -> Built:
    """The report on scores and outcomes 0 or 1; rows without one of them are counted as silence.

    `thresholds` are those declared; the claims of the plan declare theirs, and what earlier reports told at
    other thresholds is told again: next to theirs, those of this report would tell how few lie between.
    Raises `AuditError` for the file, `SampleError` and `GroupError` for the plan.
    """
    declared = {*thresholds, *(claim.threshold for claim in plan.claims if claim.threshold is not None)}
    looks = (*plan.looks, *(plan.before.all_looks() if plan.before is not None else ()))
    before = further_thresholds(looks, declared)
    declared |= set(before)
    with open_predictions(source) as file:
        counts = file.count(ScoreGrid(thresholds=tuple(declared)))
        check = _patients(source, file)
    _require_whole(source, counts.tally.n)
    silence = counts.silence
    if silence is None and _claims_silence(plan):
        silence = _nobody_silent(counts.tally)
    checks = (check, *before_checks(before), *spelling_checks(counts.tally.attributes, counts.tally.strata))
    told = _with(about, source, *checks)
    return build(counts.tally, told, plan, silence)


def audit_rows(source: Source, question: Question, about: About, plan: Plan) -> Built:
    """The report on another kind of outcome; the rows are held in memory.

    Rows without a prediction or an outcome are counted as silence. Raises as `audit`.
    """
    with open_predictions(source) as file:
        rows = file.rows(_wanted(source, question))
        check = _patients(source, file)
    answered = ask(source, question, rows)
    groups = {name: _coded(source, name, rows.groups[name]) for name in source.columns.groups}
    silence = _silence(source, rows, answered, groups, is_needed=_claims_silence(plan))
    whole = answered.predicted & answered.observed
    _require_whole(source, int(whole.sum()))
    outcome = question.outcome(source, rows, whole)
    own: dict[str, GroupColumn] = {
        name: Coded(column.codes[whole], column.values) for name, column in groups.items()
    }
    unheard = () if silence is None else tuple(silence.counts)
    sample = RowSample(outcome, own, int(whole.sum()), unheard)
    told = _with(about, source, check, *spelling_checks(sample.attributes, sample.strata))
    return build_rows(sample, question.kind, told, plan, silence)


def audit_continuous(source: Source, about: About, plan: Plan) -> Built:
    """`audit_rows` of amounts without intervals."""
    return audit_rows(source, Amount(source.columns.score, source.columns.outcome), about, plan)


def sha256(source: Source) -> str:
    """Digest of the file, in hexadecimal; raises `OSError` where it cannot be read."""
    with source.path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _require_whole(source: Source, rows: int) -> None:
    if not rows:
        columns = source.columns
        raise source.error(columns.outcome, f"no row has both an outcome and a score ({columns.score!r})",
                           "name the columns of one set of people")  # fmt: skip


def _wanted(source: Source, question: Question) -> Wanted:
    shown = source.columns.shown
    wanted = question.wanted
    return wanted if shown is None else wanted._replace(flags=(*wanted.flags, shown))


def _silence(
    source: Source, rows: Rows, answered: Answered, groups: dict[str, Coded], *, is_needed: bool
) -> FlagTally | None:
    flags = {"abstained": ~answered.predicted, "unmatured": answered.predicted & ~answered.observed}
    shown = source.columns.shown
    if shown is not None:
        card = rows.numbers[shown]
        outside = ~np.isnan(card) & (card != 0.0) & (card != 1.0)
        unreadable = rows.unreadable[shown]
        missing = int(np.isnan(card).sum()) - unreadable
        require_every_flag(source, shown, Bad(missing, int(outside.sum()), unreadable))
        flags["no_card"] = card == 0.0
    elif not (is_needed or any(flag.any() for flag in flags.values())):
        return None
    return flag_tally(flags, groups)


def _claims_silence(plan: Plan) -> bool:
    return any(claim.metric in SILENCE for claim in plan.claims)


def _nobody_silent(tally: Tally) -> FlagTally:
    people = tally.counts.sum(axis=(1, 2)).tolist()
    counts: dict[Stratum, tuple[int, ...]] = {
        stratum: (n, 0, 0) for stratum, n in zip(tally.strata, people, strict=True)
    }
    return FlagTally(tally.attributes, FLAGS, counts)


def _patients(source: Source, file: PredictionFile) -> Check:
    if source.columns.patient is None:
        return NOT_CHECKED
    return patient_check(source, *file.repeated_patients())


def _with(about: About, source: Source, *checks: Check) -> About:
    data = DataFile(name=source.path.name, sha256=sha256(source))
    return msgspec.structs.replace(about, checks=(*about.checks, *checks), data=(*about.data, data))


def _coded(source: Source, name: str, entries: npt.NDArray[np.object_]) -> Coded:
    answers = [answers_of(entry) for entry in entries]
    known = list(dict.fromkeys(answers))
    check_values(source, name, known)
    place = {one: at for at, one in enumerate(known)}
    return Coded(np.fromiter(map(place.__getitem__, answers), np.int32, len(answers)), known)
