"""What codes are called, and whether words say surely that something is another thing than a list of codes.

There is no terminology server inside, and free text has brand names, abbreviations and negations. So words
are believed in one direction only: a text that is made of names that are known here, none of them a member's,
tells what it is. Any other text may be a member or not.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib import resources
from typing import NamedTuple

import msgspec

from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.code_systems import canonical_pair
from fhir_mapping.terminology.products import RXNORM, named_ingredients
from fhir_mapping.yamlfile import read_yaml

__all__ = ["Naming", "padded", "words_of"]

Pair = tuple[str, str]
Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")
_AMOUNT = re.compile(r"[0-9]+(mg|g|mcg|ug|ml|iu|units?|hr|x)?")
_TAG = re.compile(r"\s*\((?:disorder|finding|situation|procedure|substance|product)\)\s*\Z", re.IGNORECASE)


def words_of(text: str) -> Words:
    """The words of a text in small letters, without punctuation and without SNOMED CT's semantic tag."""
    return tuple(_WORD.findall(_TAG.sub("", text).casefold()))


class _Table(msgspec.Struct, frozen=True):
    """`data/names.yaml`: names by code system and code, and words that do not say which thing it is."""

    names: dict[str, dict[str, str]]
    fillers: frozenset[str]


class _Known(NamedTuple):
    """Names by (code, system), (code, system) by name, and the number of words of the longest name.

    A name is its words with a space around each, and a thing has one or two: sets and tuples of words would
    take several times the memory in every process.
    """

    names: Mapping[Pair, tuple[str, ...]]
    pairs: Mapping[str, tuple[Pair, ...]]
    longest: int


@cache
def _table() -> _Table:
    text = (resources.files("fhir_mapping") / "data" / "names.yaml").read_text(encoding="utf-8")
    return msgspec.convert(read_yaml(text), _Table)


@cache
def _known() -> _Known:
    names: dict[Pair, tuple[str, ...]] = {}
    pairs: dict[str, tuple[Pair, ...]] = {}
    for pair, name in _every_name():
        if words := words_of(name):
            text = padded(words)
            if text not in (before := names.get(pair, ())):
                names[pair] = (*before, text)
                pairs[text] = (*pairs.get(text, ()), pair)
    return _Known(names, pairs, max(text.count(" ") - 1 for text in pairs))


def _every_name() -> Iterator[tuple[Pair, str]]:
    for valueset in catalogue.shipped_valuesets():
        for part in catalogue.valueset_document(valueset)["compose"]["include"]:
            for concept in part.get("concept", ()):
                pair = canonical_pair(concept["code"], part["system"])
                if concept.get("display"):
                    yield pair, concept["display"]
                yield from ((pair, other["value"]) for other in concept.get("designation", ()))
    for code, name in named_ingredients().items():
        yield (code, RXNORM), name
    for system, named in _table().names.items():
        yield from (((code, system), name) for code, name in named.items())


class Naming:
    """Names of the members of a list of codes; made ready when it is asked for the first time.

    `own` are names that the list itself gives, as (code, system) and display.
    """

    def __init__(self, codes: Iterable[Pair], own: Iterable[tuple[Pair, str]] = ()) -> None:
        self._codes = frozenset(codes)
        self.own = tuple(sorted(set(own)))

    def is_another(self, texts: Iterable[str]) -> bool:
        """Whether what some texts tell of one thing is surely no member.

        One of the texts has to consist of known names and of fillers, such as an amount; each name's code is
        of a code system of the list all of whose members have a name here, and is none of them. Each other
        text has to hold such a name, or it may speak of another thing, as "Glucophage" does beside "Aspirin".
        No text may hold a member's name or be a part of one.
        """
        spoken = [words for words in map(words_of, texts) if words]
        if not any(self._is_made_of_others(words) for words in spoken):
            return False
        if not all(self._holds_another(words) for words in spoken):
            return False
        return not any(self._may_be_member(words) for words in spoken)

    def is_named_in(self, spoken: Iterable[Words]) -> bool:
        """Whether one of some texts, given by their words, holds a member's name, such as a brand with its
        ingredient behind it.

        Names with an amount or a dose form beside a number are those of single products, and not looked for.
        """
        near = [words for words in spoken if not self._beginnings.isdisjoint(words)]
        return any(name in padded(words) for words in near for name in self._plain)

    @cached_property
    def _plain(self) -> frozenset[str]:
        fillers = _table().fillers
        return frozenset(
            name
            for name in self._members
            if fillers.isdisjoint(name.split()) or not any(map(str.isdigit, name))
        )

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        return frozenset(name.split()[0] for name in self._plain)

    @cached_property
    def _members(self) -> frozenset[str]:
        known = _known().names
        names = {text for pair in self._codes for text in known.get(pair, ())}
        names.update(padded(words) for _, name in self.own if (words := words_of(name)))
        return frozenset(names)

    @cached_property
    def _comparable(self) -> frozenset[str]:
        """Code systems of the list of whose members each has a name."""
        known, own = _known().names, {pair for pair, _ in self.own}
        nameless = {pair[1] for pair in self._codes if pair not in known and pair not in own}
        return frozenset(system for _, system in self._codes) - nameless

    def _is_another_name(self, words: Words) -> bool:
        pairs = _known().pairs.get(padded(words), ())
        return self._codes.isdisjoint(pairs) and any(system in self._comparable for _, system in pairs)

    def _is_made_of_others(self, words: Words) -> bool:
        fillers, longest = _table().fillers, _known().longest
        # ends[i]: whether the first i words can be read so, and whether a name is among them.
        ends: list[bool | None] = [False, *([None] * len(words))]
        for begin, word in enumerate(words):
            named = ends[begin]
            if named is None:
                continue
            if word in fillers or _AMOUNT.fullmatch(word):
                ends[begin + 1] = ends[begin + 1] or named
            for end in range(begin + 1, min(begin + longest, len(words)) + 1):
                if not ends[end] and self._is_another_name(words[begin:end]):
                    ends[end] = True
        return ends[-1] is True

    def _holds_another(self, words: Words) -> bool:
        longest = _known().longest
        return any(
            self._is_another_name(words[begin:end])
            for begin in range(len(words))
            for end in range(begin + 1, min(begin + longest, len(words)) + 1)
        )

    def _may_be_member(self, words: Words) -> bool:
        text = padded(words)
        return any(name in text or text in name for name in self._members)


def padded(words: Words) -> str:
    """Words as one text with a space around each, so that whole words are found in it."""
    return f" {' '.join(words)} "
