"""Check digits of codes: Mod 10 of LOINC, Verhoeff of SNOMED CT; they find a slip of the finger."""

import re
from itertools import accumulate, repeat

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"

_LOINC = re.compile(r"\d{1,7}-\d")
# Answers, answer lists, groups and parts have another scheme, which is not published with them.
_LOINC_OTHER = re.compile(r"L[AGLP]\d{1,7}-\d")
_SNOMED = re.compile(r"[1-9]\d{5,17}")
# The permutation of Verhoeff's scheme, applied once more for each place from the right.
_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def is_well_formed(code: str, system: str) -> bool:
    """Whether a LOINC or SNOMED CT code has its form and check digit; codes of other systems always pass."""
    if system == LOINC:
        is_term = _LOINC.fullmatch(code) is not None and _mod10(code)
        return is_term or _LOINC_OTHER.fullmatch(code) is not None
    if system == SNOMED:
        return _SNOMED.fullmatch(code) is not None and _verhoeff(code)
    return True


def _mod10(code: str) -> bool:
    digits, check = code.split("-")
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits)))
    return (sum(value // 10 + value % 10 for value in doubled) + int(check)) % 10 == 0


def _verhoeff(code: str) -> bool:
    turns = list(
        accumulate(repeat(_TURN, 7), lambda one, _: tuple(_TURN[i] for i in one), initial=tuple(range(10)))
    )
    total = 0
    for place, digit in enumerate(reversed(code)):
        total = _product(total, turns[place % 8][int(digit)])
    return total == 0


def _product(a: int, b: int) -> int:
    """Product in the dihedral group of order ten: 0 to 4 are rotations, 5 to 9 reflections."""
    turned = (a % 5 + b % 5) % 5 if a < 5 else (a % 5 - b % 5) % 5
    return turned if (a < 5) == (b < 5) else turned + 5
