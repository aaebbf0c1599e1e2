"""Which reason is told when several values could not be used."""

# Of several reasons why nothing was found, the one nearest to a usable value is told.
_REASONS = (
    "not-recorded",
    "other-subject",
    "not-coded",
    "product-unknown",
    "health-unknown",
    "after-index-time",
    "date-missing",
    "date-format",
    "date-without-zone",
    "status-not-accepted",
    "status-unknown",
    "stale",
    "date-partial",
    "ambiguous",
    "detail-missing",
    "onset-unknown",
    "not-answered",
    "several-answers",
    "invalid-resource",
    "no-value",
    "answer-not-listed",
    "censored",
    "unit-missing",
    "unit-not-accepted",
    "unit-conflict",
    "out-of-range",
    "not-comparable",
    "named-in-words",
)
NEARNESS = {reason: rank for rank, reason in enumerate(_REASONS)}
# Findings about a value that somebody should hear of, even when an older value was used instead.
TOLD = frozenset(_REASONS) - {"not-recorded", "after-index-time", "stale", "status-not-accepted"}


def nearer(told: str, reason: str) -> str:
    """The one of two reasons that is nearer to a usable value."""
    return reason if NEARNESS[reason] > NEARNESS[told] else told
