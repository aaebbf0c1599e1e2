"""Identifiers of calls, predictions and cards."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

from cds_hooks.identifiers import new_uuid


def test_an_identifier_is_a_uuid_of_version_7() -> None:
    """As RFC 9562 lays it out, in the canonical text."""
    made = new_uuid()
    read = UUID(made)
    assert (str(read), read.version, read.variant) == (made, 7, RFC_4122)


def test_an_identifier_begins_with_the_time() -> None:
    """48 bits of Unix time in milliseconds, so that later rows stand behind earlier ones."""
    before = time.time_ns() // 1_000_000
    told = UUID(new_uuid()).int >> 80
    assert before <= told <= time.time_ns() // 1_000_000


def test_later_identifiers_are_greater_as_text() -> None:
    """A millisecond apart, the order of text is that of time."""
    made = []
    for _ in range(5):
        made.append(new_uuid())
        time.sleep(0.002)
    assert made == sorted(made)


def test_identifiers_of_one_moment_differ() -> None:
    """Every random bit is drawn: each is set in some of many, and clear in others."""
    many = [UUID(new_uuid()).int for _ in range(2000)]
    assert len(set(many)) == len(many)
    random_bits = (1 << 62) - 1 | 0xFFF << 64
    ever, always = 0, -1
    for one in many:
        ever |= one
        always &= one
    assert (ever & random_bits, always & random_bits) == (random_bits, 0)
