"""A site's folder of terminology in the making, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fhir_mapping.terminology.site import SiteTerminology

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
LOCAL = "https://lab.example.org/codes"
OURS = "https://bedside.example/fhir/ValueSet/"


class Folder:
    """A site's folder in the making."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("valuesets", "conceptmaps"):
            (path / name).mkdir()

    def valueset(self, name: str, *include: dict[str, Any], file: str = "", **more: Any) -> Folder:
        """Add a value set with these includes."""
        document = {
            "resourceType": "ValueSet",
            "id": name,
            "status": "active",
            "compose": {"include": include},
        }
        return self.write(f"valuesets/{file or name}.json", {**document, **more})

    def conceptmap(self, *group: dict[str, Any], file: str = "lab") -> Folder:
        """Add a concept map with these groups."""
        return self.write(
            f"conceptmaps/{file}.json", {"resourceType": "ConceptMap", "status": "active", "group": group}
        )

    def write(self, name: str, document: Any) -> Folder:
        """Write JSON, or bytes as they are."""
        raw = document if isinstance(document, bytes) else json.dumps(document).encode()
        (self.path / name).write_bytes(raw)
        return self

    def load(self) -> SiteTerminology:
        """What the folder comes to."""
        return SiteTerminology.load(self.path, quiet=True)


def codes(*listed: str, system: str = SNOMED) -> dict[str, Any]:
    """An include that enumerates codes."""
    return {"system": system, "concept": [{"code": code} for code in listed]}


def mapped(
    local: str, standard: str, equivalence: str | None = "equivalent", *, system: str = LOINC, **more: Any
) -> dict[str, Any]:
    """A group that maps one local code."""
    target = {"code": standard, **({"equivalence": equivalence} if equivalence else {}), **more}
    return {"source": LOCAL, "target": system, "element": [{"code": local, "target": [target]}]}
