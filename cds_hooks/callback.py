"""What the prefetch lacks, read back from the EHR's FHIR server.

Only from servers that the site allows (`BEDSIDE_FHIR_SERVERS`): a request names the server, and whoever can
send a request must not be able to make the service call any address. Prefetch alone always suffices.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from time import monotonic

import msgspec

from cds_hooks.protocol import HookCall
from cds_hooks.telemetry import log_event
from fhir_mapping import prefetch
from fhir_mapping.errors import PayloadError
from fhir_mapping.issues import Issue
from fhir_mapping.resources import OperationOutcome
from fhir_mapping.server import medications
from fhir_mapping.server.origin import ServerNotAllowed
from fhir_mapping.server.policy import KeyPolicy, policies
from fhir_mapping.server.reader import Answer, FhirReader, Limits
from fhir_mapping.wire import decoder
from models.registry import Service

__all__ = ["Callback", "told"]

_TOLD = "fhirServer."
_CAUSES = {
    "token-refused": "the server refused the access token (401); it has expired or is not for this server",
    "scope-missing": "the access token does not grant this read (403); a scope for it is needed",
    "rate-limited": "the server asked to slow down (429)",
    "unavailable": "the server is not available at the moment (502, 503, 504)",
    "unreachable": "the server cannot be reached",
    "tls": "the server's certificate is not trusted; BEDSIDE_FHIR_CA_BUNDLE names a private authority",
    "deadline": "the server did not answer in time",
    "incomplete": "the server sent a part of the search only",
    "too-large": "the answer is over the size limit",
    "too-many-pages": "the answer has more pages than the limit",
}
"""Causes that somebody at the EHR can mend; any other failure is told by its code."""

_NOT_OFFERED = frozenset(
    (
        "token-refused",
        "scope-missing",
        "not-found",
        "query-refused",
        "template-refused",
        "patient-id-refused",
    )
)
"""Failures of keys that cannot be had by this call, which are then as good as left out: not every server has
every type. Any other failure is one of a search that may have found something."""


class _Authorization(msgspec.Struct):
    """`fhirAuthorization`, its token only."""

    access_token: str | None = None

    def __repr__(self) -> str:
        return "_Authorization(...)"


class _Access(msgspec.Struct, rename={"server": "fhirServer", "authorization": "fhirAuthorization"}):
    """Where the data is, and the right to read it; decoded for one call and dropped with it."""

    server: str | None = None
    authorization: _Authorization | None = None

    @property
    def token(self) -> str | None:
        """The bearer token, if there is one."""
        return self.authorization.access_token if self.authorization else None


_decode_access = decoder(_Access)


class Callback:
    """Reads from the FHIR servers that this installation allows; keeps nothing of any call.

    `ca_bundle` is a PEM file of the authorities that vouch for these servers, in place of the public ones.
    Servers are waited for inside `aside`.
    """

    def __init__(
        self,
        allowed: Sequence[str],
        ca_bundle: Path | None = None,
        limits: Limits | None = None,
        aside: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._allowed = allowed
        self._ca_bundle = ca_bundle
        self._limits = limits or Limits()
        self._aside = aside
        if allowed:
            # Loaded now, before workers fork, and not in the first request that needs it.
            import_module("fhir_mapping.server.transport")

    def complete(
        self,
        call: HookCall,
        service: Service,
        spent_s: float = 0.0,
        is_settled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Add what the server answers for the prefetch keys that the client left out or failed to get, or
        under which it sent something else.

        Drugs that orders name by reference only are read after that. `spent_s` are the seconds since the call
        arrived: reading has what is left of the call's deadline. A key that is null was answered, and is not
        asked again. A key that cannot be read stays as it is and leaves an issue; whether the models can do
        without it is decided later. Does nothing when no server is allowed, nor when `is_settled` says that
        nothing more would change the answer: no chart is read without need.
        """
        if not self._allowed:
            return
        began = monotonic() - spent_s
        sets = [model.features for model in service.models]
        lacking = {key: query for key, query in prefetch.templates(sets).items() if _lacks(call, key)}
        if not lacking and not medications.unresolved(call.payloads.values()):
            return
        if is_settled():
            return
        access = _access(call)
        reader = self._reader(call, access) if access is not None else None
        if reader is None:
            return
        self._read(call, reader, lacking, policies(sets), began)
        if drugs := medications.unresolved(call.payloads.values()):
            wanted = {medications.KEY: medications.query(drugs)}
            self._read(call, reader, wanted, {medications.KEY: medications.POLICY}, began)

    def _reader(self, call: HookCall, access: _Access) -> FhirReader | None:
        """A reader with the token of the call, or an issue when the server or the token will not do."""
        try:
            return FhirReader(access.server or "", access.token, self._allowed, self._limits, self._ca_bundle)
        except ServerNotAllowed:
            # The log tells the operator that a client asks for a server that is not listed.
            log_event("fhir-server-refused", logging.WARNING, error=ServerNotAllowed.__name__)
            issue = Issue("fhirServer", "not-allowed", "is no FHIR server that this service may call")
        except PayloadError as error:
            issue = Issue(error.path, "structure", error.message)
        call.issues.append(issue)
        return None

    def _read(
        self,
        call: HookCall,
        reader: FhirReader,
        wanted: Mapping[str, str],
        policy: Mapping[str, KeyPolicy],
        began: float,
    ) -> None:
        """Read keys with what is left of the deadline of a call that began at a time of the monotonic
        clock."""
        partial = {key for key in wanted if policy[key].partial == "omit"}
        with self._aside():
            answers = reader.fetch(wanted, call.context.patient_id, partial, monotonic() - began)
        for key, answer in answers.items():
            _take(call, key, answer, policy[key])


def told(call: HookCall) -> list[str]:
    """Sentences that say why keys could not be read from the FHIR server, and which of them hold something
    else than they ask for, for whoever runs the EHR."""
    misplaced = {f"prefetch.{key}" for key in call.misplaced}
    return [
        f"`{issue.path.removeprefix(_TOLD)}` {issue.message}."
        for issue in call.issues
        if issue.path.startswith(_TOLD) or (issue.code == "other-type" and issue.path in misplaced)
    ]


def _lacks(call: HookCall, key: str) -> bool:
    if key not in call.payloads or key in call.misplaced:
        return True
    return isinstance(call.payloads[key], OperationOutcome)


def _access(call: HookCall) -> _Access | None:
    try:
        access: _Access = _decode_access(call.body)
    except msgspec.MsgspecError:
        call.issues.append(Issue("fhirServer", "structure", "fhirServer or fhirAuthorization cannot be read"))
        return None
    return access if access.server else None


def _take(call: HookCall, key: str, answer: Answer, policy: KeyPolicy) -> None:
    if answer.raw is not None:
        call.take_carefully({key: msgspec.Raw(answer.raw)})
    elif answer.failure not in _NOT_OFFERED:
        call.unread.add(key)
    slug = answer.failure or answer.gap
    if slug is not None:
        need = "is needed" if policy.required else "is optional"
        what = "could not be read" if answer.raw is None else "was read in part"
        told = f"{need} and {what} from the FHIR server: {_CAUSES.get(slug, slug)}"
        call.issues.append(Issue(f"{_TOLD}{key}", slug, told))
