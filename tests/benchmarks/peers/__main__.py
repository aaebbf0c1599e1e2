"""`make bench-peers`: requests per second, latencies and CPU of Bedside and of HealthChain, as one table.

Both servers are up all the time and one client loads one of them at a time; the rounds are interleaved and
each figure is the median of its rounds, so that a busy machine moves both sides. Only the ratios travel.
"""

import argparse
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import forest
import orjson
import payloads

from peers import environment
from peers.contenders import Contender, bedside, healthchain
from peers.load import MARK, Load, put

ROUNDS = 5
AGREE = 2e-6
"""Both sides tell the risk with six digits."""
GOALS = {("requests/s", "small"): 4.0, ("requests/s", "typical"): 6.0, ("requests/s", "large"): 10.0}
GOALS |= {("p99 ms", "typical"): 5.0}


class Figures(NamedTuple):
    """One round of one side: requests per second, latencies in ms, CPU ms of the server per request."""

    rate: float
    p50: float
    p99: float
    cpu: float


MEASURES = ("requests/s", "p50 ms", "p99 ms", "server CPU ms")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    given = _given(arguments)
    load = Load(seconds=given.seconds)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = forest.write(home / "models" / "forest")
        python = environment.python(given.environment)
        sides = [
            stack.enter_context(bedside(home / "models")),
            stack.enter_context(healthchain(python, model, home)),
        ]
        print(f"{'':9}{'':15}" + "".join(f"{side.name:>13}" for side in sides) + f"{'times':>9}{'goal':>7}")
        for size in payloads.SIZES:
            body = home / f"{size}.json"
            body.write_bytes(prepared(payloads.request(size)))
            agree(sides, body.read_bytes(), size)
            _print(size, _interleaved(sides, body, load, given.rounds))
    print(
        "\nMore than 1 in the column 'times' speaks for Bedside. Bedside validates the resources it touched"
        "\nand writes every answer to its ledger; HealthChain does neither. No resource comes twice."
    )


def prepared(request: bytes) -> bytes:
    """The same request with its Observations oldest first, so that the last in the list is the latest, and
    with a version of each resource that the client sets anew at each request."""
    document: dict[str, Any] = orjson.loads(request)
    lists = [value["entry"] for value in document["prefetch"].values() if "entry" in value]
    for entry in chain.from_iterable(lists):
        entry["resource"]["meta"]["versionId"] = MARK.decode("ascii")
    document["prefetch"]["patient"]["meta"]["versionId"] = MARK.decode("ascii")
    document["prefetch"]["observations"]["entry"].sort(key=_recorded)
    return orjson.dumps(document)


def _recorded(entry: Mapping[str, Any]) -> str:
    return str(entry["resource"]["effectiveDateTime"])


def agree(sides: Sequence[Contender], body: bytes, size: str) -> None:
    """End the comparison when the sides do not tell the same risk."""
    told = {side.name: side.risk(body) for side in sides}
    if max(told.values()) - min(told.values()) > AGREE:
        raise SystemExit(f"{size}: the sides tell different risks, so nothing can be compared: {told}")


def _interleaved(
    sides: Sequence[Contender], body: Path, load: Load, rounds: int
) -> Mapping[str, Sequence[float]]:
    """Medians of each side over the rounds, after one short load that is not counted."""
    found: dict[str, list[Figures]] = {side.name: [] for side in sides}
    for side in sides:
        put(side.port, side.path, body, load._replace(seconds=1.0))
    for _ in range(rounds):
        for side in sides:
            before = side.cpu()
            answered = put(side.port, side.path, body, load)
            spent = (side.cpu() - before) / answered.requests * 1000
            found[side.name].append(Figures(answered.rate, answered.p50, answered.p99, spent))
    return {name: [statistics.median(one) for one in zip(*kept, strict=True)] for name, kept in found.items()}


def _print(size: str, medians: Mapping[str, Sequence[float]]) -> None:
    for measure, ours, theirs in zip(MEASURES, *medians.values(), strict=True):
        times = ours / theirs if measure == "requests/s" else theirs / ours
        goal = GOALS.get((measure, size))
        told = f"{goal:7.1f}" if goal else ""
        print(f"{size:9}{measure:15}{ours:13.1f}{theirs:13.1f}{times:9.1f}{told}", flush=True)


def _given(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="interleaved rounds (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each round (%(default)s)")
    parser.add_argument(
        "--environment", type=Path, default=environment.FOLDER, help="of the peer (%(default)s)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
