"""report.csv: every figure, gap, verdict, check and file of a report as one flat table.

Numbers are written in full, as in report.json. An empty cell is a figure that does not exist or is withheld;
the column `state` says which.
"""

import csv
import io
from collections.abc import Iterator

import msgspec

from fairness.report.model import GapRow, GroupRow, Report, VerdictRow

COLUMNS = ("section", "attribute", "value", "label", "metric", "threshold", "n", "events", "figure", "low",
           "high", "state", "outcome", "p_adjusted", "expected_gap", "gap_95", "needed_patients",
           "needed_events", "told")  # fmt: skip
# A spreadsheet would take a text with one of these in front for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Line = dict[str, object]


def to_csv(report: Report) -> str:
    """The table with a header line; text that a spreadsheet would run gets an apostrophe in front."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for line in _lines(report):
        writer.writerow({name: _cell(entry) for name, entry in line.items()})
    return stream.getvalue()


def _lines(report: Report) -> Iterator[Line]:
    for group in report.groups:
        yield from _group(group)
    for gap in report.gaps:
        yield _gap(gap)
    for verdict in report.verdicts:
        yield _verdict(verdict)
    for check in report.checks:
        yield {"section": "check", "metric": check.name, "figure": check.count, "told": check.told}
    for file in report.data:
        yield {"section": "data", "label": file.name, "told": f"SHA-256 {file.sha256}"}
    yield {"section": "outcome", "outcome": report.outcome}


def _group(row: GroupRow) -> Iterator[Line]:
    about: Line = {"attribute": row.attribute, "value": row.value, "label": row.label}
    yield {"section": "group", **about, "n": row.n, "events": row.events, "state": row.state, "told": row.why}
    for one in row.metrics:
        line = {"metric": one.name, "threshold": one.threshold, "figure": one.value, "low": one.low,
                "high": one.high, "state": one.state, "told": one.why}  # fmt: skip
        yield {"section": "metric", **about, **line}
        if one.shrunken is not None:
            drawn = {"figure": one.shrunken.value, "low": one.shrunken.low, "high": one.shrunken.high}
            yield {"section": "shrunken", **about, "metric": one.name, "threshold": one.threshold, **drawn}


def _gap(row: GapRow) -> Line:
    line = msgspec.structs.asdict(row)
    return {
        **{
            name: line[name] for name in ("attribute", "value", "label", "metric", "threshold", "low", "high")
        },
        "section": f"gap ({row.scale})",
        "figure": row.gap,
        "state": row.state,
        "told": row.why,
    }


def _verdict(row: VerdictRow) -> Line:
    line = msgspec.structs.asdict(row)
    same = ("attribute", "value", "label", "metric", "threshold", "low", "high", "state", "outcome",
            "p_adjusted", "expected_gap", "gap_95")  # fmt: skip
    return {
        **{name: line[name] for name in same},
        "section": f"verdict ({row.kind})",
        "figure": row.estimate,
        "needed_patients": row.needed.patients if row.needed else None,
        "needed_events": row.needed.events if row.needed else None,
        "told": row.claim if row.why is None else f"{row.claim}; {row.why}",
    }


def _cell(entry: object) -> object:
    if isinstance(entry, str):
        return f"'{entry}" if entry.startswith(_FORMULA) else entry
    return "" if entry is None else entry
