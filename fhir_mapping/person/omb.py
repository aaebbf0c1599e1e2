"""Race and ethnicity as the Office of Management and Budget groups them, in 1997 and in 2024.

Answers are sets: a person may give several, and each counts. Nothing is guessed from text, from the other
question, or from a part of an answer. The rule that was applied is `RULE`.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from fhir_mapping.yamlfile import read_yaml

OMB = "urn:oid:2.16.840.1.113883.6.238"
DECLINED, UNKNOWN, ABSENT = "declined", "unknown", "absent"
_NOT_GIVEN = {"ASKU": DECLINED, "asked-declined": DECLINED, "UNK": UNKNOWN}

Runs = Mapping[str, tuple[tuple[int, int], ...]]


@cache
def _table() -> Mapping[str, Any]:
    text = (files("fhir_mapping") / "data" / "race-rollup.yaml").read_text(encoding="utf-8")
    table: Mapping[str, Any] = read_yaml(text)
    return table


@cache
def _runs(name: str) -> Runs:
    return {
        category: tuple((run["from"], run["to"]) for run in runs) for category, runs in _table()[name].items()
    }


RULE: str = _table()["rule"]
"""Name of the roll-up rule, for the record of an audit."""


def race_1997(codes: Collection[str]) -> frozenset[str]:
    """OMB race codes (`2106-3`, ...) of a person's codes, detailed ones rolled up; may be empty.

    A detailed code counts as its category, so that "Filipino" alone is an answer to the race question.
    """
    return _rolled(codes, "race_1997")


def ethnicity_1997(codes: Collection[str]) -> frozenset[str]:
    """OMB ethnicity codes (`2135-2`, `2186-5`) of a person's codes, detailed ones rolled up; may be empty."""
    return _rolled(codes, "ethnicity_1997")


def combined_2024(race: Collection[str], ethnicity: Collection[str]) -> frozenset[str]:
    """Categories of the combined question of 2024, of the codes of both questions; may be empty.

    A person recorded as White alone, without detail, stays White: nobody can tell from that record who would
    have ticked Middle Eastern or North African.
    """
    found = _rolled((*race, *ethnicity), "combined_2024")
    # The category code 2106-3 beside detailed Middle Eastern answers only is their roll-up, no other answer.
    if "middle-eastern-or-north-african" in found and not _has_white_detail(race):
        found -= {"white"}
    return found


def not_given(codes: Iterable[str], said_something: bool) -> str:
    """Why there is no answer: `declined` before `unknown`; `absent` when the record says nothing at all.

    Text without a code is `unknown`: something was recorded, and nobody can tell what.
    """
    kinds = {_NOT_GIVEN[code] for code in codes if code in _NOT_GIVEN}
    if DECLINED in kinds:
        return DECLINED
    return UNKNOWN if kinds or said_something else ABSENT


def _rolled(codes: Iterable[str], name: str) -> frozenset[str]:
    runs = _runs(name)
    numbers = [number for number in map(_number, codes) if number is not None]
    return frozenset(
        category
        for category, spans in runs.items()
        if any(low <= number <= high for number in numbers for low, high in spans)
    )


def _has_white_detail(race: Iterable[str]) -> bool:
    return any(
        number is not None and number != 2106 and low <= number <= high
        for number in map(_number, race)
        for low, high in _runs("combined_2024")["white"]
    )


def _number(code: str) -> int | None:
    """Number of a code with a right form, `2106` of `2106-3`; None for any other text."""
    head, hyphen, check = code.partition("-")
    plain = hyphen and head.isascii() and head.isdigit() and len(head) == 4 and len(check) == 1
    return int(head) if plain and check.isdigit() else None
