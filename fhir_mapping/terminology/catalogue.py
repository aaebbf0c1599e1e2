"""Tables of facts: analytes (codes, units, ranges) and value sets, read once from data files."""

from functools import cache
from importlib import resources
from typing import Any

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.yamlfile import YAMLError, read_yaml

Codes = tuple[tuple[str, str], ...]  # (code, system), in order of the file


class Analyte(msgspec.Struct, frozen=True):
    """One measured quantity: every code that means it, its canonical unit and the accepted other ones."""

    label: str
    codes: tuple[dict[str, str], ...]
    unit: str
    units: dict[str, Any]
    range: tuple[float, float]
    panels: tuple[str, ...] = ()
    spellings: dict[str, str] = {}
    molar_mass: float | None = None
    source: str | None = None


@cache
def analytes() -> dict[str, Analyte]:
    """All analytes by id; raises SpecError when the file does not fit."""
    text = (resources.files("fhir_mapping") / "data" / "analytes.yaml").read_text(encoding="utf-8")
    try:
        return msgspec.convert(read_yaml(text)["analytes"], dict[str, Analyte])
    except (msgspec.ValidationError, KeyError, YAMLError) as error:
        raise SpecError(f"analytes.yaml: {error}") from None


def analyte(name: str) -> Analyte:
    """One analyte; raises SpecError that lists near names."""
    found = analytes().get(name)
    if found is None:
        raise SpecError(f"analyte `{name}` is not in analytes.yaml; known: {', '.join(sorted(analytes()))}")
    return found


@cache
def valueset(name: str) -> Codes:
    """Codes of a value set file (FHIR ValueSet with enumerated codes); raises SpecError when there is
    none."""
    path = resources.files("fhir_mapping") / "data" / "valuesets" / f"{name}.json"
    if not path.is_file():
        raise SpecError(f"value set `{name}` is not in fhir_mapping/data/valuesets")
    document = msgspec.json.decode(path.read_bytes())
    includes = document.get("compose", {}).get("include", [])
    codes = tuple((c["code"], part["system"]) for part in includes for c in part.get("concept", ()))
    if not codes:
        raise SpecError(f"value set `{name}` enumerates no codes")
    return codes
