"""Lines decoded by the block: one call for many lines, where each is one JSON value of the type asked for.

A block that holds anything else is decoded line by line, so that an odd line costs itself only.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from fhir_mapping.bulk.lines import Lines, lines_of

UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Errors of a decoder."""

T = TypeVar("T")


def decoded(
    lines: Lines, decoder: msgspec.json.Decoder[T]
) -> Iterator[tuple[Sequence[T | None], Sequence[bytes]]]:
    """All lines by block, as values of the decoder's type and as they are; None for what it cannot decode."""
    for block in lines.blocks():
        whole = lines_of(block)
        try:
            found: list[T] = decoder.decode_lines(block)
        except UNDECODABLE:
            found = []
        # Each value begins on a line of its own: as many values as lines, and no line is blank, nor does a
        # value go on to the next.
        yield (found if len(found) == len(whole) else [_alone(line, decoder) for line in whole]), whole


def _alone(line: bytes, decoder: msgspec.json.Decoder[T]) -> T | None:
    try:
        return decoder.decode(line)
    except UNDECODABLE:
        return None
