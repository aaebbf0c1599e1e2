"""The client that loads both sides: bounded, fresh at each request, and loud about a wrong answer."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import forest
import pytest

from peers.contenders import feature_schema
from peers.load import MARK, Load, percentile, put


class _Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bodies: list[bytes] = []  # noqa: RUF012 - the handler is made anew for each request

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(500 if self.path == "/fails" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        _Echo.bodies.clear()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def body(tmp_path: Path) -> Path:
    file = tmp_path / "body.json"
    file.write_bytes(b'{"versionId": "' + MARK + b'"}')
    return file


def test_the_client_stops_at_its_number_of_requests(port: int, body: Path) -> None:
    """Forty requests are allowed, so exactly forty are answered, long before the time is up."""
    answered = put(port, "/", body, Load(connections=4, seconds=30.0, requests=40))
    assert answered.requests == len(_Echo.bodies) == 40


def test_no_request_comes_twice(port: int, body: Path) -> None:
    """Each body carries a number of its own in place of the mark."""
    put(port, "/", body, Load(connections=2, seconds=30.0, requests=20))
    assert len(set(_Echo.bodies)) == 20


def test_an_answer_other_than_200_ends_the_load(port: int, body: Path) -> None:
    """A server that fails is not measured."""
    with pytest.raises(RuntimeError, match="answered 500"):
        put(port, "/fails", body, Load(connections=1, seconds=5.0, requests=5))


def test_percentiles_are_the_nearest_rank() -> None:
    """Of 1 to 200 the median is 100 and the 99th percentile 198."""
    times = [float(n) for n in range(200, 0, -1)]
    assert (percentile(times, 0.5), percentile(times, 0.99)) == (100.0, 198.0)


def test_the_peers_schema_names_the_models_features_in_order() -> None:
    """The peer's columns go to the model in the order in which the model expects them."""
    schema = feature_schema()["features"]
    features = forest.features()
    assert list(schema) == [feature["name"] for feature in features]
    codes = [feature["codes"][0]["code"] for feature in features if "codes" in feature]
    assert [one["code"] for one in schema.values() if "code" in one] == codes
