"""Rows of a cohort as Parquet files. pyarrow is imported when a table is written, never by the service."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fhir_mapping.values import FeatureValue

if TYPE_CHECKING:
    from fhir_mapping.bulk.rows import Extraction, FeatureRow
    from models.cohort import ScoreRow, Scoring

__all__ = ["PROVENANCE", "require_pyarrow", "write_features", "write_scores"]

PROVENANCE = "__provenance"
_GROUP = 20_000
_HOW = ("state", "reason", "unit", "date", "source", "original_value", "original_unit", "text")


def require_pyarrow() -> None:
    """Raise UsageError when pyarrow is not installed, before any work is done."""
    try:
        import_module("pyarrow")
    except ImportError:
        raise click.UsageError("writing Parquet needs pyarrow; pip install 'bedside[cohort]'") from None


def write_features(outcome: Any, job: Extraction, path: Path) -> int:
    """Write FeatureRows; returns how many."""
    from fhir_mapping.bulk.rows import FeatureRow

    pa = import_module("pyarrow")
    how = pa.struct([(name, pa.float64() if name == "original_value" else pa.string()) for name in _HOW])
    names = tuple(job.features().readers)
    fields = [pa.field("patient", pa.string(), nullable=False)]
    for name in names:
        fields += [pa.field(name, pa.float64()), pa.field(f"{name}{PROVENANCE}", how)]
    facts = {
        "bedside.feature_spec": job.features().sha256,
        "bedside.as_of": job.index.isoformat(),
        "bedside.time_zone": job.zone,
    }
    schema = pa.schema(fields, metadata=facts)
    return _write(path, schema, (_feature_columns(rows, names) for rows in _groups(outcome.rows(FeatureRow))))


def _feature_columns(rows: Sequence[FeatureRow], names: Sequence[str]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"patient": [row.patient for row in rows]}
    for at, name in enumerate(names):
        values = [row.values[at] for row in rows]
        columns[name] = [None if math.isnan(value.value) else value.value for value in values]
        columns[f"{name}{PROVENANCE}"] = [_how(value) for value in values]
    return columns


def _how(value: FeatureValue) -> dict[str, Any]:
    return {name: getattr(value, name) for name in _HOW}


def write_scores(outcome: Any, job: Scoring, path: Path) -> int:
    """Write ScoreRows; returns how many."""
    from models.cohort import ScoreRow

    pa = import_module("pyarrow")
    schema = pa.schema(
        [
            pa.field("patient", pa.string(), nullable=False),
            pa.field("score", pa.float64()),
            pa.field("reason", pa.string()),
            pa.field("low", pa.float64()),
            pa.field("high", pa.float64()),
            pa.field("missing", pa.list_(pa.string()), nullable=False),
            pa.field("not_checked", pa.list_(pa.string()), nullable=False),
        ],
        metadata={
            "bedside.model": Path(job.folder).name,
            "bedside.feature_spec": job.features().sha256,
            "bedside.as_of": job.index.isoformat(),
            "bedside.time_zone": job.zone,
        },
    )
    return _write(path, schema, (_score_columns(rows) for rows in _groups(outcome.rows(ScoreRow))))


def _score_columns(rows: Sequence[ScoreRow]) -> dict[str, list[Any]]:
    plain = ("patient", "score", "reason", "low", "high")
    columns = {name: [getattr(row, name) for row in rows] for name in plain}
    return columns | {
        "missing": [list(row.missing) for row in rows],
        "not_checked": [list(row.not_checked) for row in rows],
    }


def _groups(rows: Iterable[Any]) -> Iterator[list[Any]]:
    waiting = iter(rows)
    while group := list(islice(waiting, _GROUP)):
        yield group


def _write(path: Path, schema: Any, groups: Iterable[Mapping[str, list[Any]]]) -> int:
    pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    written = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for columns in groups:
            table = pa.table(columns, schema=schema)
            writer.write_table(table)
            written += table.num_rows
    return written
