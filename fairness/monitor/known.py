"""Groups as they were known then and as they are known now, and how far late demographics can move a figure.

A patient's groups are recorded with each prediction. Later records may add what was missing; nothing is ever
inferred for a patient. Where a patient's answer is still open, bounds tell what a group's figure could be if
any of these patients belonged to it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from fairness.groups import ABSENT
from fairness.metric import FloatArray
from fairness.monitor.plan import NOT_ANSWERED

Groups = Mapping[str, Sequence[str]]
BoolArray = npt.NDArray[np.bool_]


class Bounds(msgspec.Struct, frozen=True):
    """Lowest and highest value that a group's figure can take, over every way in which the `open_answers`
    patients may or may not belong to the group. `value` is that of the known members; None without any."""

    metric: str
    attribute: str
    value_name: str
    threshold: float | None
    value: float | None
    low: float | None
    high: float | None
    open_answers: int


class _Share(NamedTuple):
    hits: int
    of: int


def as_known_now(
    patients: Sequence[str], at: FloatArray, groups: Sequence[Groups]
) -> list[dict[str, tuple[str, ...]]]:
    """For each row (n,) the latest answers of its patient, attribute by attribute.

    An answer is not undone by a later record that has none: `absent`, `declined` and `unknown` count only
    where no record answers; of several of those, the latest.
    """
    latest: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in np.argsort(at, kind="stable").tolist():
        mine = latest.setdefault(patients[row], {})
        for attribute, values in groups[row].items():
            new = tuple(values) or (ABSENT,)
            if is_answer(new) or not is_answer(mine.get(attribute, (ABSENT,))):
                mine[attribute] = new
    return [dict(latest[patient]) for patient in patients]


def is_answer(values: Sequence[str]) -> bool:
    """Whether any value says something."""
    return any(value not in NOT_ANSWERED for value in values)


def column(groups: Sequence[Groups], attribute: str) -> list[frozenset[str]]:
    """One attribute of every row as the engine takes it; `absent` where a row has none."""
    return [frozenset(one.get(attribute) or (ABSENT,)) for one in groups]


def bounds(
    y: FloatArray,
    p: FloatArray,
    values: Sequence[frozenset[str]],
    attribute: str,
    thresholds: Sequence[float],
) -> tuple[Bounds, ...]:
    """Bounds on prevalence, O/E, selection rate, sensitivity and PPV of every group of an attribute.

    `y` (n,) in {0, 1}, `p` (n,) in [0, 1], `values` (n,). Sharp for each figure by itself.
    """
    is_open = np.array([not is_answer(tuple(one)) for one in values], dtype=np.bool_)
    named = sorted({value for one in values for value in one} - set(NOT_ANSWERED))
    found: list[Bounds] = []
    for name in named:
        inside = np.array([name in one for one in values], dtype=np.bool_)
        found.append(_ratio(attribute, name, y, p, inside, is_open))
        event = y == 1.0
        everybody = np.ones(y.size, dtype=np.bool_)
        found.append(_rate("prevalence", None, attribute, name, (event, everybody), inside, is_open))
        for threshold in thresholds:
            selected = p >= threshold
            for metric, hits, of in (
                ("selection_rate", selected, everybody),
                ("sensitivity", selected & event, event),
                ("ppv", selected & event, selected),
            ):
                found.append(_rate(metric, threshold, attribute, name, (hits, of), inside, is_open))
    return tuple(found)


def _rate(
    metric: str,
    threshold: float | None,
    attribute: str,
    name: str,
    counted: tuple[BoolArray, BoolArray],
    inside: BoolArray,
    is_open: BoolArray,
) -> Bounds:
    """A share is lowest when every open miss belongs to the group and no open hit does, and the reverse."""
    hits, of = counted
    known = _Share(int((hits & inside).sum()), int((of & inside).sum()))
    late = _Share(int((hits & is_open).sum()), int((of & is_open).sum()))
    misses = late.of - late.hits
    return Bounds(
        metric,
        attribute,
        name,
        threshold,
        _quotient(known.hits, known.of),
        _quotient(known.hits, known.of + misses) if known.of + misses else _quotient(late.hits, late.hits),
        _quotient(known.hits + late.hits, known.of + late.hits)
        if known.of + late.hits
        else _quotient(0, misses),
        int(is_open.sum()),
    )


def _ratio(
    attribute: str, name: str, y: FloatArray, p: FloatArray, inside: BoolArray, is_open: BoolArray
) -> Bounds:
    observed, expected = float(y[inside].sum()), float(p[inside].sum())
    late_y, late_p = y[is_open], p[is_open]
    value = observed / expected if expected > 0.0 else None
    low = _extreme(observed, expected, late_y, late_p, lowest=True)
    high = _extreme(observed, expected, late_y, late_p, lowest=False)
    return Bounds("o_e", attribute, name, None, value, low, high, int(is_open.sum()))


def _extreme(observed: float, expected: float, y: FloatArray, p: FloatArray, *, lowest: bool) -> float | None:
    """The extreme of observed over expected: people join in the order in which they move it most.

    A person moves the ratio towards their own y / p, so the best set holds those on one side of the result,
    which adding in order of y / p finds.
    """
    own = np.divide(y, p, out=np.where(y > 0, np.inf, 0.0), where=p > 0)
    order = np.argsort(own if lowest else -own, kind="stable")
    best = observed / expected if expected > 0.0 else None
    for row in order.tolist():
        observed, expected = observed + float(y[row]), expected + float(p[row])
        ratio = observed / expected if expected > 0.0 else None
        if ratio is not None and (best is None or (ratio < best if lowest else ratio > best)):
            best = ratio
    return best


def _quotient(hits: int, of: int) -> float | None:
    return hits / of if of else None
