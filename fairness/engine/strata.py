"""Which groups a set of strata holds, and which strata belong to a group."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from fairness.engine.columns import Stratum
from fairness.errors import GroupError
from fairness.groups import Membership

Group = tuple[Membership, ...]


def groups_of(
    attributes: Sequence[str], strata: Sequence[Stratum], crossings: Sequence[Sequence[str]] = ()
) -> list[Group]:
    """Everybody, then each value of each attribute (sorted), then the intersections that occur.

    `crossings` names the attributes to cross, such as `[("sex", "race")]`. Raises `GroupError` for an
    attribute without a column.
    """
    found: list[Group] = [()]
    for crossed in (*((attribute,) for attribute in attributes), *map(tuple, crossings)):
        at = [_position(attributes, attribute) for attribute in crossed]
        combinations = {combo for stratum in strata for combo in product(*(stratum[i] for i in at))}
        found += [tuple(map(Membership, crossed, combo)) for combo in sorted(combinations)]
    return found


def inside(attributes: Sequence[str], strata: Sequence[Stratum], group: Group) -> npt.NDArray[np.bool_]:
    """Which strata (strata,) belong to a group.

    Raises `GroupError` for an attribute without a column.
    """
    wanted = [(_position(attributes, member.attribute), member.value) for member in group]
    flags = [all(value in stratum[at] for at, value in wanted) for stratum in strata]
    return np.array(flags, dtype=np.bool_)


def attribute_name(group: Group) -> str:
    """`overall`, `sex`, or `sex × race` for an intersection."""
    return " × ".join(member.attribute for member in group) or "overall"


def value_name(group: Group) -> str:
    """`all`, `female`, or `female × asian` for an intersection."""
    return " × ".join(member.value for member in group) or "all"


def _position(attributes: Sequence[str], attribute: str) -> int:
    if attribute not in attributes:
        raise GroupError(f"{attribute!r} has no column; there are {', '.join(attributes) or 'none'}")
    return list(attributes).index(attribute)
