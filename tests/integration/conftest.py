"""Servers on the loopback that the integration tests talk to."""

from __future__ import annotations

from collections.abc import Iterator

import medplum
import pytest


@pytest.fixture(scope="session")
def medplum_server() -> Iterator[medplum.Medplum]:
    """A real FHIR server, empty at first; one for all tests, because it holds one copy of each chart."""
    reason = medplum.lacking()
    if reason is not None:
        pytest.skip(reason)
    with medplum.running() as server:
        yield server
