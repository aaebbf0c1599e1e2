"""Groups and metrics in plain words."""

from fairness.engine import Group
from fairness.errors import GroupError
from fairness.gate_gaps import NOT_ANSWERED
from fairness.groups import ABSENT, attribute_label, label

EVERYBODY = "Everybody"
_NOT_RECORDED = "Not recorded"


def group_label(group: Group) -> str:
    """`Female`, `Female, Asian`; a value of an attribute that is not defined here is its own label."""
    return ", ".join(_label(member.attribute, member.value) for member in group) or EVERYBODY


def attribute_title(attributes: tuple[str, ...]) -> str:
    """`Sex`, `Sex × Race`; an attribute that is not defined here is its own title."""
    return " × ".join(map(_title, attributes)) or EVERYBODY


def at_threshold(metric: str, threshold: float | None) -> str:
    """`auroc`, `sensitivity at 0.2`."""
    return metric if threshold is None else f"{metric} at {threshold:g}"


def _label(attribute: str, value: str) -> str:
    if value == ABSENT:
        return _NOT_RECORDED
    try:
        return label(attribute, value)
    except GroupError:
        return label("race", value) if value in NOT_ANSWERED else value


def _title(attribute: str) -> str:
    try:
        return attribute_label(attribute)
    except GroupError:
        return attribute
