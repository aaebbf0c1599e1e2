"""Identities that occur more than once."""

from __future__ import annotations

from array import array
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.bulk import repeats
from fhir_mapping.bulk.spill import identity_digest

IDS = st.text("ab-1", min_size=1, max_size=3)


@given(st.lists(st.lists(IDS, max_size=8), max_size=4), st.sampled_from([1, 3, 1000]))
def test_repeats_are_those_that_a_count_finds(pieces: list[list[str]], at_once: int) -> None:
    """Digests that occur twice over all files, compared in slices of any number, are those of a Counter."""
    counted = Counter(identity_digest("Observation", name) for piece in pieces for name in piece)
    with TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "_AT_ONCE", at_once)
        paths = []
        for number, piece in enumerate(pieces):
            paths.append(Path(home, str(number)))
            paths[-1].write_bytes(
                array("q", (identity_digest("Observation", one) for one in piece)).tobytes()
            )
        found = repeats.repeated(paths).tolist()
    assert found == sorted(digest for digest, times in counted.items() if times > 1)


def test_a_digest_is_the_same_on_every_machine() -> None:
    """The digest of an identity does not depend on the process that computes it."""
    assert identity_digest("Patient", "p-1") == int.from_bytes(b"p-1") + crc32(b"Patient")
