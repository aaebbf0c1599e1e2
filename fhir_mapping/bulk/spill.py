"""Kept lines on their way from the first pass to the second: shuffled by patient into partitions."""

from array import array
from collections.abc import Iterable, Iterator
from typing import BinaryIO
from zlib import crc32

import msgspec

from fhir_mapping.bulk.scan import SHARED, Kept

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Kept]).decode


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """Where in a spill file some lines of a partition lie."""

    partition: int
    offset: int
    length: int


def partition_of(owner: str, partitions: int) -> int:
    """The partition of a patient, 0 to `partitions` - 1, on any machine; `partitions` for what is shared."""
    return partitions if owner == SHARED else crc32(owner.encode()) % partitions


def identity_digest(kind: str, name: str) -> int:
    """A number of 62 bits that two resources share by chance only, on any machine."""
    # The hash of an integer is its remainder by 2**61 - 1, in every process.
    return hash(int.from_bytes(name.encode(), "big")) + crc32(kind.encode())


def identity_digests(kind: str, names: Iterable[str]) -> Iterable[int]:
    """`identity_digest` of many resources of one type, without a call of ours for each."""
    return map(crc32(kind.encode()).__add__, map(hash, map(int.from_bytes, map(str.encode, names))))


def spill(kept: Iterable[Kept], partitions: int, file: BinaryIO) -> list[Segment]:
    """Append lines to a spill file, by partition."""
    sorted_out: dict[int, list[Kept]] = {}
    places: dict[str, int] = {}
    for one in kept:
        place = places.get(one.owner)
        if place is None:
            place = places[one.owner] = partition_of(one.owner, partitions)
        sorted_out.setdefault(place, []).append(one)
    segments = []
    for place in sorted(sorted_out):
        blob = _encode(sorted_out[place])
        segments.append(Segment(place, file.tell(), len(blob)))
        file.write(blob)
    return segments


def unspilled(file: BinaryIO, segments: Iterable[Segment]) -> Iterator[Kept]:
    """Lines of segments of one spill file."""
    for segment in segments:
        file.seek(segment.offset)
        yield from _decode(file.read(segment.length))


def digests(kept: Iterable[Kept]) -> "array[int]":
    """Digests of the identities of resources, in their order; none for one without an id."""
    return array("q", (identity_digest(one.kind, one.id) for one in kept if one.id is not None))
