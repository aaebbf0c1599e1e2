"""Kept lines on their way from the first pass to the second: shuffled by patient into partitions."""

from array import array
from collections.abc import Iterable, Iterator
from os import SEEK_END
from typing import BinaryIO
from zlib import crc32

import msgspec

from fhir_mapping.bulk.scan import SHARED, Kept

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Kept]).decode
_NUMBER = array("q").itemsize


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


class Spill:
    """Writes a spill file: kept lines by partition, round after round, and at its end a table of where in
    each round each partition begins, so that a reader of one partition holds nothing of the others."""

    def __init__(self, file: BinaryIO, partitions: int) -> None:
        self._file = file
        self._partitions = partitions
        self._table = array("q")

    def add(self, kept: Iterable[Kept]) -> None:
        """Append the lines of one round."""
        sorted_out: dict[int, list[Kept]] = {}
        places: dict[str, int] = {}
        for one in kept:
            place = places.get(one.owner)
            if place is None:
                place = places[one.owner] = partition_of(one.owner, self._partitions)
            sorted_out.setdefault(place, []).append(one)
        at = self._file.tell()
        for place in range(self._partitions + 1):
            self._table.append(at)
            if found := sorted_out.get(place):
                at += self._file.write(_encode(found))
        self._table.append(at)

    def finish(self) -> None:
        """Append the table; nothing can be added then."""
        self._file.write(self._table.tobytes() + array("q", (len(self._table),)).tobytes())


def unspilled(file: BinaryIO, partition: int, partitions: int) -> Iterator[Kept]:
    """Lines of one partition of a spill file."""
    end = file.seek(-_NUMBER, SEEK_END)
    (numbers,) = array("q", file.read(_NUMBER))
    for row in range(end - numbers * _NUMBER, end, (partitions + 2) * _NUMBER):
        file.seek(row + partition * _NUMBER)
        begin, stop = array("q", file.read(2 * _NUMBER))
        if begin < stop:
            file.seek(begin)
            yield from _decode(file.read(stop - begin))


def digests(kept: Iterable[Kept]) -> "array[int]":
    """Digests of the identities of resources, in their order; none for one without an id."""
    return array("q", (identity_digest(one.kind, one.id) for one in kept if one.id is not None))
