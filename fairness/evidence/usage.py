"""What the ledger counts of a model in use, as it may be told.

Counts from 1 to 10 are withheld, and with a single withheld count of a list the next smallest, so that no
total told elsewhere gives it away. No totals are told.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fairness.disclosure import MINIMUM

Row = Mapping[str, Any]
_KEYS = {
    "decisions": ("decision", "reason"),
    "feedback": ("outcome", "reason_code", "reason_system"),
}


def used(counts: Mapping[str, Sequence[Row]], minimum: int = MINIMUM) -> dict[str, list[dict[str, Any]]]:
    """Rows of `decisions` and `feedback` with `n` (None where withheld) and `state` (ok or masked), sorted.

    `counts` holds the rows of one model, each with its keys and `n`.
    """
    return {part: _told(counts.get(part, ()), keys, minimum) for part, keys in _KEYS.items()}


def _told(rows: Sequence[Row], keys: Sequence[str], minimum: int) -> list[dict[str, Any]]:
    summed: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple("" if row.get(name) is None else str(row[name]) for name in keys)
        summed[key] = summed.get(key, 0) + int(row["n"])
    hidden = {key for key, n in summed.items() if 0 < n < minimum}
    left = sorted((n, key) for key, n in summed.items() if key not in hidden and n > 0)
    if left and hidden and (len(hidden) == 1 or sum(summed[key] for key in hidden) < minimum):
        hidden.add(left[0][1])
    return [
        {name: part or None for name, part in zip(keys, key, strict=True)}
        | {"n": None if key in hidden else n, "state": "masked" if key in hidden else "ok"}
        for key, n in sorted(summed.items())
    ]
