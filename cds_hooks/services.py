"""Discovery: what an EHR is told about each service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fhir_mapping import prefetch
from models.registry import Service

__all__ = ["discovery"]

_USAGE = (
    "FHIR R4. Prefetch alone suffices; the FHIR server is called for what is missing only where this "
    "installation allows that server. Other prefetch keys than the listed ones are read too."
)


def discovery(services: Iterable[Service]) -> dict[str, Any]:
    """Document of `GET /cds-services`, with prefetch templates derived from the models' features."""
    return {"services": [_service(service) for service in services]}


def _service(service: Service) -> dict[str, Any]:
    return {
        "hook": service.hook,
        "title": service.title,
        "description": service.description,
        "id": service.id,
        "prefetch": prefetch.templates([model.features for model in service.models]),
        "usageRequirements": _USAGE,
    }
