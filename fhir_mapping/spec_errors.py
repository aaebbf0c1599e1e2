"""Errors of a feature's spec, with the way to the place: file, line, feature and field."""

import re
from pathlib import Path

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.yamlfile import line_of

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_UNKNOWN_FIELD = re.compile(r"unknown field `(.*)`")


def ill_typed(error: msgspec.ValidationError) -> SpecError:
    """What msgspec found, and the path to it; an unknown field is part of the path."""
    message, _, where = str(error).partition(" - at `$")
    path: list[str | int] = [int(at) if at else field for field, at in _STEP.findall(where)]
    unknown = _UNKNOWN_FIELD.search(message)
    if unknown is not None:
        return SpecError("is no field of this kind of feature", *path, unknown[1])
    return SpecError(message, *path)


def of_feature(error: SpecError, name: str) -> SpecError:
    """The error with the name of its feature and field in front."""
    field = ""
    for step in error.path:
        field += f"[{step}]" if isinstance(step, int) else f".{step}" if field else step
    told = f"{field}: {error}" if field else str(error)
    return SpecError(f"feature `{name}`: {told}", *error.path)


def located(error: SpecError, where: str, file: Path | None, at: int) -> SpecError:
    """An error in the feature at a position, with the file and the line of the field in front."""
    try:
        text = file.read_text(encoding="utf-8") if file is not None else ""
    except (OSError, UnicodeDecodeError):
        text = ""
    line = line_of(text, ("features", at, *error.path))
    return SpecError(f"{where}:{line}: {error}" if line is not None else f"{where}: {error}", *error.path)
