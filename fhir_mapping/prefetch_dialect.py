"""Prefetch templates in the words that a client understands: CDS Hooks 2.0, or what the 3.0 ballot adds.

Source: CDS Hooks 3.0.0-ballot, "Prefetch tokens containing Simpler FHIRPath" (HL7/cds-hooks). Two additions
are of use: relative dates, `{{today() - 90 days}}`, which keep what no feature looks back to out of the
payload; and earlier keys as variables, `{{%medicationRequests.entry...}}`, which bring along the drugs that
orders name by reference. A 2.0 client that met such a token would leave the key out, or send the braces to
its server and us the empty result.
"""

import math
from collections.abc import Mapping
from typing import Literal, get_args

__all__ = ["DIALECTS", "Dialect", "in_dialect"]

Dialect = Literal["2.0", "3.0"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

_DAY_S = 86_400
# `today()` is a date in the client's time zone, the window counts from an instant: a day either way.
_MARGIN_DAYS = 1
# Search parameters of dates. An undated entry is in no date search: an Observation without a date has no
# place in a window anyway, but a problem, drug or procedure would look as if it were not there.
_DATE = {"observations": "date"}
_ORDERS = ("medicationRequests", "medicationStatements", "medicationAdministrations")
_MEDICATIONS = "medications"


def in_dialect(
    templates: Mapping[str, str], longest: Mapping[str, float], dialect: Dialect
) -> dict[str, str]:
    """Templates of CDS Hooks 2.0 put into a dialect, in an order in which each key follows those it names.

    `longest` are the longest look-back windows in seconds by key; a key that it lacks is not cut.
    """
    if dialect == "2.0":
        return dict(templates)
    found = {key: _bounded(key, query, longest.get(key, math.inf)) for key, query in templates.items()}
    orders = [key for key in _ORDERS if key in templates]
    if orders and _MEDICATIONS not in found:
        found[_MEDICATIONS] = f"Medication?_id={{{{{'|'.join(map(_referenced, orders))}}}}}"
    return found


def _bounded(key: str, query: str, seconds: float) -> str:
    """A search with a lower bound for its dates; `ge` finds partial dates that reach into the window too."""
    if key not in _DATE or not math.isfinite(seconds):
        return query
    days = math.ceil(seconds / _DAY_S) + _MARGIN_DAYS
    return f"{query}&{_DATE[key]}=ge{{{{today() - {days} days}}}}"


def _referenced(key: str) -> str:
    """Ids of the Medications to which the entries of an earlier key refer."""
    return f"%{key}.entry.resource.medication.resolve().ofType(Medication).id"
