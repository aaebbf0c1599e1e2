"""Claims as they are written on a command line.

auroc >= 0.7 by sex                     every group of sex, and everybody
sensitivity@0.1 >= 0.6                  everybody
o_e in 0.8..1.25 by race, sex*race      two sets of groups, and everybody
auroc gap < 0.05 by race                each group against everybody else
ppv@0.2 spread < 0.1 by age_band        the largest less the smallest group
"""

import math
import re

from fairness.errors import SampleError
from fairness.verdicts import Claim, GapClaim, LevelClaim, SpreadClaim

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_METRIC = rf"(?P<metric>[a-z_]+(?::[^\s@<>]+)?)\s*(?:@\s*(?P<threshold>{_NUMBER}))?"
_BY = r"(?:\s+by\s+(?P<by>\S.*?))?"
_LIMIT = re.compile(rf"{_METRIC}\s*(?P<sign>>=|<=)\s*(?P<limit>{_NUMBER}){_BY}")
_BETWEEN = re.compile(rf"{_METRIC}\s+in\s+(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER}){_BY}")
_GAP = re.compile(rf"{_METRIC}\s+(?P<kind>gap|spread)\s*<\s*(?P<margin>{_NUMBER})\s+by\s+(?P<by>\S.*?)")
REMEDY = (
    "write METRIC[@THRESHOLD] >= X [by ATTRIBUTE, ...], METRIC in LOW..HIGH [by ...], "
    "or METRIC gap|spread < X by ATTRIBUTE"
)
Crossing = tuple[str, ...]


def parse_claim(text: str) -> tuple[Claim, ...]:
    """The claims of one text; a gap or spread by several attributes is one claim each.

    Raises `SampleError` with the remedy for anything else, an unknown metric and a missing threshold.
    """
    line = text.strip()
    if found := _GAP.fullmatch(line):
        return tuple(_gap(found, crossing) for crossing in _crossings(text, found["by"]))
    if found := _LIMIT.fullmatch(line):
        limit = _number(text, found["limit"])
        is_least = found["sign"] == ">="
        return (_level(text, found, at_least=limit) if is_least else _level(text, found, at_most=limit),)
    if found := _BETWEEN.fullmatch(line):
        return (_level(text, found, between=(_number(text, found["low"]), _number(text, found["high"]))),)
    raise SampleError(f"claim {text!r}: not understood; {REMEDY}")


def _gap(found: re.Match[str], crossing: Crossing) -> Claim:
    kind = GapClaim if found["kind"] == "gap" else SpreadClaim
    return kind(
        metric=found["metric"],
        threshold=_threshold(found),
        attributes=crossing,
        margin=_number(found.string, found["margin"]),
    )


def _level(
    text: str,
    found: re.Match[str],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    between: tuple[float, float] | None = None,
) -> Claim:
    groups = _crossings(text, found["by"]) if found["by"] else ()
    return LevelClaim(
        metric=found["metric"],
        threshold=_threshold(found),
        crossings=((), *groups),
        at_least=at_least,
        at_most=at_most,
        between=between,
    )


def _crossings(text: str, by: str) -> tuple[Crossing, ...]:
    crossings = tuple(tuple(part.strip() for part in one.split("*")) for one in by.split(","))
    if not all(part for crossing in crossings for part in crossing):
        raise SampleError(f"claim {text!r}: an attribute after 'by' is empty; {REMEDY}")
    return crossings


def _threshold(found: re.Match[str]) -> float | None:
    return None if found["threshold"] is None else _number(found.string, found["threshold"])


def _number(text: str, digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise SampleError(f"claim {text!r}: {digits} is not a finite number")
    return number
