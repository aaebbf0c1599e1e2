"""The two sides: where each answers, what its workers cost, and the risk that it tells."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import forest
import yaml
from payloads import LOINC, READ
from server import live

TICKS = os.sysconf("SC_CLK_TCK")
HEADERS = {"Content-Type": "application/json"}


class Contender(NamedTuple):
    """One side of the comparison; `cpu` tells the CPU seconds of its worker so far."""

    name: str
    port: int
    path: str
    cpu: Callable[[], float]
    risk_of: Callable[[Mapping[str, Any]], float]

    def risk(self, body: bytes) -> float:
        """The probability that its only card tells, to six digits. Raises RuntimeError without one card."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", self.path, body, HEADERS)
        answer = connection.getresponse()
        cards = json.loads(answer.read()).get("cards", ())
        connection.close()
        if answer.status != 200 or len(cards) != 1:
            raise RuntimeError(f"{self.name} answered {answer.status} with {len(cards)} cards")
        return self.risk_of(cards[0])


@contextlib.contextmanager
def bedside(models: Path) -> Iterator[Contender]:
    """Bedside as it is deployed, with one worker: touched resources validated, every answer in the ledger."""
    with live(models) as service:
        yield Contender("Bedside", service.port, "/cds-services/forest", service.cpu, _score)


@contextlib.contextmanager
def healthchain(python: Path, model: Path, home: Path) -> Iterator[Contender]:
    """HealthChain under uvicorn with one worker; `python` is its own, `home` a folder for its schema."""
    schema = home / "schema.yaml"
    schema.write_text(yaml.safe_dump(feature_schema(), sort_keys=False), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "PEER_MODEL": str(model / "model.onnx"),
        "PEER_SCHEMA": str(schema),
        "PEER_FEATURES": ",".join(feature_schema()["features"]),
    }
    place = ["--app-dir", str(Path(__file__).parent), "--host", "127.0.0.1", "--port", str(port)]
    command = [str(python), "-m", "uvicorn", "healthchain_app:app", *place, "--log-level", "error"]
    with subprocess.Popen(
        command, env=environment, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(port, process)
            name, path = "HealthChain", "/cds/cds-services/forest"
            yield Contender(name, port, path, lambda: _cpu(process.pid), lambda card: float(card["detail"]))
        finally:
            process.terminate()


def feature_schema() -> dict[str, Any]:
    """The features of the benchmark's model as HealthChain's schema, in the model's order."""
    names = [feature["name"] for feature in forest.features()]
    values = [
        {"fhir_resource": "Observation", "code": code, "code_system": LOINC, "dtype": "float64"}
        for code, *_ in READ
    ]
    person = [
        {"fhir_resource": "Patient", "field": "birthDate", "transform": "calculate_age", "dtype": "int64"},
        {"fhir_resource": "Patient", "field": "gender", "transform": "encode_gender", "dtype": "int64"},
    ]
    features = dict(zip(names, [*values, *person], strict=True))
    age = {"age_calculation": "current_date"}
    return {"name": "forest", "version": "1.0.0", "metadata": age, "features": features}


def _score(card: Mapping[str, Any]) -> float:
    return float(card["extension"]["org.bedside.prediction"]["score"])


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(6000):
        if process.poll() is not None:
            raise RuntimeError(f"HealthChain ended with {process.returncode}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/cds/cds-discovery")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.01)
    raise RuntimeError("HealthChain does not get ready")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
