"""The inventory of decision tools that 45 CFR 92.210 asks for: one row per model, made from the records."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from fairness.evidence.record import Record

COLUMNS = (
    "model",
    "version",
    "title",
    "status",
    "purpose",
    "uses",
    "inputs",
    "also_reads",
    "owner",
    "mitigation",
    "audits",
    "open_items",
    "record_sha256",
)
_BASES = ("race, color or national origin", "sex", "age", "disability")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = dict[str, Any]


def inventory(records: Iterable[Record]) -> list[Row]:
    """One row per record. `uses` names the protected bases that a feature touches, `inputs` these features,
    `also_reads` those that touch another sensitive trait or stand in for one."""
    return [_row(record) for record in records]


def as_json(records: Sequence[Record]) -> bytes:
    """The inventory as JSON with sorted keys."""
    document = {"source": "45 CFR 92.210", "bases": _BASES, "tools": inventory(records)}
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=1) + b"\n"


def as_csv(records: Sequence[Record]) -> bytes:
    """The inventory as CSV (RFC 4180): lists are joined with `; `, no cell is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in inventory(records):
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return text.getvalue().encode()


def _row(record: Record) -> Row:
    document = record.document
    touched = [one for part in document["protected"].values() for one in part if one["features"]]
    traits = [one for one in touched if one["section_1557"]]
    duty = document["regulatory"]["discrimination"]
    return {
        "model": document["model"],
        "version": document["version"],
        "title": document["title"],
        "status": document["manifest"]["status"],
        "purpose": " ".join(document["manifest"]["intended_use"]["purpose"].split()),
        "uses": [base for base in _BASES if any(one["section_1557"] == base for one in traits)],
        "inputs": _uses(traits),
        "also_reads": _uses([one for one in touched if not one["section_1557"]]),
        "owner": duty["owner"],
        "mitigation": list(duty["mitigation"]),
        "audits": len(document["audits"]),
        "open_items": [one["what"] for one in record.open_items],
        "record_sha256": record.sha256,
    }


def _uses(traits: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{trait['label']}: {one['label']} ({one['use']})" for trait in traits for one in trait["features"]
    ]


def _cell(value: Any) -> str:
    text = "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


FORMS: Mapping[str, tuple[str, Callable[[Sequence[Record]], bytes]]] = MappingProxyType(
    {
        "section-1557.json": ("application/json", as_json),
        "section-1557.csv": ("text/csv; charset=utf-8", as_csv),
    }
)
"""File name -> media type, and the function that makes the bytes."""
