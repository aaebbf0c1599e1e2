"""A Bulk Data export of invented people, large enough to time: 100 Observations for each patient."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import payloads

PATIENTS, EACH = 10_000, 100
_READ_SHARE = 10 / 21
"""Of 21 kinds of results in a chart, all equally frequent, the features read ten."""
_TIMES = 20_000
_SECONDS = 1400 * 86_400
_MARKS = {
    "id": "mark-id",
    "patient": "mark-patient",
    "updated": "mark-updated",
    "effective": "mark-effective",
    "issued": "mark-issued",
}


def write(folder: Path, patients: int = PATIENTS, each: int = EACH, seed: int = 1) -> int:
    """Write Observation.ndjson, patient by patient, with ids of their own; returns its bytes."""
    rng = random.Random(seed)
    templates = [_template(code) for code in (*payloads.READ, *payloads.UNREAD)]
    times = sorted({_time(rng) for _ in range(3 * _TIMES)})[:_TIMES]
    rng.shuffle(times)
    with (folder / "Observation.ndjson").open("wb", buffering=2**20) as file:
        for number in range(patients):
            file.writelines(_lines(rng, f"p{number:07}", each, templates, times))
        return file.tell()


def _lines(
    rng: random.Random,
    patient: str,
    each: int,
    templates: list[tuple[bytes, float, float]],
    times: list[bytes],
) -> Iterator[bytes]:
    who = patient.encode()
    start = int(rng.random() * _TIMES)
    read, unread = templates[: len(payloads.READ)], templates[len(payloads.READ) :]
    for number in range(each):
        table = read if rng.random() < _READ_SHARE else unread
        template, mean, spread = table[int(rng.random() * len(table))]
        # No time twice in a patient: which of two equal ones counts would differ between the engines.
        first = (start + 3 * number) % (_TIMES - 2)
        value = round(max(rng.gauss(mean, spread), mean / 3), 2)
        yield template % {
            b"id": b"%b-%d" % (who, number),
            b"patient": who,
            b"updated": times[first],
            b"effective": times[first + 1],
            b"issued": times[first + 2],
            b"value": b"%r" % value,
        }


def _template(code: tuple[str, str, str, float, float]) -> tuple[bytes, float, float]:
    """A line of one code with marks for what differs, mean and standard deviation of its value."""
    table = payloads.READ if code in payloads.READ else payloads.UNREAD
    resource = payloads.observation(random.Random(0), _position(table.index(code), table))
    resource["id"] = _MARKS["id"]
    resource["subject"]["reference"] = f"Patient/{_MARKS['patient']}"
    resource["meta"]["lastUpdated"] = _MARKS["updated"]
    resource["effectiveDateTime"] = _MARKS["effective"]
    resource["issued"] = _MARKS["issued"]
    resource["valueQuantity"]["value"] = "mark-value"
    line = orjson.dumps(resource).replace(b"%", b"%%").replace(b'"mark-value"', b"%(value)b")
    for name, mark in _MARKS.items():
        line = line.replace(mark.encode(), b"%%(%b)b" % name.encode())
    assert code[0].encode() in line
    return line + b"\n", code[3], code[4]


def _position(at: int, table: tuple[tuple[str, str, str, float, float], ...]) -> int:
    """A number for which `payloads.observation` takes this entry of this table."""
    is_read = table is payloads.READ
    return next(
        i for i in range(10_000) if i % len(table) == at and (i < len(payloads.READ) or i % 3 == 0) == is_read
    )


def _time(rng: random.Random) -> bytes:
    when = payloads.INDEX - timedelta(days=1, seconds=rng.randrange(_SECONDS))
    return when.strftime("%Y-%m-%dT%H:%M:%S+00:00").encode()
