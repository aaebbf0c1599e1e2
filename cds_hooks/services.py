"""Discovery: what an EHR is told about each service."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from fhir_mapping import prefetch
from fhir_mapping.features import FeatureSet
from fhir_mapping.prefetch_dialect import Dialect, in_dialect
from models.registry import Service

__all__ = ["discovery", "windows"]

_USAGE = (
    "FHIR R4. Prefetch alone suffices; the FHIR server is called for what is missing only where this "
    "installation allows that server. Other prefetch keys than the listed ones are read too."
)


def discovery(services: Iterable[Service], dialect: Dialect = "2.0") -> dict[str, Any]:
    """Document of `GET /cds-services`, with prefetch templates derived from the models' features.

    The words of CDS Hooks 3.0 are for a client whose profile says that it knows them (`cds_hooks.clients`).
    """
    return {"services": [_service(service, dialect) for service in services]}


def windows(sets: Sequence[FeatureSet]) -> dict[str, float]:
    """Prefetch key -> longest look-back window in seconds of the features that read it.

    Infinite for a key of which one feature looks back without a bound, or that nothing reads.
    """
    found: dict[str, float] = {}
    for key, kind in prefetch.KEYS.items():
        specs = [reader.spec for one in sets for reader in one.readers.values() if kind in reader.kinds]
        found[key] = max((float(getattr(spec, "seconds", math.inf)) for spec in specs), default=math.inf)
    return found


def _service(service: Service, dialect: Dialect) -> dict[str, Any]:
    sets = [model.features for model in service.models]
    return {
        "hook": service.hook,
        "title": service.title,
        "description": service.description,
        "id": service.id,
        "prefetch": in_dialect(prefetch.templates(sets), windows(sets), dialect),
        "usageRequirements": _USAGE,
    }
