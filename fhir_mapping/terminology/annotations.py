"""Units without their annotations: what stands in braces has no meaning in UCUM, and laboratories write it as
they like."""

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Generic, NamedTuple, TypeVar

from fhir_mapping.terminology.ucum import Part, parts
from fhir_mapping.yamlfile import read_yaml

__all__ = ["LONGEST_UNIT", "Form", "Forms", "form"]

LONGEST_UNIT = 100
"""Characters of the longest text that is read as a unit and remembered: whatever else is sent is not."""

_T = TypeVar("_T")
_SHORT_MARK = 2
_LETTERS = re.compile(r"[^a-z0-9]+")


class Form(NamedTuple):
    """A unit as the product of its parts, without annotations and factors of 1, and the meanings that its
    annotations have all the same (`data/annotations.yaml`)."""

    parts: tuple[Part, ...]
    meanings: frozenset[str]


@lru_cache(maxsize=1024)
def form(unit: str) -> Form | None:
    """The form of a unit; None for what is no UCUM unit (case-sensitive codes)."""
    try:
        read = parts(unit)
    except ValueError:
        return None
    notes = [_LETTERS.sub("", part.text.casefold()) for part in read if part.text.startswith("{")]
    meanings = {
        name
        for name, marks in _telling().items()
        for note in notes
        if any(_tells(one, note) for one in marks)
    }
    left = sorted(part for part in read if part.text != "1" and not part.text.startswith("{"))
    return Form(tuple(left), frozenset(meanings))


def _tells(mark: str, note: str) -> bool:
    """Whether a note holds a mark; one of one or two letters has to be the whole note."""
    return mark in note if len(mark) > _SHORT_MARK else mark == note


@cache
def _telling() -> Mapping[str, tuple[str, ...]]:
    text = (resources.files("fhir_mapping") / "data" / "annotations.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = read_yaml(text)["telling"]
    return {name: tuple(marks) for name, marks in found.items()}


class Forms(Generic[_T]):
    """What accepted units mean, by their forms; made when it is asked for the first time.

    `units` are UCUM codes, `spellings` what laboratories write for them. Of a spelling that is made of
    annotations alone nothing is left but 1, and it counts as it is written only. A form that would mean two
    things means nothing.
    """

    __slots__ = ("_known", "_meanings", "_units")

    def __init__(self, meanings: Mapping[str, _T], units: Iterable[str]) -> None:
        self._meanings = meanings
        self._units = frozenset(units)
        self._known: dict[tuple[Form, bool], _T | None] | None = None

    def get(self, unit: str) -> _T | None:
        """The meaning of a unit that differs from an accepted one by annotations, None where none does."""
        if len(unit) > LONGEST_UNIT:
            return None
        if self._known is None:
            self._known = self._made()
        found = form(unit)
        return self._known.get((found, "{" in unit)) if found is not None else None

    def _made(self) -> dict[tuple[Form, bool], _T | None]:
        known: dict[tuple[Form, bool], _T | None] = {}
        for unit, meaning in self._meanings.items():
            found = form(unit)
            if found is None or (not found.parts and unit not in self._units):
                continue
            # A unit without braces is met by one with braces, and the other way about.
            for is_noted in (True, False) if "{" in unit else (True,):
                key = (found, is_noted)
                known[key] = meaning if known.setdefault(key, meaning) == meaning else None
        return known
