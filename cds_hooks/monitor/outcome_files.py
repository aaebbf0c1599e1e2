"""Files of outcomes: CSV, NDJSON or Parquet; `patient` or `card`, `outcome`, `date`, and perhaps `output`.

A patient id is turned into its keyed digest while the row is read and is kept nowhere. A row that does not
fit is told by its number and column, never by what it holds.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from cds_hooks.ledger import Ledger, OutcomeEntry, OutcomeReceipt
from cds_hooks.patient_key import PatientKey

__all__ = ["BadFile", "Imported", "Trouble", "import_outcomes"]

_BATCH = 1000
_VALUES: Mapping[str, int] = {
    "0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1, "no": 0, "yes": 1,
}  # fmt: skip
_COLUMNS = ("patient", "card", "outcome", "date", "output")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOLERANCE = timedelta(days=1)
_MAX_TROUBLES = 100


class BadFile(Exception):
    """The file cannot be read at all; the message names the file's kind and the remedy."""


class Trouble(NamedTuple):
    """A row that was left out: its number (the first row of data is 1), the column, and what it must be."""

    row: int
    column: str
    told: str


class Imported(NamedTuple):
    """Rows by what became of them, and the first rows that were left out."""

    receipts: Mapping[OutcomeReceipt, int]
    refused: int
    troubles: tuple[Trouble, ...]


class _Refused(Exception):
    def __init__(self, column: str, told: str) -> None:
        super().__init__(told)
        self.column = column
        self.told = told


class _Reader(NamedTuple):
    output: str | None
    key: PatientKey
    now: datetime
    known: Collection[str] | None
    zone: tzinfo

    def entry(self, row: Mapping[str, Any]) -> OutcomeEntry:
        """The entry of a row; raises _Refused."""
        patient, card = _text(row.get("patient")), _text(row.get("card")).lower()
        if bool(patient) == bool(card):
            raise _Refused("patient", "give a patient or a card, and not both")
        if card and not _UUID.fullmatch(card):
            raise _Refused("card", "must be the uuid of a card")
        output = _text(row.get("output")) or self.output
        if not output:
            raise _Refused("output", "name the model's output in a column or with --output")
        if self.known is not None and output not in self.known:
            raise _Refused("output", f"is of no model here; there are {', '.join(sorted(self.known))}")
        value = _VALUES.get(_text(row.get("outcome")).lower())
        if value is None:
            raise _Refused("outcome", "must be 0 or 1")
        observed = _moment(row.get("date"), self.zone)
        if observed > self.now + _TOLERANCE:
            raise _Refused("date", "lies in the future")
        return OutcomeEntry(
            patient_key=None if card else self.key.of(_id(patient)),
            card_uuid=card or None,
            output=output,
            value=value,
            observed_at=observed,
            received_at=self.now,
        )


def import_outcomes(
    path: Path,
    ledger: Ledger,
    key: PatientKey,
    now: datetime,
    output: str | None = None,
    known: Collection[str] | None = None,
    zone: tzinfo = UTC,
) -> Imported:
    """Store the outcomes of a file; importing it again stores nothing. Dates are days of `zone`.

    `known` are the outputs that there are; a row of another one is left out, since no audit would ever read
    it, and nothing can be taken out of a ledger.
    Raises BadFile when it cannot be read, LedgerError when the ledger cannot be written; rows before that are
    stored, and the import can be repeated.
    """
    reader = _Reader(output, key, now, known, zone)
    receipts: dict[OutcomeReceipt, int] = {}
    troubles: list[Trouble] = []
    refused = 0
    numbered = enumerate(_rows(path), start=1)
    while batch := list(islice(numbered, _BATCH)):
        entries = []
        for number, row in batch:
            try:
                entries.append(reader.entry(row))
            except _Refused as problem:
                refused += 1
                if len(troubles) < _MAX_TROUBLES:
                    troubles.append(Trouble(number, problem.column, problem.told))
        for receipt in ledger.record_outcomes(entries):
            receipts[receipt] = receipts.get(receipt, 0) + 1
    return Imported(receipts, refused, tuple(troubles))


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    kind = path.suffix.lower()
    readers = {".csv": _csv, ".ndjson": _ndjson, ".jsonl": _ndjson, ".parquet": _parquet}
    if kind not in readers:
        raise BadFile("a file of outcomes ends in .csv, .ndjson, .jsonl or .parquet")
    try:
        yield from readers[kind](path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"the file cannot be read as {kind[1:]} ({type(error).__name__})") from None


def _csv(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        _check_columns(rows.fieldnames or ())
        yield from rows


def _ndjson(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as file:
        for line in filter(bytes.strip, file):
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.MsgspecError, UnicodeDecodeError):
                # An empty row is refused with its number, like any other that does not fit.
                yield {}


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise BadFile("reading Parquet needs pyarrow; pip install 'bedside[cohort]'") from None
    try:
        with parquet.ParquetFile(path) as file:
            _check_columns(file.schema_arrow.names)
            columns = [name for name in file.schema_arrow.names if name in _COLUMNS]
            for batch in file.iter_batches(_BATCH, columns=columns):
                yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise BadFile(f"the file cannot be read as parquet ({type(error).__name__})") from None


def _check_columns(names: Iterable[str]) -> None:
    found = set(names)
    if not {"outcome", "date"} <= found or not {"patient", "card"} & found:
        raise BadFile("the file needs the columns outcome, date, and patient or card")


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _id(patient: str) -> str:
    """The id that hooks know a patient by: without `Patient/`."""
    return patient.removeprefix("Patient/")


def _moment(value: Any, zone: tzinfo) -> datetime:
    """A date or a moment; without a zone it is one of the site's."""
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(_text(value))
        except ValueError:
            raise _Refused("date", "must be a date or a moment in ISO 8601") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise _Refused("date", "lies outside the calendar") from None
