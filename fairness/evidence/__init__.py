"""The evidence record of a model version, and its views: one document, many readers.

`build` makes the record from plain data; `fairness.evidence.views` makes each view from the record alone.
"""

from fairness.evidence.errors import EvidenceError
from fairness.evidence.record import Record, Sources, build

__all__ = ["EvidenceError", "Record", "Sources", "build"]
