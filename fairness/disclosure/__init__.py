"""Small cells stay untold: which counts of a report are withheld so that none of them can be worked out.

Counts from 1 to 10 (a setting) are withheld, and with them as many others as it takes that no sum of the
report, and no difference from an earlier report, gives one of them away.
"""

from fairness.disclosure.metrics import is_published, published_metrics
from fairness.disclosure.releases import Look, Release
from fairness.disclosure.suppress import MINIMUM, suppress
from fairness.disclosure.table import Cell, Sum, Table, table_of

__all__ = [
    "MINIMUM",
    "Cell",
    "Look",
    "Release",
    "Sum",
    "Table",
    "is_published",
    "published_metrics",
    "suppress",
    "table_of",
]
