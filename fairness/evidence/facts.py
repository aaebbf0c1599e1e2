"""The data files of this folder: frameworks, protected inputs, what the software itself does."""

from functools import cache
from pathlib import Path
from typing import Any

from fhir_mapping.yamlfile import read_yaml

_DATA = Path(__file__).parent / "data"


@cache
def facts(name: str) -> dict[str, Any]:
    """Content of `data/<name>.yaml`; one copy for all, so callers must not change it."""
    content = read_yaml((_DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise TypeError(f"{name}.yaml does not hold a mapping")
    return content
