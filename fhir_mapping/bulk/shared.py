"""Resources that belong to no patient (drugs), by id: an index in memory, the JSON on disk."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np

from fhir_mapping.bulk.charts import recency
from fhir_mapping.bulk.scan import Kept
from fhir_mapping.bulk.spill import identity_digest

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Kept).decode
_DRUG = "Medication"
_ROW = np.dtype([("digest", "<i8"), ("offset", "<i8"), ("length", "<i8")])


def write_shared(path: Path, kept: Iterable[Kept]) -> None:
    """Write a table of shared resources: `path` holds them, `path` + `.index` where each lies."""
    rows = []
    with path.open("wb") as file:
        for one in kept:
            if one.id is not None:
                blob = _encode(one)
                rows.append((identity_digest(_DRUG, one.id), file.tell(), len(blob)))
                file.write(blob)
    table = np.array(rows, dtype=_ROW)
    np.sort(table, order="digest").tofile(path.with_name(path.name + ".index"))


class SharedTable:
    """Shared resources of a run by id; of several versions the newest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        index = path.with_name(path.name + ".index")
        self._index = np.fromfile(index, dtype=_ROW)

    def __call__(self, name: str) -> bytes | None:
        """JSON of the Medication with an id, None when the export has none."""
        digests = self._index["digest"]
        wanted = identity_digest(_DRUG, name)
        first, last = np.searchsorted(digests, wanted, "left"), np.searchsorted(digests, wanted, "right")
        if first == last:
            return None
        found = []
        with self._path.open("rb") as file:
            for _, offset, length in self._index[first:last].tolist():
                file.seek(offset)
                found.append(_decode(file.read(length)))
        return max((one.raw for one in found if one.id == name), key=recency, default=None)
