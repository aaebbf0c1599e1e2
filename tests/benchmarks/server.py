"""A live worker under gunicorn: CPU per request, memory, start to first answer."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")


class Live(NamedTuple):
    """A running service with one worker."""

    port: int
    master: int
    first_answer: float

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        listed = Path(f"/proc/{self.master}/task/{self.master}/children").read_text(encoding="ascii")
        return [int(pid) for pid in listed.split()]

    def cpu(self) -> float:
        """CPU seconds of the workers so far."""
        return sum(_cpu(pid) for pid in self.workers())

    def memory(self) -> float:
        """Largest resident set of a worker, MiB; pages shared with the master count in full."""
        return max(_rss(pid) for pid in self.workers())

    def post(self, service: str, body: bytes, times: int = 1) -> float:
        """Post a body over one connection; returns the seconds it took. Raises RuntimeError on a non-200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        started = time.perf_counter()
        for _ in range(times):
            connection.request("POST", f"/cds-services/{service}", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{service} answered {answer.status}")
        connection.close()
        return time.perf_counter() - started


@contextlib.contextmanager
def live(models: Path | None = None) -> Iterator[Live]:
    """Start the service with one worker, a ledger of its own and, beside the catalog, a folder of models."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"BEDSIDE_LEDGER": f"sqlite:///{home}/ledger.db"}
        if models is not None:
            environment["BEDSIDE_MODELS"] = str(models)
        command = [sys.executable, "-m", "cds_hooks", "serve", "--port", str(port), "--workers", "1"]
        started = time.perf_counter()
        with subprocess.Popen(command, env=environment, cwd=home, stderr=subprocess.DEVNULL) as process:
            try:
                _wait(port, process)
                yield Live(port, process.pid, time.perf_counter() - started)
            finally:
                process.terminate()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(2000):
        if process.poll() is not None:
            raise RuntimeError(f"the service ended with {process.returncode}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.01)
    raise RuntimeError("the service does not get ready")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _rss(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
