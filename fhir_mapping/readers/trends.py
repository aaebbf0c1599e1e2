"""The trend of a number: least squares through its values over time."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from fhir_mapping.times import bounds

_YEAR_S = 365.25 * 86_400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Slope = tuple[float | None, str | None]


def slope_per_year(dates: Sequence[str], values: Sequence[float], points: int, zone: tzinfo) -> Slope:
    """Slope of the values in their unit per year of 365.25 days, or None and the reason why there is none.

    Ordinary least squares; values of the same time are averaged first and are one point. Dates are FHIR
    dates with a day, which stands for its beginning in `zone`. Reasons: `too-few-values` for fewer than
    `points` times, `undefined` when the numbers are too large. Raises DateError.
    """
    at_time: dict[float, list[float]] = {}
    for date, value in zip(dates, values, strict=True):
        at_time.setdefault((bounds(date, zone)[0] - _EPOCH).total_seconds(), []).append(value)
    if len(at_time) < points:
        return None, "too-few-values"
    return _least_squares(sorted((when, _mean(found)) for when, found in at_time.items()))


def _least_squares(line: Sequence[tuple[float, float]]) -> Slope:
    try:
        middle, level = _mean([when for when, _ in line]), _mean([value for _, value in line])
        years = [(when - middle) / _YEAR_S for when, _ in line]
        shared = math.fsum(x * (value - level) for x, (_, value) in zip(years, line, strict=True))
        slope = shared / math.fsum(x * x for x in years)
    except (OverflowError, ValueError):
        return None, "undefined"
    return (slope, None) if math.isfinite(slope) else (None, "undefined")


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers)
