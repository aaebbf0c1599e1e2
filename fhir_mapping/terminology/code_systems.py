"""Code systems by their canonical URLs, whatever a sender calls them, and ICD codes in their dotted form.

A chart that names LOINC by its OID or writes `e119` in ICD-10-CM means what everybody means; read as it
stands, it would be found in no feature and pass for "none recorded".
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import resources

import msgspec

from fhir_mapping.wire import Coding
from fhir_mapping.yamlfile import read_yaml

__all__ = ["DOTTED", "canonical", "canonical_pair", "code_systems", "meant", "names_of", "normal_code"]

_ICD_10 = re.compile(r"([A-Z][0-9][0-9A-Z])([0-9A-Z]+)")
_ICD_9 = re.compile(r"(E[0-9]{3}|[V0-9][0-9]{2})([0-9]{1,2})")
_UNDOTTED: Mapping[str, re.Pattern[str]] = {
    "http://hl7.org/fhir/sid/icd-10": _ICD_10,
    "http://hl7.org/fhir/sid/icd-10-cm": _ICD_10,
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm": _ICD_10,
    "http://hl7.org/fhir/sid/icd-9-cm": _ICD_9,
}

DOTTED = frozenset(_UNDOTTED)
"""Systems whose codes are written in several ways: with and without a dot, in capitals or not."""

_LONGEST_CODE = 64
"""Characters of the longest code that is remembered: whatever is sent in its place is not."""


class _Table(msgspec.Struct, frozen=True):
    """`data/code-systems.yaml`: titles by canonical URL, and other names by canonical URL."""

    systems: dict[str, str]
    aliases: dict[str, tuple[str, ...]]


def code_systems() -> Mapping[str, str]:
    """Title of every code system that a feature may name, by its canonical URL."""
    return _table().systems


def canonical(system: str) -> str:
    """The canonical URL of a code system that goes by another name: an OID, `https`, a slash at the end.

    A system that the table does not know comes back as it is.
    """
    return _names().get(system, system)


def names_of(system: str) -> frozenset[str]:
    """Every name under which a code system (canonical URL) goes, that URL among them."""
    return _all_names().get(system, frozenset((system,)))


def normal_code(system: str, code: str) -> str:
    """A code as its system (canonical URL) writes it: ICD codes in capitals and dotted, where listed above.

    The dot stands after the third character, in E codes of ICD-9-CM after the fourth. What does not have the
    form of such a code is only put in capitals; codes of other systems, and texts too long for a code, come
    back as they are.
    """
    return _normal(system, code) if system in _UNDOTTED and len(code) <= _LONGEST_CODE else code


@lru_cache(maxsize=8192)
def _normal(system: str, code: str) -> str:
    code = code.upper()
    match = _UNDOTTED[system].fullmatch(code)
    return f"{match[1]}.{match[2]}" if match is not None else code


def canonical_pair(code: str, system: str) -> tuple[str, str]:
    """(code, system) with the system's canonical URL and the code as that system writes it."""
    system = canonical(system)
    return normal_code(system, code), system


def meant(coding: Coding) -> tuple[str | None, str | None]:
    """(code, system) of a coding as everybody writes them; what is not said stays None."""
    code, system = coding.code, coding.system
    return (code, system) if code is None or system is None else canonical_pair(code, system)


@cache
def _table() -> _Table:
    text = (resources.files("fhir_mapping") / "data" / "code-systems.yaml").read_text(encoding="utf-8")
    return msgspec.convert(read_yaml(text), _Table)


@cache
def _names() -> Mapping[str, str]:
    """Canonical URL by every name of a system; a name that is a system of its own is never another's."""
    table = _table()
    names: dict[str, str] = {}
    for system in table.systems:
        for name in (system, *table.aliases.get(system, ())):
            names.update(dict.fromkeys(_forms(name), system))
    return names | {system: system for system in table.systems}


@cache
def _all_names() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, system in _names().items():
        found.setdefault(system, set()).add(name)
    return {system: frozenset(names) for system, names in found.items()}


def _forms(name: str) -> Iterator[str]:
    """A name and, where it is a web address, the same with http and https, with and without a slash."""
    yield name
    scheme, _, rest = name.removesuffix("/").partition("://")
    for web in ("http", "https") if scheme in ("http", "https") else ():
        yield f"{web}://{rest}"
        yield f"{web}://{rest}/"
