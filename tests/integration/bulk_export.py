"""Charts as a Bulk Data export, and the rows that the hook would compute of the same charts."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cds_hooks.ehr.bundle_file import PatientBundle
from cds_hooks.ehr.search import answer
from cds_hooks.protocol import read_call
from fhir_mapping import prefetch
from fhir_mapping.bulk.local import Outcome, plan_of, run
from fhir_mapping.bulk.rows import Extraction, FeatureRow
from fhir_mapping.bulk.work import WorkFolder
from fhir_mapping.features import FeatureSet
from fhir_mapping.record import PatientRecord
from fhir_mapping.times import time_zone

Resource = dict[str, Any]
ROOT = Path(__file__).parents[2]
CATALOG = ROOT / "models" / "catalog"
MODELS = ("type2-diabetes-risk", "immunotherapy-response")
PIECE = 200_000
"""Bytes of a piece that cut a test's export into many."""


def bundles(folder: Path) -> Iterator[tuple[PatientBundle, list[Resource]]]:
    """Each transaction Bundle of a folder as a chart and as resources that refer to each other by type and
    id, as an export has them."""
    for path in sorted(folder.glob("*.json.gz")):
        document = json.loads(gzip.decompress(path.read_bytes()))
        names = {
            entry["fullUrl"]: f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
            for entry in document["entry"]
        }
        resources = [_relative(entry["resource"], names) for entry in document["entry"]]
        patient = next(found for found in resources if found["resourceType"] == "Patient")
        yield PatientBundle(patient, tuple(resources)), resources


def _relative(element: Any, names: dict[str, str]) -> Any:
    if isinstance(element, dict):
        return {
            name: names.get(inside, inside)
            if name == "reference" and isinstance(inside, str)
            else _relative(inside, names)
            for name, inside in element.items()
        }
    return [_relative(inside, names) for inside in element] if isinstance(element, list) else element


def write_export(folder: Path, resources: Iterable[Resource]) -> Path:
    """One plain file for each type."""
    folder.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[str]] = {}
    for found in resources:
        lines.setdefault(found["resourceType"], []).append(json.dumps(found, ensure_ascii=False))
    for kind, listed in lines.items():
        (folder / f"{kind}.ndjson").write_text("\n".join(listed) + "\n", encoding="utf-8")
    return folder


def write_shuffled(folder: Path, resources: Sequence[Resource], seed: int = 5) -> Path:
    """Lines in another order, several files for each type, every second one gzip, some in inner folders."""
    rng = random.Random(seed)
    by_type: dict[str, list[Resource]] = {}
    for found in resources:
        by_type.setdefault(found["resourceType"], []).append(found)
    for kind, listed in by_type.items():
        rng.shuffle(listed)
        for part in range(3):
            content = "".join(json.dumps(found) + "\r\n" for found in listed[part::3]).encode()
            place = folder / ("b" if part == 1 else "a")
            place.mkdir(parents=True, exist_ok=True)
            if part == 2:
                (place / f"{kind}.{part:03}.ndjson.gz").write_bytes(gzip.compress(content, 1))
            else:
                (place / f"{part}-{kind}.ndjson").write_bytes(content)
    return folder


def manifest(model: str) -> str:
    """Path of a catalogue model's model.yaml."""
    return str(CATALOG / model / "model.yaml")


def extracted(
    export: Path,
    work: Path,
    job: Any,
    processes: int = 1,
    piece_bytes: int = PIECE,
) -> Outcome:
    """A run on local cores."""
    plan = plan_of(export, {"model": "test"}, piece_bytes)
    return run(export, WorkFolder.begin(work, plan), plan, job, processes, lambda *_: None)


def encoded(rows: Iterable[Any]) -> dict[str, bytes]:
    """Rows by patient as bytes, in which every bit of a number counts."""
    encode = msgspec.msgpack.Encoder().encode
    listed = [(row.patient, encode(row)) for row in rows]
    found = dict(listed)
    assert len(found) == len(listed)
    assert list(found) == sorted(found)
    return found


def feature_rows(export: Path, work: Path, model: str, index: datetime, **how: Any) -> dict[str, bytes]:
    """Rows of `bedside extract`, before they become a table."""
    job = Extraction(manifest(model), index)
    return encoded(extracted(export, work, job, **how).rows(FeatureRow))


def hook_record(
    chart: PatientBundle,
    features: FeatureSet,
    beside: dict[str, Any] | None = None,
    zone: str = "UTC",
) -> PatientRecord:
    """The record that the service makes of a hook's prefetch for this chart; `beside` holds further keys."""
    asked = {
        key: answer(query.replace("{{context.patientId}}", chart.patient_id), chart)
        for key, query in prefetch.templates([features]).items()
    }
    body = {
        "hook": "patient-view",
        "hookInstance": "6f1f2b34-55a7-4d6f-9f3e-2a1b7c9d0e11",
        "context": {"userId": "Practitioner/demo", "patientId": chart.patient_id},
        "prefetch": {
            key: found if found is None or found.get("entry", 1) else None for key, found in asked.items()
        }
        | (beside or {}),
    }
    call = read_call(json.dumps(body).encode(), ("patient-view",))
    record = PatientRecord(
        call.context.patient_id, call.payloads, call.raw, (), call.issues, zone=time_zone(zone)
    )
    for key, state in record.states.items():
        if state in ("null", "empty"):
            record.answer(prefetch.answered(key))
    return record


def hook_rows(charts: Iterable[PatientBundle], model: str, index: datetime) -> dict[str, bytes]:
    """Rows of the same form as those of an export, by way of the hook."""
    features = FeatureSet.load(Path(manifest(model)))
    rows = [
        FeatureRow(chart.patient_id, features.extract(hook_record(chart, features), index).values)
        for chart in charts
    ]
    return encoded(sorted(rows, key=lambda row: row.patient))
