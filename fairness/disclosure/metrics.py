"""Which metrics may be told when some counts are withheld: a rate tells its counts."""

from collections.abc import Collection, Iterable

from fairness.disclosure.table import EVENTS, NON_EVENTS, Cell, N
from fairness.engine.strata import Group

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
}
_ANY_OTHER = (N, EVENTS, NON_EVENTS)


def is_published(metric: str, threshold: float | None, group: Group, hidden: Collection[Cell]) -> bool:
    """Whether a metric of a group may be told.

    A rate may when none of its counts is withheld, any other metric when people, events and non-events are
    told.
    """
    made_of = _MADE_OF.get(metric, _ANY_OTHER)
    suffix = "" if threshold is None else f"{threshold:g}"
    return not any(
        Cell(f"{kind}{suffix}" if kind.endswith("@") else kind, group) in hidden for kind in made_of
    )


def published_metrics(
    names: Iterable[tuple[str, float | None]], group: Group, hidden: Collection[Cell]
) -> list[tuple[str, float | None]]:
    """The (metric, threshold) pairs of a group that may be told."""
    return [(name, at) for name, at in names if is_published(name, at, group, hidden)]
