"""Claims as sentences."""

from fairness.engine.estimates import scale_of
from fairness.report.names import at_threshold
from fairness.verdicts import Claim, GapClaim, LevelClaim

NO_CLAIM = "nothing was claimed; the largest gap is set against that among equal groups"


def claim_sentence(claim: Claim) -> str:
    """`sensitivity at 0.2 is at least 0.7 in every group of sex`."""
    metric = at_threshold(claim.metric, claim.threshold)
    left_out = f", leaving out {', '.join(claim.leave_out)}" if claim.leave_out else ""
    if isinstance(claim, LevelClaim):
        return f"{metric} {_limits(claim)} {_where(claim)}{left_out}"
    factor = "a factor of " if scale_of(claim.metric) == "ratio" else ""
    between = (
        "each group and everybody else differ" if isinstance(claim, GapClaim) else "any two groups differ"
    )
    return (
        f"{metric}: {between} by less than {factor}{claim.margin:g}, by {_joined(claim.attributes)}{left_out}"
    )


def _limits(claim: LevelClaim) -> str:
    if claim.at_least is not None:
        return f"is at least {claim.at_least:g}"
    if claim.at_most is not None:
        return f"is at most {claim.at_most:g}"
    low, high = claim.limits
    return f"is between {low:g} and {high:g}"


def _where(claim: LevelClaim) -> str:
    groups = [_joined(crossing) for crossing in claim.crossings if crossing]
    told = ["among everybody"] if () in claim.crossings else []
    if groups:
        told.append(f"in every group of {', '.join(groups)}")
    return " and ".join(told)


def _joined(attributes: tuple[str, ...]) -> str:
    return " × ".join(attributes)
