"""report.json: a report as it is, in a fixed order of keys; equal reports give equal bytes."""

import msgspec

from fairness.report.model import Report


def to_json(report: Report) -> bytes:
    """UTF-8, indented, one final newline; what is withheld is null with its state `masked`."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def from_json(stored: bytes) -> Report:
    """The report of `to_json`; raises `msgspec.MsgspecError` for anything else."""
    return msgspec.json.decode(stored, type=Report)
