"""How many days ago: the time from an entry's date to the index time."""

from collections.abc import Sequence
from datetime import date

from fhir_mapping.times import DateError, IndexTime, bounds

DAY_LENGTH = 10  # characters of YYYY-MM-DD; a shorter date leaves out the day


def days_since(
    dates: Sequence[str | None], index: IndexTime, first: bool
) -> tuple[float | None, int, str | None]:
    """Whole days from the latest (or first) of several dates to the index time, its position, and the reason
    when there is no saying.

    Dates are FHIR dates that count at the index time. A date without its day gives no number, and neither
    does one that could be the latest: `date-partial`. An entry without a date could be any: `date-missing`.
    """
    if not dates or any(one is None for one in dates):
        return None, 0, "date-missing"
    try:
        spans = [bounds(one or "", index.zone) for one in dates]
    except DateError as error:
        return None, 0, error.code
    chosen = (min if first else max)(range(len(spans)), key=lambda at: spans[at][0])
    start, end = spans[chosen]
    vague = [len(one or "") < DAY_LENGTH for one in dates]
    rival = any(is_vague and last > end for is_vague, (_, last) in zip(vague, spans, strict=True))
    if vague[chosen] or (rival and not first):
        return None, chosen, "date-partial"
    text = dates[chosen] or ""
    # Days of a calendar: a day on which clocks change is one day, whatever its hours.
    is_day = len(text) == DAY_LENGTH
    passed = index.today - date.fromisoformat(text) if is_day else index.moment - start
    return float(passed.days), chosen, None
