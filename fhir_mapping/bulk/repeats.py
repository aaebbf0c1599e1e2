"""Which resource ids occur more than once in an export, in memory that does not grow with it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Digests = NDArray[np.int64]

_SPAN = 2**62
_AT_ONCE = 4_000_000
"""Digests that are compared at a time: 32 MB."""


def repeated(files: Sequence[Path]) -> Digests:
    """Digests that occur twice or more over all files (8 bytes each), sorted."""
    total = sum(path.stat().st_size // 8 for path in files)
    slices = max(1, -(-total // _AT_ONCE))
    found = [_repeated_in(files, _bounds(i, slices)) for i in range(slices)]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _bounds(at: int, slices: int) -> tuple[int, int]:
    return at * _SPAN // slices, (at + 1) * _SPAN // slices


def _repeated_in(files: Sequence[Path], bounds: tuple[int, int]) -> Digests:
    low, high = bounds
    parts = []
    for path in files:
        digests = np.fromfile(path, dtype=np.int64)
        parts.append(digests[(digests >= low) & (digests < high)])
    together = np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)
    return np.unique(together[1:][together[1:] == together[:-1]])
