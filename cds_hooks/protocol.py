"""The body of a hook call, decoded once.

Almost every body fits the typed form and is read in one pass. One that does not is read again with care: the
prefetch entry by entry, so that an odd entry costs itself only; anything else that does not fit is a 400 that
names the field. No token is held: `fhirAuthorization` is in no type here, and
`cds_hooks.callback` looks it up for one call where a site allows calls back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from cds_hooks.errors import BadRequest
from cds_hooks.hooks import Context, hooks, read_context
from fhir_mapping.addresses import NOWHERE, Sender, entries_of
from fhir_mapping.drafts import Draft, read_drafts
from fhir_mapping.issues import Issue
from fhir_mapping.payload import Payload, Usual, payload_type, raw_resources, read_carefully, usual_resources
from fhir_mapping.prefetch import misplaced
from fhir_mapping.resources import READ
from fhir_mapping.wire import decoder

__all__ = ["HookCall", "read_call"]

ALL_KINDS = frozenset(READ)
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class _Body(msgspec.Struct, rename="camel"):
    """A body whose prefetch fits the slim view; the type of the prefetch depends on what is read of it."""

    hook: str
    hook_instance: str
    context: msgspec.Raw
    prefetch: Any = None


class _Outline(msgspec.Struct, rename="camel"):
    """A body of which nothing is known but that it is an object."""

    hook: msgspec.Raw = msgspec.Raw()
    hook_instance: msgspec.Raw = msgspec.Raw()
    context: msgspec.Raw = msgspec.Raw()
    prefetch: msgspec.Raw = msgspec.Raw()


class _UsualPrefetch(msgspec.Struct):
    prefetch: dict[str, Usual | None] | None = None


class _RawPrefetch(msgspec.Struct):
    prefetch: dict[str, msgspec.Raw] | None = None


class _Origin(msgspec.Struct, rename="camel"):
    fhir_server: str | None = None
    prefetch: dict[str, msgspec.Raw] | None = None


class HookCall:
    """One hook call: who asks, about whom, with which data.

    `payloads` are the prefetch entries by key; a key that is no plain name is shown as `?`. `drafts` are the
    orders that are being written, the selected ones where the hook tells. `unread` are the keys under
    which something stands, or may stand on the server, that could not be read at all, `misplaced` those of
    ours under which something else stands than they ask for.
    """

    def __init__(self, body: bytes, hook: str, instance: str, context: Context) -> None:
        self.hook = hook
        self.instance = instance
        self.context = context
        self.payloads: dict[str, Payload | None] = {}
        self.drafts: list[Draft] = []
        self.issues: list[Issue] = []
        self.unread: set[str] = set()
        self.misplaced: set[str] = set()
        self._body = body
        self._sent_as: dict[str, str] = {}
        self._carefully_read: dict[str, Sequence[Any]] = {}
        self._raws: Mapping[str, Sequence[Any]] | None = None

    @property
    def body(self) -> bytes:
        """The body as sent."""
        return self._body

    def raw(self, key: str) -> Sequence[Any]:
        """Bytes of the resources under a prefetch key, in the order of its payload's entries."""
        if key in self._carefully_read:
            return self._carefully_read[key]
        if self._raws is None:
            self._raws = _raw_prefetch(self._body)
        return self._raws[self._sent_as[key]]

    def sender(self) -> Sender:
        """Where the data comes from, as far as the call says so."""
        try:
            origin: _Origin = _decode_origin(self._body)
        except msgspec.MsgspecError:
            return NOWHERE
        found = (one for raw in (origin.prefetch or {}).values() for one in entries_of(raw))
        return Sender(origin.fhir_server, tuple(found))

    def take(self, sent: Mapping[str, Payload | None]) -> None:
        """Keep payloads that fit the slim view."""
        for key, payload in sent.items():
            self._keep(self._shown(key), payload)

    def take_carefully(self, sent: Mapping[str, msgspec.Raw]) -> None:
        """Keep what can be read of each payload; the rest becomes issues."""
        for key, raw in sent.items():
            shown = self._shown(key)
            if bytes(raw) == b"null":
                self._keep(shown, None)
                continue
            payload, self._carefully_read[shown] = read_carefully(raw, f"prefetch.{shown}", self.issues)
            if payload is not None:
                self._keep(shown, payload)
                self.unread.discard(shown)
            else:
                self.unread.add(shown)

    def _keep(self, shown: str, payload: Payload | None) -> None:
        self.payloads[shown] = payload
        self.misplaced.discard(shown)
        issue = misplaced(shown, payload)
        if issue is not None:
            self.misplaced.add(shown)
            self.issues.append(issue)

    def _shown(self, key: str) -> str:
        """The key as issues may show it: a client's own text stays out of logs and ledger.

        A key that comes again, because it was read back, takes the place of what was sent under it.
        """
        shown = key if _PLAIN_KEY.fullmatch(key) else "?"
        while self._sent_as.get(shown, key) != key:
            shown += "?"
        self._sent_as[shown] = key
        return shown


