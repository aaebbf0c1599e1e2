"""`bedside serve` as a child process: started, awaited until it is ready, and always ended."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

__all__ = ["Patience", "Server", "ServerError", "serving"]

_HOST = "127.0.0.1"
_SERVE = (sys.executable, "-c", "from cds_hooks.cli.main import main; main()", "serve")
_LOG_TAIL_LINES = 15


class ServerError(Exception):
    """The service could not be started or did not stay up; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for readiness, between two looks at it, for one look, and for an orderly end."""

    ready: float = 30.0
    pause: float = 0.1
    look: float = 2.0
    end: float = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """A service that answers at `url`."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def serving(
    port: int, log: Path, patience: Patience | None = None, *, command: Sequence[str] = _SERVE
) -> Iterator[Server]:
    """Run the service on loopback until the block ends; its output goes to `log`, which is written anew.

    Raises ServerError when the port is taken, the service ends early or is not ready in time.
    """
    patience = patience or Patience()
    _require_free(port)
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "BEDSIDE_HOST": _HOST, "BEDSIDE_PORT": str(port)}
    with log.open("wb") as output:
        # A group of its own: Ctrl-C reaches the tour alone, which then ends the service and all its workers.
        process = subprocess.Popen(  # noqa: S603 - our own command line, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            process_group=0,
        )
    try:
        _await_ready(process, port, log, patience)
        yield Server(f"http://{_HOST}:{port}", process)
    finally:
        _end(process, patience.end)


def _require_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the server itself does; without it, a port that was in use a moment ago looks taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise ServerError(
                f"port {port} cannot be used ({error.strerror}); choose another: BEDSIDE_PORT=8099 make run"
            ) from None


def _await_ready(process: subprocess.Popen[bytes], port: int, log: Path, patience: Patience) -> None:
    deadline = time.monotonic() + patience.ready
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerError(f"the service ended with exit code {process.returncode}:\n{_tail(log)}")
        if _is_ready(port, patience.look):
            return
        time.sleep(patience.pause)
    raise ServerError(f"the service was not ready after {patience.ready:g} seconds:\n{_tail(log)}")


def _is_ready(port: int, seconds: float) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=seconds)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """End the process in good order, then whatever is left of its group; further signals wait meanwhile."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            _kill_group(process.pid)
            process.wait()
        _kill_group(process.pid)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
