"""What the prefetch lacks, read back from the EHR's FHIR server.

Only from servers that the site allows (`BEDSIDE_FHIR_SERVERS`): a request names the server, and whoever can
send a request must not be able to make the service call any address. Prefetch alone always suffices.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from cds_hooks.protocol import HookCall
from cds_hooks.telemetry import log_event
from fhir_mapping import prefetch
from fhir_mapping.errors import MappingError
from fhir_mapping.issues import Issue
from fhir_mapping.server.reader import FhirReader
from fhir_mapping.wire import decoder
from models.registry import Service

__all__ = ["complete"]


class _Authorization(msgspec.Struct):
    """`fhirAuthorization`, its token only."""

    access_token: str | None = None

    def __repr__(self) -> str:
        return "_Authorization(...)"


class _Access(msgspec.Struct, rename={"server": "fhirServer", "authorization": "fhirAuthorization"}):
    """Where the data is, and the right to read it; decoded for one call and dropped with it."""

    server: str | None = None
    authorization: _Authorization | None = None


_decode_access = decoder(_Access)


def complete(call: HookCall, service: Service, allowed: Sequence[str]) -> None:
    """Add what the server answers for the prefetch keys that the client left out.

    A key that is null was answered, and is not asked again. A key that cannot be read stays absent and leaves
    an issue; whether the models can do without it is decided later. Does nothing when no server is allowed.
    """
    if not allowed:
        return
    wanted = prefetch.templates([model.features for model in service.models])
    lacking = {key: query for key, query in wanted.items() if key not in call.payloads}
    if not lacking:
        return
    try:
        access: _Access = _decode_access(call.body)
    except msgspec.MsgspecError:
        call.issues.append(Issue("fhirServer", "structure", "fhirServer or fhirAuthorization cannot be read"))
        return
    if not access.server:
        return
    _fetch(call, lacking, access, allowed)


def _fetch(call: HookCall, lacking: dict[str, str], access: _Access, allowed: Sequence[str]) -> None:
    token = access.authorization.access_token if access.authorization else None
    try:
        reader = FhirReader(access.server or "", token, allowed)
    except MappingError as error:
        # No call was made. The log tells the operator that a client asks for a server that is not listed.
        log_event("fhir-server-refused", logging.WARNING, error=type(error).__name__)
        call.issues.append(Issue("fhirServer", "not-allowed", "is no FHIR server that this service may call"))
        return
    for key, answer in reader.fetch(lacking, call.context.patient_id).items():
        if answer.raw is None:
            reason = answer.failure or "unreadable"
            call.issues.append(Issue(f"fhirServer.{key}", reason, "could not be read from the FHIR server"))
        else:
            call.take_carefully({key: msgspec.Raw(answer.raw)})