@cache
def _body_decoder(kinds: frozenset[str]) -> Callable[[bytes], _Body]:
    sent = dict[str, payload_type(kinds) | None] | None  # type: ignore[misc,valid-type] # built at run time
    return decoder(msgspec.defstruct("_Body", [("prefetch", sent, None)], bases=(_Body,), rename="camel"))


_decode_outline = decoder(_Outline)
_decode_usual_prefetch = decoder(_UsualPrefetch)
_decode_raw_prefetch = decoder(_RawPrefetch)
_decode_text = decoder(str)
_decode_origin = decoder(_Origin)
_decode_prefetch = decoder(dict[str, msgspec.Raw] | None)


def read_call(body: bytes, offered: Collection[str], kinds: frozenset[str] = ALL_KINDS) -> HookCall:
    """Read the body of a call to a service that is offered on these hooks and reads these resource types.

    Raises BadRequest when it is no JSON object in UTF-8, lacks something, or is about another hook.
    """
    _check_encoding(body)
    try:
        decoded = _body_decoder(kinds)(body)
    except msgspec.ValidationError:
        return _read_with_care(body, offered)
    except msgspec.DecodeError:
        raise _not_json() from None
    call = _begin(body, offered, decoded.hook, decoded.hook_instance, decoded.context)
    call.take(decoded.prefetch or {})
    return call


def _raw_prefetch(body: bytes) -> Mapping[str, Sequence[Any]]:
    """Bytes of the resources under every prefetch key, found in one pass where the values are usual ones."""
    try:
        usual = _decode_usual_prefetch(body).prefetch or {}
        return {key: usual_resources(sent) for key, sent in usual.items()}
    except msgspec.ValidationError:
        raws = _decode_raw_prefetch(body).prefetch or {}
        return {key: raw_resources(raw) for key, raw in raws.items() if bytes(raw) != b"null"}


def _read_with_care(body: bytes, offered: Collection[str]) -> HookCall:
    try:
        outline: _Outline = _decode_outline(body)
    except msgspec.ValidationError:
        raise BadRequest("The body must be a JSON object.") from None
    except msgspec.DecodeError:
        raise _not_json() from None
    hook, instance = _text(outline.hook, "hook"), _text(outline.hook_instance, "hookInstance")
    call = _begin(body, offered, hook, instance, outline.context)
    if bytes(outline.prefetch):
        try:
            call.take_carefully(_decode_prefetch(outline.prefetch) or {})
        except msgspec.ValidationError:
            raise BadRequest("prefetch must be a JSON object.", expression="prefetch") from None
    return call


def _begin(
    body: bytes, offered: Collection[str], hook: str, instance: str, raw_context: msgspec.Raw
) -> HookCall:
    if not hook.strip():
        raise BadRequest("hook is blank.", expression="hook", code="required")
    if hook not in offered:
        told = " or ".join(sorted(offered))
        raise BadRequest(f"This service answers the hook {told}.", expression="hook", code="not-supported")
    if not _UUID.fullmatch(instance):
        raise BadRequest("hookInstance must be a UUID.", expression="hookInstance")
    context = read_context(hook, raw_context)
    call = HookCall(body, hook, instance.lower(), context)
    kind = hooks()[hook]
    if kind.drafts:
        selections = context.references.get(kind.selections or "", ())
        call.drafts = read_drafts(
            context.raws[kind.drafts], f"context.{kind.drafts}", selections, call.issues
        )
    return call


def _check_encoding(body: bytes) -> None:
    """Refuse what is not UTF-8 anywhere; msgspec does not look into elements that it skips."""
    if body.isascii():
        return
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise _not_json() from None


def _text(raw: msgspec.Raw, field: str) -> str:
    if not bytes(raw) or bytes(raw) == b"null":
        raise BadRequest(f"{field} is missing.", expression=field, code="required")
    try:
        text: str = _decode_text(raw)
    except msgspec.ValidationError:
        raise BadRequest(f"{field} must be a text.", expression=field) from None
    return text


def _not_json() -> BadRequest:
    return BadRequest("The body cannot be read as JSON (RFC 8259, UTF-8).", code="structure")
