"""Tables of facts: analytes (codes, units, ranges) and value sets, read once from data files."""

import difflib
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.terminology.tables import Analyte, read_tables

__all__ = ["Analyte", "Codes", "analyte", "analytes", "shipped_valuesets", "valueset", "valueset_document"]

Codes = tuple[tuple[str, str], ...]  # (code, system), in order of the file

_DATA = resources.files("fhir_mapping") / "data"


@cache
def analytes() -> dict[str, Analyte]:
    """All analytes by id; raises SpecError that names file, analyte and field when an entry does not fit."""
    return read_tables(_DATA)


def analyte(name: str) -> Analyte:
    """One analyte; raises SpecError that gives the near names, or all where none is near."""
    found = analytes().get(name)
    if found is None:
        raise SpecError(f"analyte `{name}` is in none of the tables; {_remedy(name, analytes())}")
    return found


def shipped_valuesets() -> tuple[str, ...]:
    """Ids of the value sets that come with the package, sorted."""
    files = (_DATA / "valuesets").iterdir()
    return tuple(sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json")))


@lru_cache(maxsize=1)  # codes are remembered below; the documents with their texts take several times as much
def valueset_document(name: str) -> dict[str, Any]:
    """The FHIR ValueSet that is shipped under a name; raises SpecError that gives the near names, or all."""
    if name not in shipped_valuesets():
        raise SpecError(f"value set `{name}` is not shipped; {_remedy(name, shipped_valuesets())}")
    document: dict[str, Any] = msgspec.json.decode((_DATA / "valuesets" / f"{name}.json").read_bytes())
    return document


@cache
def valueset(name: str) -> Codes:
    """Codes of a shipped value set (FHIR ValueSet with enumerated codes); raises SpecError when there is
    none."""
    includes = valueset_document(name).get("compose", {}).get("include", [])
    codes = tuple((c["code"], part["system"]) for part in includes for c in part.get("concept", ()))
    if not codes:
        raise SpecError(f"value set `{name}` enumerates no codes")
    return codes


def _remedy(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3) or [one for one in names if name and name in one][:3]
    if near:
        return f"did you mean {' or '.join(f'`{one}`' for one in near)}?"
    return f"known: {', '.join(names)}"
