"""The gate in front of a model: what is known about it for patients like this one, and what follows.

Pure functions over evaluation cells. The default policy never withholds: it adds caution when the evidence
for a group of the patient is missing or too small, or shows observed events off the expected number. To
withhold takes an explicit claim, or `when_thin`, in the model's manifest.

A claim is broken only when the data show it: the estimate lies outside the claimed limits, and its 95 %
interval either excludes `ideal` (where the claim names one) or lies wholly outside the limits. It is shown to
hold when the whole interval lies inside.
"""

from collections.abc import Iterable, Mapping, Sequence

from fairness.cells import ALL, OVERALL, Cell
from fairness.gate_gaps import NOT_ANSWERED, gap
from fairness.gate_records import Action, Claim, Clearance, Evidence, OnFail, Policy, Verdict
from fairness.gate_wording import evidence_text, group_label, line
from fairness.groups import ABSENT, Membership
from fairness.metric import Metric

__all__ = ["Action", "Claim", "Clearance", "Evidence", "Policy", "Verdict", "clear"]

_RANK: dict[Action, int] = {"serve": 0, "caution": 1, "withhold": 2}
# A version that is served although a claim keeps it from being loaded is served by an owner's override; where
# that does not reach, its score is withheld.
_FOLLOWS: dict[OnFail, Action] = {
    "serve": "serve", "caution": "caution", "withhold": "withhold", "do-not-load": "withhold",
}  # fmt: skip
_THIN: frozenset[Verdict] = frozenset({"insufficient", "no-cases", "not-collected"})


def clear(
    policy: Policy, cells: Iterable[Cell], memberships: Sequence[Membership], output: str | None = None
) -> Clearance:
    """What follows for one patient from the cells of the policy's data set.

    `memberships` are the patient's groups; `output` is the model's output in question (default: the
    policy's). Every group is judged for itself: there are no cells on intersections, so nothing is said
    about them.
    """
    wanted = (policy.dataset, output or policy.output)
    found = {(c.attribute, c.value): c for c in cells if (c.dataset, c.output) == wanted}
    bench = _Bench(policy, found)
    evidence = [bench.judge(OVERALL, ALL)]
    for attribute in policy.attributes:
        values = [group.value for group in memberships if group.attribute == attribute] or [ABSENT]
        evidence += bench.attribute(attribute, values)
    actions = [bench.action(one) for one in evidence]
    return Clearance(max(actions, key=_RANK.__getitem__), line(evidence), tuple(evidence))


class _Bench:
    """Judges groups by one policy and the cells that it names."""

    def __init__(self, policy: Policy, cells: Mapping[tuple[str, str], Cell]) -> None:
        self._policy = policy
        self._cells = cells

    def attribute(self, attribute: str, values: Sequence[str]) -> list[Evidence]:
        """Evidence on the patient's groups of one attribute."""
        if not self._groups(attribute):
            return [_without_cell(attribute, ALL, "not-collected")]
        return [
            _without_cell(attribute, value, "not-recorded")
            if value in NOT_ANSWERED
            else self.judge(attribute, value)
            for value in values
        ]

    def judge(self, attribute: str, value: str) -> Evidence:
        """Evidence on one group."""
        cell = self._cells.get((attribute, value))
        if cell is None:
            return _without_cell(attribute, value, "no-cases")
        broken = self._broken(cell)
        if self._is_small(cell):
            return _of_cell(cell, "insufficient")
        return _of_cell(cell, "off", broken[0]) if broken else _of_cell(cell, "in-line")

    def action(self, evidence: Evidence) -> Action:
        """What one piece of evidence asks for."""
        if evidence.verdict == "off":
            broken = self._broken(self._cells[evidence.attribute, evidence.value])
            return max((_FOLLOWS[claim.on_fail] for claim in broken), key=_RANK.__getitem__)
        if evidence.verdict in _THIN:
            return self._policy.when_thin
        # An unrecorded race must not pass more easily than a recorded one.
        if evidence.verdict == "not-recorded" and self._differs(evidence.attribute):
            return "caution"
        return "serve"

    def _groups(self, attribute: str) -> list[str]:
        return [value for name, value in self._cells if name == attribute and value not in NOT_ANSWERED]

    def _differs(self, attribute: str) -> bool:
        return any(self.judge(attribute, value).verdict == "off" for value in self._groups(attribute))

    def _is_small(self, cell: Cell) -> bool:
        concerned = _concerned(self._policy, cell)
        unmeasured = any(_metric(self._cells, cell, claim) is None for claim in concerned)
        return is_small(self._policy, cell) or unmeasured

    def _broken(self, cell: Cell) -> list[Claim]:
        return broken_claims(self._policy, self._cells, cell)


def is_small(policy: Policy, cell: Cell) -> bool:
    """Whether a cell has too few people, events or non-events to count as evidence."""
    return cell.n < policy.min_n or min(cell.events, cell.n - cell.events) < policy.min_events


def broken_claims(policy: Policy, cells: Mapping[tuple[str, str], Cell], cell: Cell) -> list[Claim]:
    """The claims that a cell with enough people shows to be broken."""
    if is_small(policy, cell):
        return []
    measured = ((claim, _metric(cells, cell, claim)) for claim in _concerned(policy, cell))
    return [claim for claim, metric in measured if metric is not None and is_broken(claim, metric)]


def keeps_claim(policy: Policy, cells: Mapping[tuple[str, str], Cell], cell: Cell, claim: Claim) -> bool:
    """Whether a cell with enough people shows that the claim holds: its whole interval lies inside."""
    metric = None if is_small(policy, cell) else _metric(cells, cell, claim)
    if metric is None or metric.low is None or metric.high is None:
        return False
    lowest, highest = claim.limits
    return lowest <= metric.low and metric.high <= highest


def is_broken(claim: Claim, metric: Metric) -> bool:
    """Whether the data show that the claim does not hold; a metric without an interval shows nothing."""
    if metric.value is None or metric.low is None or metric.high is None:
        return False
    lowest, highest = claim.limits
    if lowest <= metric.value <= highest:
        return False
    if claim.ideal is not None and not metric.low <= claim.ideal <= metric.high:
        return True
    return metric.high < lowest or metric.low > highest


def _concerned(policy: Policy, cell: Cell) -> list[Claim]:
    return [claim for claim in policy.claims if claim.concerns(cell.attribute, cell.value)]


def _metric(cells: Mapping[tuple[str, str], Cell], cell: Cell, claim: Claim) -> Metric | None:
    """The claim's metric, or difference, where there are enough people for it; None without."""
    if claim.margin is not None:
        found = gap(cells, cell, claim)
        # Everybody and the largest group have nothing to differ from, which is no lack of evidence.
        return found if found.state != "insufficient" else None
    try:
        metric = cell.metric(claim.metric, claim.threshold)
    except KeyError:
        return None
    return metric if metric.state == "ok" else None


def _without_cell(attribute: str, value: str, verdict: Verdict) -> Evidence:
    label = group_label(attribute, value)
    return Evidence(attribute, value, label, verdict, evidence_text(label, verdict, attribute))


def _of_cell(cell: Cell, verdict: Verdict, claim: Claim | None = None) -> Evidence:
    label = group_label(cell.attribute, cell.value)
    try:
        ratio = cell.metric("o_e")
    except KeyError:
        ratio = Metric("o_e", None, None, None, "undefined")
    text = evidence_text(label, verdict, cell.attribute, cell, ratio)
    return Evidence(cell.attribute, cell.value, label, verdict, text, cell.n, cell.events, ratio.value,
                    ratio.low, ratio.high, None if claim is None else claim.metric)  # fmt: skip
