"""A standalone Spark cluster on loopback: a master and workers as processes of their own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OLDEST_JAVA = 17
_SECONDS = 90


def why_not() -> str | None:
    """Why Spark cannot be tried here, None when it can."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed (pip install 'bedside[spark]')"
    java = shutil.which("java")
    if java is None:
        return "there is no java"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        return f"Java is older than {_OLDEST_JAVA}"
    return None


class Cluster:
    """A running master with its workers."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._port = _free_port()
        self.url = f"spark://127.0.0.1:{self._port}"
        self.processes = [self._start("master.Master", "--port", str(self._port))]
        _until_open(self._port, self.processes[0])
        self.workers = [self._worker(number) for number in range(workers)]
        self.processes += self.workers

    def _worker(self, number: int) -> subprocess.Popen[bytes]:
        home = self._folder / f"worker-{number}"
        port = _free_port()
        options = ("--port", str(port), "--cores", "1", "--memory", "1g", "--work-dir", str(home))
        worker = self._start("worker.Worker", *options, self.url)
        _until_open(port, worker)
        return worker

    def _start(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        spec = find_spec("pyspark")
        assert spec is not None
        assert spec.origin is not None
        launcher = Path(spec.origin).parent / "bin" / "spark-class"
        paths = (str(ROOT), str(ROOT / "tests" / "integration"))
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
            "SPARK_HOME": str(launcher.parents[1]),
        }
        command = [
            str(launcher),
            f"org.apache.spark.deploy.{name}",
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
        ]
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, *options], env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def worker_of(self, pid: int) -> subprocess.Popen[bytes] | None:
        """The worker under which a process runs."""
        session = os.getsid(pid)
        return next((worker for worker in self.workers if worker.pid == session), None)

    def close(self) -> None:
        """End every process of the cluster."""
        for process in self.processes:
            end_session(process)


def end_session(leader: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a session, with all that it started."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(ProcessLookupError, PermissionError):
                if os.getsid(int(entry.name)) == leader.pid:
                    os.kill(int(entry.name), signal.SIGKILL)
    leader.wait()


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A cluster that ends with the block."""
    running = Cluster(folder, workers)
    try:
        yield running
    finally:
        running.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(_SECONDS * 10):
        assert process.poll() is None, "the process ended"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("the process does not listen")
