"""Marks of the touched lines: digests of each line's identity and owner, from which it is told which ids the
export holds twice, and whose they are."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fhir_mapping.bulk.scan import SHARED, Kept
from fhir_mapping.bulk.spill import identity_digest, identity_digests

Digests = NDArray[np.int64]

NAMELESS = -1
"""Stands for the identity of a line without an id."""


def owner_digest(owner: str) -> int:
    """A number of 62 bits that two patients share by chance only."""
    return identity_digest("Patient", owner)


class Marks:
    """Marks of the touched lines of one piece, in their order; none of what belongs to no patient."""

    def __init__(self) -> None:
        self._names = array("q")
        self._owners = array("q")

    def take(self, one: Kept) -> None:
        """Mark a line."""
        if one.owner != SHARED:
            self._names.append(NAMELESS if one.id is None else identity_digest(one.kind, one.id))
            self._owners.append(owner_digest(one.owner))

    def taking(self, kept: Iterable[Kept]) -> Iterator[Kept]:
        """The same lines, each marked as it passes."""
        for one in kept:
            self.take(one)
            yield one

    def extend(self, kind: str, names: Sequence[str | None], owners: Iterable[int]) -> None:
        """Mark resources of one type by their ids and their owners' digests."""
        self._names.extend(
            identity_digests(kind, names)  # type: ignore[arg-type] # none is None
            if None not in names
            else (NAMELESS if name is None else identity_digest(kind, name) for name in names)
        )
        self._owners.extend(owners)

    def write(self, names: Path, owners: Path) -> None:
        """Write both columns, 8 bytes for each line."""
        owners.write_bytes(self._owners.tobytes())
        names.write_bytes(self._names.tobytes())


def owners_of(wanted: Digests, files: Iterable[tuple[Path, Path]]) -> set[int]:
    """Digests of the owners of all lines whose identity is wanted; `files` are names and owners by piece."""
    found: set[int] = set()
    for names, owners in files:
        column = np.fromfile(names, dtype=np.int64)
        found.update(np.fromfile(owners, dtype=np.int64)[np.isin(column, wanted)].tolist())
    return found


def holds_any(owners: Path, wanted: set[int]) -> bool:
    """Whether a piece has lines of one of these owners."""
    return not wanted.isdisjoint(np.fromfile(owners, dtype=np.int64).tolist())
