"""What single entries of a file mean: texts that stand for nothing, values of groups, names of classes."""

import math
import re
from collections.abc import Iterable

import numpy as np

from fairness.groups import ABSENT

SEPARATOR = "|"
Answers = tuple[str, ...]
# As pandas, R, SAS and databases write a number that is not there; in lower case.
NO_NUMBER = ("", "na", "n/a", "nan", "null", "none", "<na>", "nat", ".")
# Of groups only what no group is called: "none" is an answer to many questions.
_NOT_RECORDED = frozenset({"", "NA", "N/A", "NaN", "nan", "NULL", "null", "<NA>", "NaT"})
_DECLINED = frozenset({"declined", "asked-declined", "asked, declined", "asku", "refused",
                       "declined to answer", "prefer not to say", "prefer not to answer"})  # fmt: skip
_UNKNOWN = frozenset({"unknown", "unk", "not known"})
_NO_ANSWER = frozenset({"declined", "unknown"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?")


def answers_of(entry: object) -> Answers:
    """The values of one entry of a group column, sorted.

    Nothing recorded (None, NaN, an empty text or list) is `absent`; that somebody declined to answer, and
    that it is not known, stay apart as `declined` and `unknown`, in any spelling, and count only where no
    other value is given beside them.
    """
    if isinstance(entry, str):
        found = {_value(part) for part in entry.split(SEPARATOR)}
    elif isinstance(entry, (list, tuple, np.ndarray)):
        found = {_value(part) for part in entry}
    else:
        found = {_value(entry)}
    values = {one for one in found if one is not None}
    return tuple(sorted(values - _NO_ANSWER or values)) or (ABSENT,)


def text_of(entry: object) -> str | None:
    """An entry as text, None where there is none; whole numbers without a fraction, so that 1.0 is 1."""
    if entry is None:
        return None
    if isinstance(entry, (float, np.floating)):
        number = float(entry)
        if math.isnan(number):
            return None
        return str(int(number)) if number.is_integer() else f"{number:g}"
    if isinstance(entry, (bool, np.bool_)):
        return str(bool(entry)).lower()
    text = str(entry).strip()
    return None if text in _NOT_RECORDED else text


def is_date(text: str) -> bool:
    """Whether a text is a calendar date, with or without a time."""
    return _DATE.fullmatch(text) is not None


def texts_of(entries: Iterable[object]) -> list[str | None]:
    """`text_of` of every entry."""
    return [text_of(entry) for entry in entries]


def _value(part: object) -> str | None:
    text = text_of(part)
    if text is None:
        return None
    plain = text.casefold()
    return "declined" if plain in _DECLINED else "unknown" if plain in _UNKNOWN else text
