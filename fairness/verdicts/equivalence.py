"""Equivalence: is the gap of two groups shown to lie inside the margin, or shown to lie beyond it?

Two one-sided tests (Schuirmann DJ. J Pharmacokinet Biopharm 1987;15:657-680): equivalence is shown at alpha
when both reject, the same as the 1 - 2 alpha interval lying inside the margin.
"""

import math
from collections.abc import Callable

from fairness.engine.agreement import Pivot
from fairness.engine.estimates import Pivots, Shares, Sides, normal_scale, scale_of
from fairness.engine.rates import Share
from fairness.engine.row_sample import AREAS, base_name
from fairness.errors import SampleError
from fairness.verdicts.areas import lower_at
from fairness.verdicts.exact import one_sided

_WIDEST = 40.0


def within(sides: Sides, reach: float, metric: str = "") -> float:
    """P value for "the gap is at least `reach`"; small when the groups are shown to be equivalent.

    `reach` > 0 is a margin on the scale of the estimates, see `reach_of`. The level for shares comes from the
    hybrid score interval with continuity correction, which keeps it at or below the nominal one in small
    groups; for areas (`metric` an AUROC or a concordance) from two intervals on the log odds, put together
    in the same way.
    """
    return max(above(sides, -reach, metric), above(_swapped(sides), -reach, metric))


def beyond(sides: Sides, reach: float, metric: str = "") -> float:
    """P value for "the gap is at most `reach`, in either direction"; small when it is shown to be larger."""
    return min(1.0, 2.0 * min(above(sides, reach, metric), above(_swapped(sides), reach, metric)))


def reach_of(metric: str, margin: float) -> float:
    """The margin as a distance from equality on the metric's own scale: log(margin) for O/E."""
    least = 1.0 if scale_of(metric) == "ratio" else 0.0
    if not (math.isfinite(margin) and margin > least):
        raise SampleError(f"{metric}: a margin of {margin} is not above {least:g}")
    return math.log(margin) if least else margin


def above(sides: Sides, bound: float, metric: str = "") -> float:
    """p value for "the gap a - b is at most the bound"; small when it is shown to be larger."""
    if isinstance(sides, Shares):
        a, b = sides
        gap = a.hits / a.of - b.hits / b.of
        return one_sided(_z(gap, bound, lambda z: lower_limit(a, b, z), lambda z: lower_limit(b, a, z)))
    one, other = sides
    if base_name(metric) in AREAS and 0.0 < one.value < 1.0 and 0.0 < other.value < 1.0:
        gap = one.value - other.value
        return one_sided(
            _z(gap, bound, lambda z: lower_area(one, other, z), lambda z: lower_area(other, one, z))
        )
    return one_sided((sides.gap.value - bound) / sides.gap.error)


def _z(gap: float, bound: float, lower: Callable[[float], float], swapped: Callable[[float], float]) -> float:
    """The z at which the lower limit of the gap meets the bound; negative when the gap is below it, and then
    found from the limits of the gap the other way round."""
    if gap <= bound:
        return 0.0 if gap == bound else -_z(-gap, -bound, swapped, lower)
    low, high = 0.0, _WIDEST
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if lower(middle) > bound else (low, middle)
    return low


def _swapped(sides: Sides) -> Sides:
    return Shares(sides.b, sides.a) if isinstance(sides, Shares) else Pivots(sides.b, sides.a)


def lower_area(a: Pivot, b: Pivot, z: float) -> float:
    """Lower limit of the difference of two areas in (0, 1) at z standard errors.

    The limits of each on the log odds, squared and added (Zou GY, Donner A. Stat Med 2008;27:1693-1702): the
    plain Wald limit takes the spread at the estimates for that at the bound, and shows equivalence too often.
    So do log odds where few had the event, see `fairness.verdicts.areas`; the lower of both limits counts.
    """
    least = _on_log_odds(a, -z)
    if a.sizes is not None and z > 0.0:
        least = min(least, lower_at(a, z))
    down = a.value - least
    up = _on_log_odds(b, z) - b.value
    return a.value - b.value - math.hypot(down, up)


def _on_log_odds(area: Pivot, z: float) -> float:
    there = normal_scale("auroc", area)
    return 1.0 / (1.0 + math.exp(-(there.value + z * there.error)))


def lower_limit(a: Share, b: Share, z: float) -> float:
    """Lower limit of the difference a - b at z standard errors, with continuity correction.

    Newcombe's method 11 (Stat Med 1998;17:873-890): square and add two Wilson intervals.
    """
    one, other = a.hits / a.of, b.hits / b.of
    down = one - corrected_wilson(a, z)[0]
    up = corrected_wilson(b, z)[1] - other
    return one - other - math.hypot(down, up)


def corrected_wilson(part: Share, z: float) -> tuple[float, float]:
    """Wilson's interval with continuity correction at z standard errors.

    Source: Newcombe RG. Stat Med 1998;17:857-872, method 4.
    """
    n, p = part.of, part.hits / part.of
    scale = 2.0 * (n + z * z)
    low = 0.0
    if part.hits > 0:
        root = max(0.0, z * z - 2.0 - 1.0 / n + 4.0 * p * (n * (1.0 - p) + 1.0))
        low = max(0.0, (2.0 * n * p + z * z - 1.0 - z * math.sqrt(root)) / scale)
    high = 1.0
    if part.hits < n:
        root = max(0.0, z * z + 2.0 - 1.0 / n + 4.0 * p * (n * (1.0 - p) - 1.0))
        high = min(1.0, (2.0 * n * p + z * z + 1.0 + z * math.sqrt(root)) / scale)
    return low, high
