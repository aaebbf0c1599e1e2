"""A new worker walks each service's way once, and leaves no trace of it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hospital import DIABETES, Hospital

from cds_hooks import protocol
from cds_hooks.app import WARM_UP
from cds_hooks.cards import Links
from cds_hooks.consultation import consult
from cds_hooks.protocol import read_call
from cds_hooks.warm_up import invented_call
from models.registry import CATALOG, Registry, Service

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
SERVICES = list(Registry.load([CATALOG]).services.values())


def rehearse(hospital: Hospital) -> None:
    """What gunicorn calls in each new worker."""
    hospital.client.application.extensions[WARM_UP]()


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: f"{service.id} {service.hook}")
def test_the_invented_call_is_one_that_the_service_answers(service: Service) -> None:
    """Every model is asked, none fails, and no part of the request is found wanting."""
    call = read_call(invented_call(service, NOW), (service.hook,), service.kinds)
    found = consult(call, service, Links(), NOW, "0")
    assert len(found.entries) == len(service.models)
    assert (found.failures, call.issues) == ((), [])


def counted(exposition: str) -> dict[str, str]:
    """Series and their values, without the times of their creation."""
    lines = (
        line for line in exposition.splitlines() if line.startswith("bedside_") and "_created" not in line
    )
    return dict(line.rsplit(" ", 1) for line in lines)  # type: ignore[misc]  # two parts, always


def test_nothing_is_recorded_counted_or_logged(hospital: Hospital, caplog: pytest.LogCaptureFixture) -> None:
    """Ledger and metrics are those of a service that was never called."""
    before = hospital.metrics()
    with caplog.at_level(logging.DEBUG, "bedside"):
        rehearse(hospital)
    assert hospital.decisions() == []
    assert hospital.ledger.counts()["calls"] == []
    assert counted(hospital.metrics()) == counted(before)
    assert set(counted(before).values()) == {"0.0"}
    assert caplog.records == []


def test_the_first_call_then_compiles_no_decoder(hospital: Hospital) -> None:
    """Decoders of a service's requests are there before the first of them comes."""
    protocol._body_decoder.cache_clear()
    rehearse(hospital)
    made = protocol._body_decoder.cache_info().misses
    assert hospital.post(hospital.request("maria-lindqvist"), DIABETES).status_code == 200
    assert protocol._body_decoder.cache_info().misses == made > 0


def test_a_ledger_that_fails_does_not_keep_a_worker_from_starting(hospital: Hospital, tmp_path: Path) -> None:
    """The first call will tell that it cannot be recorded."""
    hospital.ledger.close()
    (tmp_path / "ledger.db").write_bytes(b"no database any more")
    rehearse(hospital)
