"""Lines decoded by the block: one call for many lines, where each is one JSON value of the type asked for.

A block that holds anything else is decoded line by line, so that an odd line costs itself only.
"""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import TypeVar

import msgspec

from fhir_mapping.bulk.lines import Lines, lines_of

UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Errors of a decoder."""

T = TypeVar("T")
_HEAD, _TAIL = itemgetter(slice(1)), itemgetter(slice(-3, None))


def decoded(
    lines: Lines, decoder: msgspec.json.Decoder[T]
) -> Iterator[tuple[Sequence[T | None], Sequence[bytes]]]:
    """All lines by block, as values of the decoder's type and as they are; None for what it cannot decode."""
    for block in lines.blocks():
        whole = lines_of(block)
        found: list[T] = []
        if _are_objects(whole):
            try:
                found = decoder.decode_lines(block)
            except UNDECODABLE:
                found = []
        yield (found if len(found) == len(whole) else [_alone(line, decoder) for line in whole]), whole


def _are_objects(lines: Sequence[bytes]) -> bool:
    """Whether every line begins and ends as a JSON object does.

    Nowhere inside a value does `{` follow `}`, so that no value of such lines goes on to the next line: each
    line holds at least one, and exactly one where there are as many values as lines.
    """
    return set(map(_HEAD, lines)) == {b"{"} and all(
        tail.rstrip(b"\r\n").endswith(b"}") for tail in set(map(_TAIL, lines))
    )


def _alone(line: bytes, decoder: msgspec.json.Decoder[T]) -> T | None:
    try:
        return decoder.decode(line)
    except UNDECODABLE:
        return None
