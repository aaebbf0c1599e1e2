"""Resources that the strict form was made to accept, with every element it knows and the oddest values that
fit."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import inspect
from mutants import DATES, NUMBERS, TEXTS, as_text

from fhir_mapping.validation.primitives import has_odd_space

Choose = Callable[[Sequence[Any]], Any]


def specimen(struct: type[msgspec.Struct], choose: Choose, richness: int = 4) -> dict[str, Any]:
    """A resource or data type with what must be there and one in `richness` of its other elements."""
    return _object(inspect.type_info(struct), choose, richness)


def _object(info: inspect.StructType, choose: Choose, richness: int) -> dict[str, Any]:
    made: dict[str, Any] = {info.tag_field: info.tag} if info.tag_field else {}
    for field in _one_of_each_choice(info, choose):
        if field.required or isinstance(field.default, tuple) or choose(range(richness)) == 0:
            made[field.encode_name] = _value(field.type, choose, richness + 2)
    return made


def _one_of_each_choice(info: inspect.StructType, choose: Choose) -> list[inspect.Field]:
    choices: dict[str, list[inspect.Field]] = {}
    for field in info.fields:
        if isinstance(field.default, tuple):
            choices.setdefault(field.default[0], []).append(field)
    chosen = [choose(members) for members in choices.values()]
    return [field for field in info.fields if not isinstance(field.default, tuple)] + chosen


def _value(info: inspect.Type, choose: Choose, richness: int) -> Any:
    match info:
        case inspect.StructType():
            return _object(info, choose, richness)
        case inspect.ListType():
            return [_value(info.item_type, choose, richness) for _ in range(choose((0, 1, 1, 2)))]
        case inspect.StrType():
            return choose(_texts(info.pattern or "", info.min_length or 0, info.max_length or 10**6))
        case inspect.BoolType():
            return choose((True, False))
        case inspect.IntType():
            return choose([n for n in NUMBERS if isinstance(n, int) and info.ge <= n <= info.le])
        case inspect.FloatType():
            return choose([n for n in NUMBERS if info.ge <= n <= info.le])
    raise AssertionError(info)


_TEXTS = [text for text in DATES + TEXTS if text != "\ud800" and not has_odd_space(as_text(text))]


def _texts(pattern: str, least: int, most: int) -> list[str]:
    return [text for text in _TEXTS if least <= len(text) <= most and re.search(pattern, text)]
