"""The tour's service process: awaited until ready, always ended, and every failure told with a remedy."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cds_hooks.demo.server import Patience, ServerError, serving

ROOT = Path(__file__).parents[3]
IMPATIENT = Patience(ready=1.0, pause=0.02, look=0.5, end=1.0)

STAND_IN = """
import http.server, json, os, signal, sys
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"services": []}'
        self.send_response(503 if "unready" in sys.argv else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
print("the stand-in listens", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["BEDSIDE_PORT"])), Handler).serve_forever()
"""


def stand_in(*manners: str) -> list[str]:
    """Return the command of a service that only knows how to be ready, or not to be."""
    return [sys.executable, "-c", STAND_IN, *manners]


@pytest.fixture
def port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "new" / "serve.log"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_service_answers_inside_the_block(port: int, log: Path) -> None:
    """The block starts once the service is ready."""
    with serving(port, log, command=stand_in()):
        assert not is_free(port)


def test_the_service_has_ended_after_the_block(port: int, log: Path) -> None:
    """Nothing listens any more once the block is left."""
    with serving(port, log, command=stand_in()) as server:
        pass
    assert server.process.returncode == -signal.SIGTERM
    assert is_free(port)


def test_a_service_that_ignores_the_request_to_end_is_killed(port: int, log: Path) -> None:
    """A service that does not end in good order does not outlive the block."""
    with serving(port, log, IMPATIENT, command=stand_in("stubborn")) as server:
        pass
    assert server.process.returncode == -signal.SIGKILL


def test_the_service_ends_when_the_block_fails(port: int, log: Path) -> None:
    """An error inside the block leaves no process behind."""
    with pytest.raises(KeyboardInterrupt), serving(port, log, command=stand_in()):
        raise KeyboardInterrupt
    assert is_free(port)


def test_a_taken_port_is_told_with_the_remedy(log: Path) -> None:
    """Another program on the port is named before anything starts."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(ServerError, match=rf"port {taken} .*BEDSIDE_PORT="), serving(taken, log):
            pass


def test_a_service_that_ends_early_is_told_with_its_last_words(port: int, log: Path) -> None:
    """The message holds the exit code and what the service wrote."""
    command = [sys.executable, "-c", "print('no such model'); raise SystemExit(3)"]
    with (
        pytest.raises(ServerError, match=r"(?s)exit code 3.*no such model"),
        serving(port, log, command=command),
    ):
        pass


def test_a_service_that_never_gets_ready_is_given_up(port: int, log: Path) -> None:
    """Waiting ends at the deadline, and so does the service."""
    with (
        pytest.raises(ServerError, match=r"not ready after 1 seconds"),
        serving(port, log, IMPATIENT, command=stand_in("unready")),
    ):
        pass
    assert is_free(port)


def test_a_port_that_is_none_is_told(tmp_path: Path) -> None:
    """A setting that cannot be used ends the tour with its name, before anything starts."""
    environment = {**os.environ, "BEDSIDE_PORT": "http", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cds_hooks.demo.tour"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: BEDSIDE_PORT")
    assert list(tmp_path.iterdir()) == []


def test_the_tour_shows_a_card_of_each_model(port: int, tmp_path: Path) -> None:
    """With the real service, the chart gives the diabetes card and the order the immunotherapy card."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BEDSIDE_")},
        "BEDSIDE_PORT": str(port),
        "BEDSIDE_TOUR_ONCE": "1",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "cds_hooks.demo.tour"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    _, diabetes, immunotherapy = re.split(
        r"(?m)^(?=[a-z0-9-]+ \((?:patient-view|order-select)\)$)", done.stdout
    )
    assert re.match(r"type2-diabetes-risk \(patient-view\)\n-+\n\[i\] INFO: About \d+ in 100", diabetes)
    assert re.match(
        r"immunotherapy-response \(order-select\)\n-+\n\[i\] INFO: About \d+ in 100", immunotherapy
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_tour_ends_in_good_order_on_a_signal(port: int, tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the tour with exit code 0, and the service with it."""
    run = (
        "import sys; from cds_hooks.demo import server, tour; "
        f"server.serving.__wrapped__.__kwdefaults__['command'] = {stand_in()!r}; sys.exit(tour.main())"
    )
    environment = {**os.environ, "BEDSIDE_PORT": str(port), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", run], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            while "Ctrl-C" not in child.stdout.readline():
                assert child.poll() is None
            child.send_signal(number)
            assert child.wait(15) == 0
        finally:
            child.kill()
    assert is_free(port)
