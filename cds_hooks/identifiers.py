"""Identifiers of calls, predictions and cards: UUIDs of version 7, in order of time (RFC 9562, section 5.7).

A table that is indexed by them grows at its end. With random ones every row of a large ledger would touch a
page of each index that has not been touched for long.
"""

from __future__ import annotations

import os
from time import time_ns

__all__ = ["new_uuid"]

_MILLISECOND = 1_000_000


def new_uuid() -> str:
    """A new UUID in lower case: 48 bits are Unix time in milliseconds, 74 are random."""
    drawn = int.from_bytes(os.urandom(10), "big")
    clock = time_ns() // _MILLISECOND & 0xFFFF_FFFF_FFFF
    # 12 and 62 of the random bits, behind the version and the variant.
    text = (
        f"{clock:012x}{0x7000 | drawn >> 68:04x}{0x8000_0000_0000_0000 | drawn & 0x3FFF_FFFF_FFFF_FFFF:016x}"
    )
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
