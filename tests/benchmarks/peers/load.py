"""A closed-loop client in a process of its own: some connections, each with one request under way.

`python load.py PORT PATH BODY CONNECTIONS SECONDS REQUESTS` prints one JSON object; it ends after SECONDS or
REQUESTS, whichever comes first, and talks to 127.0.0.1 only. Where the body holds MARK, each request gets a
number of its own, so that no server sees the same resource twice.
"""

import gc
import http.client
import json
import math
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MARK = b"00000000"


class Load(NamedTuple):
    """How much a client asks: connections, and the bounds in seconds and in requests."""

    connections: int = 4
    seconds: float = 3.0
    requests: int = 2000


class Answered(NamedTuple):
    """What one load came to: requests, requests per second, and percentiles of latency in milliseconds."""

    requests: int
    rate: float
    p50: float
    p99: float


def put(port: int, path: str, body: Path, load: Load) -> Answered:
    """Put a load on a local server from another process. Raises RuntimeError when an answer is not a 200."""
    told = [str(port), path, str(body), *map(str, load)]
    ended = subprocess.run(
        [sys.executable, __file__, *told], capture_output=True, text=True, timeout=load.seconds + 120
    )
    if ended.returncode != 0:
        raise RuntimeError(f"the client of port {port} ended with: {ended.stderr.strip()[-300:]}")
    return Answered(**json.loads(ended.stdout))


def percentile(times: list[float], share: float) -> float:
    """The smallest time that at least this share of the times do not exceed (nearest rank)."""
    return sorted(times)[max(0, math.ceil(share * len(times)) - 1)]


def _loop(
    port: int, path: str, body: bytes, until: float, tickets: Iterator[int], times: list[float]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.perf_counter() < until and (ticket := next(tickets, None)) is not None:
        fresh = body.replace(MARK, f"{ticket:08}".encode("ascii"))
        asked = time.perf_counter()
        connection.request("POST", path, fresh, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        times.append(time.perf_counter() - asked)
    connection.close()


def _run(port: int, path: str, body: bytes, load: Load) -> Answered:
    times: list[float] = []
    failed: list[str] = []
    threading.excepthook = lambda told: failed.append(str(told.exc_value))
    first = secrets.randbelow(90_000_000)
    # next() of a range iterator is one step under the interpreter lock
    tickets = iter(range(first, first + load.requests))
    began = time.perf_counter()
    loops = [
        threading.Thread(target=_loop, args=(port, path, body, began + load.seconds, tickets, times))
        for _ in range(load.connections)
    ]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()
    taken = time.perf_counter() - began
    if failed:
        raise SystemExit(failed[0])
    p50, p99 = (percentile(times, share) * 1000 for share in (0.5, 0.99))
    return Answered(len(times), len(times) / taken, p50, p99)


def main() -> None:
    """Put the load that the command line tells."""
    port, path, body, connections, seconds, requests = sys.argv[1:]
    load = Load(int(connections), float(seconds), int(requests))
    gc.disable()
    print(json.dumps(_run(int(port), path, Path(body).read_bytes(), load)._asdict()))


if __name__ == "__main__":
    main()
