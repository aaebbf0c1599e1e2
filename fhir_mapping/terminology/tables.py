"""Reads the tables of analytes: one YAML file for each panel, and one of spellings that they share.

`data/analytes/README.md` describes the fields of an entry for those who write one.
"""

from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Any

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.terminology.units import table
from fhir_mapping.yamlfile import YAMLError, read_yaml

LOINC = "http://loinc.org"
SPELLINGS = "spellings.yaml"
FOLDER = "analytes"


class Analyte(msgspec.Struct, frozen=True):
    """One measured quantity: every code that means it, its canonical unit and the accepted other ones.

    `units` gives for each UCUM code the factor to the canonical unit, or {times, plus}; `spellings` leads
    from what laboratories write to one of these. `range` holds plausible values, `example` a usual one, both
    in the canonical unit; `molar_mass` is in g/mol. `from_memory` are the codes that a terminologist has
    still to confirm. `names` are what it is called where it has no code, `unread` the codes that mean it and
    whose values cannot be compared with the others.
    """

    label: str
    codes: tuple[dict[str, str], ...]
    unit: str
    units: dict[str, Any]
    range: tuple[float, float]
    panels: tuple[str, ...] = ()
    spellings: dict[str, str] = {}
    molar_mass: float | None = None
    valence: int | None = None
    from_memory: tuple[str, ...] = ()
    source: str | None = None
    example: float | None = None
    names: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An analyte as a file writes it."""

    label: str
    loinc: dict[str, str]
    unit: str
    units: dict[str, Any]
    range: tuple[float, float]
    source: str
    example: float | None = None
    panels: tuple[str, ...] = ()
    spellings: dict[str, str] | None = None
    also: dict[str, str] = {}
    molar_mass: float | None = None
    valence: int | None = None
    from_memory: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    unread: dict[str, str] = {}


class _Panel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    analytes: dict[str, dict[str, Any]]


class _Shared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    date: Any
    source: str
    spellings: dict[str, tuple[str, ...]]


def read_tables(data: Traversable) -> dict[str, Analyte]:
    """All analytes by id of a folder that holds `spellings.yaml` and `analytes/*.yaml`.

    Raises SpecError that names file, analyte and field: for an unknown, missing or ill-typed field, a unit
    without a factor, a spelling without its unit or with two, an empty range, and an analyte or a code that
    stands twice.
    """
    shared = _converted((data / SPELLINGS), _Shared, SPELLINGS).spellings
    found: dict[str, Analyte] = {}
    owners: dict[str, str] = {}
    for where, name, fields in _entries(data):
        if name in found:
            raise SpecError(f"{where}: stands in two files; keep one")
        found[name] = _analyte(where, fields, shared)
        for code in (*(one["code"] for one in found[name].codes), *found[name].unread):
            other = owners.setdefault(code, name)
            if other != name:
                raise SpecError(f"{where}: loinc: {code} belongs to `{other}` already")
    return found


def _entries(data: Traversable) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(where it stands, id, fields) of each analyte of each file."""
    files = [file for file in (data / FOLDER).iterdir() if file.name.endswith(".yaml")]
    for file in sorted(files, key=lambda file: file.name):
        where = f"{FOLDER}/{file.name}"
        for name, fields in _converted(file, _Panel, where).analytes.items():
            yield f"{where}: analyte `{name}`", name, fields


def _converted(file: Traversable, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(read_yaml(file.read_text(encoding="utf-8")), kind)
    except (msgspec.ValidationError, YAMLError, UnicodeDecodeError, OSError) as error:
        raise SpecError(f"{where}: {error}") from None


def _analyte(where: str, fields: dict[str, Any], shared: Mapping[str, tuple[str, ...]]) -> Analyte:
    try:
        entry = msgspec.convert(fields, _Entry)
        spellings = _spellings(entry, shared)
        table(entry.unit, entry.units, spellings)
    except (msgspec.ValidationError, ValueError) as error:
        raise SpecError(f"{where}: {error}") from None
    if not entry.range[0] < entry.range[1]:
        raise SpecError(f"{where}: range: must be [low, high]")
    if entry.example is not None and not entry.range[0] <= entry.example <= entry.range[1]:
        raise SpecError(f"{where}: example: must lie in the range")
    both = set(entry.unread) & set(entry.loinc)
    if both:
        raise SpecError(f"{where}: unread: {min(both)} is in `loinc` too; a value can be compared or not")
    unknown = set(entry.from_memory) - set(entry.loinc) - set(entry.panels)
    if unknown:
        raise SpecError(f"{where}: from_memory: {min(unknown)} is no code of this analyte")
    return Analyte(
        label=entry.label,
        codes=tuple({"system": LOINC, "code": code} for code in entry.loinc),
        unit=entry.unit,
        units=entry.units,
        range=entry.range,
        panels=entry.panels,
        spellings=spellings,
        molar_mass=entry.molar_mass,
        valence=entry.valence,
        from_memory=entry.from_memory,
        source=entry.source,
        example=entry.example,
        names=entry.names,
        unread=tuple(entry.unread),
    )


def _spellings(entry: _Entry, shared: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The entry's own list where it has one, else the shared spellings of its units; `also` on top.

    Raises ValueError for a spelling that would mean two units.
    """
    if entry.spellings is not None:
        return {**entry.spellings, **entry.also}
    units = (entry.unit, *entry.units)
    found: dict[str, str] = {}
    for unit in units:
        for spelling in shared.get(unit, ()):
            if spelling in units:
                continue
            if spelling in found:
                raise ValueError(
                    f"spellings: {spelling!r} could be {found[spelling]!r} or {unit!r}; list them here"
                )
            found[spelling] = unit
    return {**found, **entry.also}
