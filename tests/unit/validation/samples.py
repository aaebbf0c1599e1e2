"""Resources of the FHIR samples, of the types that are validated."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fhir_mapping.validate import TOUCHED_TYPES


def touched(folder: Path, every: int = 1) -> Iterator[dict[str, Any]]:
    """Resources in a folder's JSON, NDJSON and gzipped files, Bundles opened; of each `every`-th document."""
    documents = (document for path in sorted(folder.rglob("*")) for document in _documents(path))
    for i, document in enumerate(documents):
        if i % every == 0:
            yield from _resources(json.loads(document))


def _documents(path: Path) -> list[bytes]:
    if not {".json", ".ndjson"} & set(path.suffixes):
        return []
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [line for line in content.splitlines() if line] if ".ndjson" in path.suffixes else [content]


def _resources(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if document.get("resourceType") in TOUCHED_TYPES:
        yield document
    for entry in document.get("entry", []):
        yield from _resources(entry.get("resource", {}))
