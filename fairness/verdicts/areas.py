"""An area under the ROC curve against a value below it, also where few people had the event.

An area close to 1 and its DeLong variance depend on each other: where an area came out too high, its variance
came out too small, and "above the limit" was shown twice as often as it may be with twenty events. The
variance at the limit itself does not depend on the estimate.
"""

import math

from fairness.engine.agreement import Pivot

_STEPS = 30


def variance_at(value: float, events: int, non_events: int) -> float:
    """Variance of an area whose true value is `value`, in (0, 1).

    Source: Newcombe RG. Stat Med 2006;25:559-573, method 5, after Hanley JA, McNeil BJ. Radiology
    1982;143:29-36.
    """
    mean = (events + non_events) / 2.0 - 1.0
    spread = 1.0 + mean * (1.0 - value) / (2.0 - value) + mean * value / (1.0 + value)
    return value * (1.0 - value) * spread / (events * non_events)


def deviation_at(area: Pivot, value: float) -> float:
    """How many standard errors at `value` an area lies above it; `area.sizes` must be known."""
    if area.sizes is None or not 0.0 < value < 1.0:
        raise ValueError("area: no variance without the numbers of people, or outside 0 to 1")
    return (area.value - value) / math.sqrt(variance_at(value, *area.sizes))


def lower_at(area: Pivot, z: float) -> float:
    """The value that an area lies `z` > 0 of its standard errors above, by bisection."""
    low, high = 0.0, area.value
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if deviation_at(area, middle) > z else (low, middle)
    return low
