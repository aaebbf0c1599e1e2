"""FHIR ValueSet and ConceptMap as a site keeps them in files: decoded, or refused with path and remedy.

Only enumerated codes are read. What would need a terminology server (filters, whole code systems) is refused
with the command that expands it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fhir_mapping.errors import SpecError

MAX_BYTES = 64 * 1024 * 1024
EXPAND = "expand it with `bedside terminology expand` and keep what that writes"

Document = TypeVar("Document")


class Concept(msgspec.Struct, frozen=True):
    """A code of an enumeration."""

    code: str
    display: str | None = None


class ConceptSet(msgspec.Struct, frozen=True, rename="camel"):
    """One `include` or `exclude` of a definition."""

    system: str | None = None
    version: str | None = None
    concept: tuple[Concept, ...] = ()
    filter: tuple[msgspec.Raw, ...] = ()
    value_set: tuple[str, ...] = ()


class Compose(msgspec.Struct, frozen=True):
    """The definition of a value set."""

    include: tuple[ConceptSet, ...]
    exclude: tuple[ConceptSet, ...] = ()


class Contains(msgspec.Struct, frozen=True):
    """A code of an expansion; an abstract one only groups those below it."""

    system: str | None = None
    version: str | None = None
    code: str | None = None
    display: str | None = None
    abstract: bool = False
    contains: tuple["Contains", ...] = ()


class Extension(msgspec.Struct, frozen=True):
    """An extension, of which only its kind matters here."""

    url: str = ""


class Expansion(msgspec.Struct, frozen=True):
    """What a definition came to: a page of it, or all."""

    total: int | None = None
    offset: int | None = None
    contains: tuple[Contains, ...] = ()
    extension: tuple[Extension, ...] = ()

    def entries(self) -> Iterator[Contains]:
        """Every entry of every depth, abstract ones too."""
        waiting = list(reversed(self.contains))
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(reversed(one.contains))

    def codes(self) -> Iterator[Contains]:
        """Every entry that a patient can have: not the abstract ones."""
        return (entry for entry in self.entries() if not entry.abstract)


class ValueSet(msgspec.Struct, frozen=True, rename="camel"):
    """A FHIR ValueSet."""

    resource_type: str
    id: str | None = None
    url: str | None = None
    version: str | None = None
    name: str | None = None
    title: str | None = None
    status: str | None = None
    copyright: str | None = None
    compose: Compose | None = None
    expansion: Expansion | None = None


class Target(msgspec.Struct, frozen=True, rename="camel"):
    """What a code is mapped to; R4 says `equivalence`, R5 `relationship`."""

    code: str | None = None
    equivalence: str | None = None
    relationship: str | None = None
    depends_on: tuple[msgspec.Raw, ...] = ()
    product: tuple[msgspec.Raw, ...] = ()


class Element(msgspec.Struct, frozen=True):
    """A code that is mapped."""

    code: str | None = None
    target: tuple[Target, ...] = ()


class Group(msgspec.Struct, frozen=True):
    """Mappings from one code system to another."""

    source: str | None = None
    target: str | None = None
    element: tuple[Element, ...] = ()
    unmapped: Any = None


class ConceptMap(msgspec.Struct, frozen=True, rename="camel"):
    """A FHIR ConceptMap."""

    resource_type: str
    id: str | None = None
    group: tuple[Group, ...] = ()


def read(file: Path, where: str, kind: type[Document]) -> Document:
    """The resource of a file; raises SpecError that names file, JSON path and remedy."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise SpecError(f"{where}: is larger than {MAX_BYTES // 1024 // 1024} MiB; split it")
        raw = file.read_bytes()
    except OSError as error:
        raise SpecError(f"{where}: cannot be read ({type(error).__name__}); check its permissions") from None
    return decode(raw, where, kind)


def decode(raw: bytes, where: str, kind: type[Document]) -> Document:
    """The resource in JSON bytes; raises SpecError that names JSON path and remedy."""
    wanted = kind.__name__
    try:
        document = msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise SpecError(f"{where}: {error}; it must be a FHIR R4 {wanted}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SpecError(f"{where}: is no JSON in UTF-8 ({error}); write it again") from None
    found = getattr(document, "resource_type", None)
    if found != wanted:
        raise SpecError(f"{where}: $.resourceType: is not {wanted}; move the file to the folder of its type")
    return document
