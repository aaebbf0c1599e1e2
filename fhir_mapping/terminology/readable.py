"""UCUM codes as people write them, for sentences and tables."""

import re

__all__ = ["readable_unit"]

_CUSTOMARY_UNIT = re.compile(r"\[([a-z]+)_[a-z]+\]")
_POWER_OF_TEN = re.compile(r"10[*^](\d+)")
_MICRO = re.compile(r"\bu(?=(?:L|l|g|mol|m)\b)")
_AREA = re.compile(r"(?<=m)[23]\b")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNIT_WORDS = {"1": "", "a": "years", "d/wk": "days a week", "Cel": "°C", "1/1000000{Base}": "per Mb"}


def readable_unit(ucum: str) -> str:
    """A UCUM code as people write it: `{mutations}/Mb` is `mutations/Mb`, `mm[Hg]` is `mmHg`."""
    if ucum in _UNIT_WORDS:
        return _UNIT_WORDS[ucum]
    text = _CUSTOMARY_UNIT.sub(r"\1", ucum)
    text = _POWER_OF_TEN.sub(lambda found: "10" + found[1].translate(_SUPERSCRIPTS), text)
    text = re.sub(r"[{}\[\]]", "", text.replace("1000000{Base}", "Mb")).replace("_", " ")
    return _MICRO.sub("µ", _AREA.sub(lambda found: found[0].translate(_SUPERSCRIPTS), text))
