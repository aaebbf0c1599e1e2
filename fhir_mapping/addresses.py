"""Under which addresses a sender knows the patient, to tell another server's patient of the same id.

`http://elsewhere.example/fhir/Patient/1` is this patient only where that server is the sender's own. What
says so: the base URL that came with the data, and the `fullUrl` of the entries of a Bundle.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from fhir_mapping.wire import decoder

__all__ = ["NOWHERE", "Sender", "entries_of", "only_address", "own_addresses", "plain"]

_PORTS = {"http": ":80", "https": ":443"}


class _Head(msgspec.Struct, gc=False):
    kind: str = msgspec.field(name="resourceType", default="")


class _Entry(msgspec.Struct, gc=False):
    fullUrl: str | None = None  # noqa: N815 - FHIR's own name
    resource: _Head | None = None


class _Bundle(msgspec.Struct, gc=False):
    entry: list[_Entry] | None = None


_decode_bundle = decoder(_Bundle)


class Sender(NamedTuple):
    """What the sender says of where its data is: base URL of its FHIR server, (type, fullUrl) of entries."""

    server: str | None = None
    entries: tuple[tuple[str, str], ...] = ()


NOWHERE = Sender()


def entries_of(raw: bytes | msgspec.Raw) -> tuple[tuple[str, str], ...]:
    """(type, fullUrl) of the entries of a Bundle that have one; none of what is no readable Bundle."""
    try:
        found = _decode_bundle(raw).entry or ()
    except msgspec.MsgspecError:
        return ()
    return tuple((one.resource.kind, one.fullUrl) for one in found if one.resource and one.fullUrl)


def own_addresses(patient_id: str, sender: Sender) -> frozenset[str]:
    """Plain addresses of a patient by what the sender says; none where it says nothing of its server.

    A Patient entry's own fullUrl goes before the bases of the other entries.
    """
    patients = {plain(url) for kind, url in sender.entries if kind == "Patient"}
    is_told = any(not address.startswith("urn:") for address in patients)
    bases = {_base(kind, url) for kind, url in (() if is_told else sender.entries)}
    bases.add(plain(sender.server) if sender.server else None)
    return frozenset({*patients, *(f"{base}/Patient/{patient_id}" for base in bases if base)})


def only_address(patient_id: str, references: Iterable[str], alike: Iterable[str]) -> frozenset[str]:
    """The plain address to which all absolute references that end in this patient's id lead; none when there
    are several, and none where one of `alike`, the references of the same type of resource, is relative: a
    server writes those in one way."""
    tail = f"Patient/{patient_id}"
    meant = {address for address in map(plain, references) if address.endswith(f"/{tail}")}
    return frozenset(meant) if len(meant) == 1 and tail not in map(plain, alike) else frozenset()


def plain(reference: str) -> str:
    """A reference without scheme, default port, version and slashes at its end; a host in small letters."""
    unversioned = reference.partition("/_history/")[0].rstrip("/")
    scheme, mark, rest = unversioned.partition("://")
    if not mark:
        return unversioned
    host, slash, path = rest.partition("/")
    return f"{host.lower().removesuffix(_PORTS.get(scheme.lower(), ''))}{slash}{path}"


def _base(kind: str, url: str) -> str | None:
    """Plain base of a server of which an entry's fullUrl tells: what stands before its type and id."""
    head, mark, _ = plain(url).rpartition(f"/{kind}/")
    return head if mark and "://" in url else None
