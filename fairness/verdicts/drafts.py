"""What the verdicts of an audit are made from before they are adjusted for each other."""

from typing import NamedTuple

from fairness.engine.row_sample import RowGroup, RowSample
from fairness.engine.strata import Group
from fairness.engine.tally import GroupTally, Tally
from fairness.errors import GroupError
from fairness.metric import Sufficiency
from fairness.verdicts.claims import Verdict
from fairness.verdicts.needed import Needed, to_count


class Rules(NamedTuple):
    """How every claim of an audit is judged."""

    alpha: float
    limits: Sufficiency
    draws: int
    seed: int


class Draft(NamedTuple):
    """A verdict without its outcome; `outside`: the estimate itself is beyond the claimed limits."""

    verdict: Verdict
    outside: bool = False


def groups_of_claim(
    tally: Tally | RowSample, attributes: tuple[str, ...], leave_out: tuple[str, ...]
) -> list[Group]:
    """The groups of an attribute or intersection; () gives everybody.

    Raises `GroupError` for an attribute that was not tallied, and when no group is left: a claim about nobody
    would otherwise hold.
    """
    if not attributes:
        return [()]
    found = dict.fromkeys(tally.groups([attributes]))
    wanted = [
        members
        for members in found
        if tuple(member.attribute for member in members) == attributes
        and not any(member.value in leave_out for member in members)
    ]
    if not wanted:
        raise GroupError(f"claim: no group of {' × '.join(attributes)} is left to judge")
    return wanted


def lacking(group: GroupTally | RowGroup, rules: Rules) -> Needed | None:
    """What a group needs to count as evidence."""
    return to_count(group.n, group.events, rules.limits)
