"""Decisions about a model version that stand when a patient is seen: the monitor's and named owners'.

The monitor only ever makes the gate stricter. A named owner may also make it more lenient, for groups or for
everybody, until a day. Decisions are data; where they are kept is not known here.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

import msgspec

from fairness.cells import ALL
from fairness.gate_records import CROSS, LONGEST_OVERRIDE, Action, Clearance, Policy
from fairness.gate_wording import LONGEST, group_label
from fairness.groups import Membership

RANK: dict[Action, int] = {"serve": 0, "caution": 1, "withhold": 2}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that may stand: for the groups named (`race` or `race=asian`; none: everybody), before
    `until`.

    `until` is aware, None for "until lifted".
    """

    action: Action
    source: Literal["monitor", "override"]
    reason: str
    groups: tuple[str, ...] = ()
    owner: str | None = None
    until: datetime | None = None

    def holds(self, memberships: Sequence[Membership], at: datetime) -> bool:
        """Whether it stands at a moment for a patient of these groups."""
        if self.until is not None and at >= self.until:
            return False
        mine = set(memberships)
        return not self.groups or any(_is_in(name, mine) for name in self.groups)


def settled(
    clearance: Clearance, standing: Iterable[Standing], memberships: Sequence[Membership], at: datetime
) -> Clearance:
    """The gate's word with the decisions that stand for this patient at `at` (aware).

    The strictest decision of a named owner stands in place of everything else; without one, the monitor's
    where it is stricter than the evaluation. The evidence stays as it is.
    """
    holding = [one for one in standing if one.holds(memberships, at)]
    owned = [one for one in holding if one.source == "override"]
    if owned:
        return _instead(clearance, _strictest(owned))
    if not holding:
        return clearance
    found = _strictest(holding)
    return clearance if RANK[found.action] < RANK[clearance.action] else _instead(clearance, found)


def declared(policy: Policy) -> tuple[Standing, ...]:
    """The override that a manifest declares; its last day ends at midnight UTC."""
    override = policy.override
    if override is None:
        return ()
    until = datetime.combine(override.until, time(), UTC) + timedelta(days=1)
    return (
        Standing(
            action=override.action,
            source="override",
            reason=override.reason,
            groups=override.groups,
            owner=override.owner,
            until=until,
        ),
    )


def standing_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Standing, ...]:
    """Decisions as a ledger keeps them (oldest first, as plain values) without those that were lifted."""
    lifted = {row["lifts"] for row in rows if row["action"] == "lift"}
    return tuple(
        Standing(
            action=row["action"],
            source=row["source"],
            reason=row["reason"],
            groups=tuple(_name(group["attribute"], group["value"]) for group in row["groups"]),
            owner=row["owner"],
            until=_end(row),
        )
        for row in rows
        if row["action"] in RANK and row["source"] != "load" and row["digest"] not in lifted
    )


def _end(row: Mapping[str, Any]) -> datetime | None:
    """When a decision ends; an override of before there was a longest one, when that is over."""
    if row["expires_at"] is None:
        return None
    end = datetime.fromisoformat(row["expires_at"])
    if row["source"] != "override":
        return end
    return min(end, datetime.fromisoformat(row["decided_at"]) + LONGEST_OVERRIDE + timedelta(days=1))


def _name(attribute: str, value: str) -> str:
    return attribute if value == ALL else f"{attribute}={value}"


def _is_in(name: str, memberships: Set[Membership]) -> bool:
    """Whether a patient is in a group; an intersection is `sex × race=female × asian`."""
    attribute, given, value = name.partition("=")
    if not given:
        mine = {group.attribute for group in memberships}
        return mine.issuperset(attribute.split(CROSS))
    parts = zip(attribute.split(CROSS), value.split(CROSS), strict=True)
    return all(Membership(*part) in memberships for part in parts)


def _strictest(found: Sequence[Standing]) -> Standing:
    return max(found, key=lambda one: RANK[one.action])


def _instead(clearance: Clearance, found: Standing) -> Clearance:
    if found.action == "serve":
        return msgspec.structs.replace(clearance, action="serve")
    who = "monitoring of this model" if found.source == "monitor" else f"decision of {found.owner}"
    groups = ", ".join(_label(name) for name in found.groups)
    scope = f" for {groups}" if groups else ""
    # The last day on which it holds, which an end at midnight belongs to no more.
    until = f", until {found.until - timedelta(seconds=1):%Y-%m-%d}" if found.until else ""
    text = f"By {who}{scope}{until}: {found.reason}"
    line = text if len(text) <= LONGEST else f"{text[: LONGEST - 3].rsplit(' ', 1)[0]} …"
    return msgspec.structs.replace(clearance, action=found.action, line=line)


def _label(name: str) -> str:
    attribute, _, value = name.partition("=")
    if CROSS in attribute:
        return value.replace("-", " ")
    return group_label(attribute, value or ALL)
