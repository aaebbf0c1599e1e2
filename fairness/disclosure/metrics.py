"""Which metrics may be told when some counts are withheld: a rate tells its counts."""

from collections.abc import Collection, Iterable

from fairness.disclosure.table import EVENTS, NON_EVENTS, Cell, N
from fairness.engine.strata import Group

# A mean of few steps gives away how many people are off.
_STEPS = (N, "yes:accuracy", "no:accuracy", "yes:within_one", "no:within_one")
# Metric -> the counts that it is made of; those with @ are counts at the metric's threshold.
_MADE_OF = {
    "prevalence": (N, EVENTS, NON_EVENTS),
    "selection_rate": (N, "selected@", "not_selected@"),
    "sensitivity": (EVENTS, "tp@", "fn@"),
    "false_negative_rate": (EVENTS, "tp@", "fn@"),
    "specificity": (NON_EVENTS, "tn@", "fp@"),
    "false_positive_rate": (NON_EVENTS, "tn@", "fp@"),
    "ppv": ("selected@", "tp@", "fp@"),
    "npv": ("not_selected@", "tn@", "fn@"),
    "accuracy": (N, "tp@", "tn@", "fp@", "fn@"),
    "net_benefit": (N, "tp@", "fp@"),
    "interval_coverage": (N, "yes:interval_coverage", "no:interval_coverage"),
    "level_bias": _STEPS,
    "level_error": _STEPS,
    "weighted_kappa": _STEPS,
    "abstained_rate": ("people", "abstained"),
    "unmatured_rate": ("people", "unmatured"),
    "no_card_rate": ("people", "no_card", "card"),
    "within_one": (N, "yes:within_one", "no:within_one"),
}
# Of a class: those with it and those given it.
_OF_CLASS = {"sensitivity": ("right", "missed"), "ppv": ("given", "right", "wrong")}
_ANY_OTHER = (N, EVENTS, NON_EVENTS)


def is_published(metric: str, threshold: float | None, group: Group, hidden: Collection[Cell]) -> bool:
    """Whether a metric of a group may be told.

    A rate may when none of its counts is withheld, any other metric when people, events and non-events are
    told.
    """
    return not any(cell in hidden for cell in made_of(metric, threshold, group))


def made_of(metric: str, threshold: float | None, group: Group) -> tuple[Cell, ...]:
    """The counts that a metric of a group is made of."""
    kinds = _MADE_OF.get(metric, _ANY_OTHER)
    base, _, one = metric.partition(":")
    if one and base in ("auroc", "o_e"):
        kinds = (N, f"class:{one}", f"others:{one}")
    if one and base in _OF_CLASS:
        kinds = (N, f"class:{one}", *(f"{kind}:{one}" for kind in _OF_CLASS[base]))
    if metric == "accuracy" and threshold is None:
        kinds = (N, "yes:accuracy", "no:accuracy")
    suffix = "" if threshold is None else f"{threshold:g}"
    return tuple(Cell(f"{kind}{suffix}" if kind.endswith("@") else kind, group) for kind in kinds)


def published_metrics(
    names: Iterable[tuple[str, float | None]], group: Group, hidden: Collection[Cell]
) -> list[tuple[str, float | None]]:
    """The (metric, threshold) pairs of a group that may be told."""
    return [(name, at) for name, at in names if is_published(name, at, group, hidden)]
