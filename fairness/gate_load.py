"""The gate before any patient is seen: may this version be loaded, and does its evaluation keep its claims?

The same answer serves the start of the service and continuous integration.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Literal

import msgspec

from fairness.cells import ALL, OVERALL, Cell
from fairness.gate import broken_claims, keeps_claim
from fairness.gate_gaps import NOT_ANSWERED, gap
from fairness.gate_records import Claim, OnFail, Policy
from fairness.gate_wording import group_label
from fairness.groups import ATTRIBUTES

Outcome = Literal["pass", "fail", "insufficient evidence"]
EXIT_CODES: dict[Outcome, int] = {"pass": 0, "fail": 1, "insufficient evidence": 3}


class Finding(msgspec.Struct, frozen=True):
    """What the evaluation says to one claim about one group, and what follows when it is broken."""

    claim: Claim
    attribute: str
    value: str
    outcome: Outcome
    on_fail: OnFail
    text: str


class Examination(msgspec.Struct, frozen=True):
    """Every finding, and whether the version may be loaded; `refusal` says why not."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    refusal: str | None = None

    @property
    def exit_code(self) -> int:
        """0: every claim holds; 1: one is broken; 3: the evidence does not suffice."""
        return EXIT_CODES[self.outcome]


def examine(policy: Policy, cells: Iterable[Cell], today: date) -> Examination:
    """Judge every claim of a policy by the cells of its data set.

    "Pass" takes figures with enough people inside the limits; an override never turns a failure into one, but
    one that holds on `today` lets a version load that its claims would keep out.
    """
    found = {
        (c.attribute, c.value): c for c in cells if (c.dataset, c.output) == (policy.dataset, policy.output)
    }
    findings = tuple(_findings(policy, found))
    outcomes = {finding.outcome for finding in findings}
    outcome: Outcome = "insufficient evidence"
    if "fail" in outcomes:
        outcome = "fail"
    elif outcomes == {"pass"}:
        outcome = "pass"
    return Examination(outcome, findings, _refusal(policy, findings, today))


def policy_problems(policy: Policy, cells: Iterable[Cell]) -> Iterator[tuple[str, str]]:
    """Field and remedy for every name in a policy that neither this project nor the evaluation knows.

    Only a complete evaluation can tell about a model's own attributes; without cells none is a problem. The
    monitor knows no attributes but those that the service records with every prediction.
    """
    for attribute in policy.monitor.attributes if policy.monitor else ():
        if attribute not in ATTRIBUTES:
            yield "fairness.monitor.attributes", _unknown(attribute, ATTRIBUTES)
    all_cells = tuple(cells)
    if not all_cells:
        return
    own = {cell.attribute for cell in all_cells}
    known = own | set(ATTRIBUTES)
    for attribute in policy.attributes:
        if attribute not in known:
            yield "fairness.attributes", _unknown(attribute, known)
    for at, claim in enumerate(policy.claims):
        for name in claim.groups:
            attribute, given, value = name.partition("=")
            field = f"fairness.claims[{at}].groups"
            if attribute != OVERALL and attribute not in known:
                yield field, _unknown(attribute, known)
            elif given and attribute not in ATTRIBUTES and value not in _values(all_cells, attribute):
                values = ", ".join(sorted(_values(all_cells, attribute)))
                yield field, f"`{value}` is not a value of {attribute}; use one of: {values}"
    if policy.dataset not in {cell.dataset for cell in all_cells}:
        datasets = ", ".join(sorted({cell.dataset for cell in all_cells}))
        yield "fairness.dataset", f"`{policy.dataset}` is not in evaluation.json; use one of: {datasets}"


def _values(cells: Iterable[Cell], attribute: str) -> set[str]:
    return {cell.value for cell in cells if cell.attribute == attribute}


def _unknown(attribute: str, known: Iterable[str]) -> str:
    return f"`{attribute}` is no group attribute; use one of: {', '.join(sorted(known))}"


def _findings(policy: Policy, found: Mapping[tuple[str, str], Cell]) -> Iterator[Finding]:
    attributes = (OVERALL, *policy.attributes)
    judged = [
        cell
        for (attribute, value), cell in found.items()
        if attribute in attributes and value not in NOT_ANSWERED
    ]
    for claim in policy.claims:
        concerned = [cell for cell in judged if claim.concerns(cell.attribute, cell.value)]
        for cell in concerned:
            # Everybody and the largest group have nothing to differ from.
            if claim.margin is None or gap(found, cell, claim).state != "undefined":
                yield _finding(policy, found, cell, claim)
        for attribute, _, value in (name.partition("=") for name in claim.groups):
            if value and (attribute, value) not in found and any(c.attribute == attribute for c in judged):
                text = f"{group_label(attribute, value)}: not in the evaluation"
                yield Finding(claim, attribute, value, "insufficient evidence", claim.on_fail, text)
        for attribute in attributes:
            if not any(cell.attribute == attribute for cell in judged) and _is_about(claim, attribute):
                text = f"{group_label(attribute, ALL)}: not in the evaluation"
                yield Finding(claim, attribute, ALL, "insufficient evidence", claim.on_fail, text)


def _is_about(claim: Claim, attribute: str) -> bool:
    return not claim.groups or attribute in {name.partition("=")[0] for name in claim.groups}


def _finding(policy: Policy, found: Mapping[tuple[str, str], Cell], cell: Cell, claim: Claim) -> Finding:
    label = group_label(cell.attribute, cell.value)
    outcome: Outcome = "insufficient evidence"
    if claim in broken_claims(policy, found, cell):
        outcome = "fail"
    elif keeps_claim(policy, found, cell, claim):
        outcome = "pass"
    text = f"{label}: {claim.metric} of {cell.n:,} people: {outcome}"
    return Finding(claim, cell.attribute, cell.value, outcome, claim.on_fail, text)


def _refusal(policy: Policy, findings: Iterable[Finding], today: date) -> str | None:
    failed = [one for one in findings if one.outcome == "fail" and one.on_fail == "do-not-load"]
    if not failed:
        return None
    override = policy.override
    if override is not None and today <= override.until and not override.groups:
        return None
    groups = ", ".join(f"{group_label(one.attribute, one.value)} ({one.claim.metric})" for one in failed)
    expired = ""
    if override is not None and today > override.until:
        expired = f"; the override of {override.owner} ended on {override.until}"
    return f"the fairness policy forbids it: declared performance not reached for {groups}{expired}"
