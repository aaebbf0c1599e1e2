"""The web server around the application: gunicorn with threads, everything loaded before the fork."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from select import POLLIN, poll
from typing import Any

import msgspec
from gunicorn import util  # type: ignore[import-untyped]  # publishes no types
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # the same
from gunicorn.http import errors  # type: ignore[import-untyped]  # the same
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]  # the same

from cds_hooks import outcomes
from cds_hooks.arrivals import ARRIVALS
from cds_hooks.settings import Settings
from cds_hooks.whole_bodies import Parser

__all__ = ["Server"]

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_COLLECT_AT = (50_000, 20, 100)
_READERS = 60
"""Threads of a worker that may wait for slow requests while as many as it has turns do the work."""
_NEXT_WITHIN_MS = 20
"""How long a thread waits for the next request of a connection before it leaves that to the poller."""

# What is no HTTP that can be read, beside 400; what the application itself sends wrongly is left to gunicorn.
_UNREADABLE = {
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}
_OWN_FAULT = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)

_LIMITS = {"timeout": 30, "graceful_timeout": 15, "keepalive": 30}


class Worker(ThreadWorker):  # type: ignore[misc]  # its base publishes no types
    """gunicorn's worker with threads, in which no connection may be slow for ever."""

    def handle(self, conn: TConn) -> Any:
        """Read and answer requests; called by gunicorn in a thread.

        A client that asks again at once finds the same thread waiting: the way through the poller and back
        to a thread would take longer than most answers.
        """
        if conn.parser is None:
            conn.parser = Parser(conn.cfg, conn.sock, conn.client)
        while True:
            ARRIVALS.begin(conn.sock)
            try:
                is_kept = super().handle(conn)
            finally:
                ARRIVALS.end(conn.sock)
            if is_kept is not True or not self._has_next(conn):
                return is_kept

    def _has_next(self, conn: TConn) -> bool:
        """Whether another request begins to arrive at once, while there are threads enough to wait for it."""
        if not self.alive or self.nr_conns > _READERS or conn.parser.unreader.buf.getvalue():
            return False
        arriving = poll()
        arriving.register(conn.sock, POLLIN)
        return bool(arriving.poll(_NEXT_WITHIN_MS))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what cannot be read as HTTP, in an OperationOutcome that quotes nothing of it; called by
        gunicorn."""
        if not isinstance(exc, errors.ParseException) or isinstance(exc, _OWN_FAULT):
            super().handle_error(req, client, addr, exc)
            return
        status = _UNREADABLE.get(type(exc), HTTPStatus.BAD_REQUEST)
        self.log.warning("Invalid request: %s", type(exc).__name__)
        body = msgspec.json.encode(outcomes.of_status(status))
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with suppress(OSError):  # the client is gone already
            util.write_nonblock(client, head.encode("ascii") + body)

    def murder_pending(self) -> None:
        """Cut off what is overdue; called by gunicorn once a second or more often."""
        super().murder_pending()
        ARRIVALS.sweep()


class Server(BaseApplication):  # type: ignore[misc]  # its base publishes no types
    """Serves the application that `build` makes in the parent process, so that workers share its memory."""

    def __init__(self, settings: Settings, build: Callable[[], Any]) -> None:
        self._settings = settings
        self._build = build
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its options; called by gunicorn."""
        settings = self._settings
        ARRIVALS.limit_s = settings.read_timeout_s
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        options = _LIMITS | {
            "bind": f"{host}:{settings.port}",
            "workers": settings.workers,
            "threads": settings.threads + _READERS,
            "worker_class": Worker,
            "preload_app": True,
            "accesslog": None,
            "errorlog": "-",
            "control_socket_disable": True,
            "proc_name": "bedside",
            "post_fork": _after_fork,
            "post_worker_init": _ready,
            "worker_exit": _leave,
            "child_exit": _worker_gone,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Build the application; called by gunicorn, before the fork."""
        from cds_hooks.telemetry import configure

        _share_metrics()
        configure()  # after gunicorn has set up its own handlers
        application = self._build()
        gc.collect()
        gc.freeze()
        return application


def _share_metrics() -> None:
    """Make the folder through which workers add up their figures, before prometheus_client is imported."""
    if METRICS_FOLDER in os.environ:
        return
    folder = os.environ[METRICS_FOLDER] = tempfile.mkdtemp(prefix="bedside-metrics-")
    maker = os.getpid()

    def remove() -> None:
        if os.getpid() == maker:  # a worker runs the same exit handlers
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)


def _after_fork(server: Any, worker: Any) -> None:
    gc.set_threshold(*_COLLECT_AT)


def _ready(worker: Any) -> None:
    """Let the worker walk each service's way once, before it takes a request."""
    from cds_hooks.app import WARM_UP

    worker.wsgi.extensions[WARM_UP]()


def _leave(server: Any, worker: Any) -> None:
    """End a worker at once, after its last request and with its records written.

    Threads that native libraries started before the fork do not exist here, and a library that waits for
    its own at exit would hang or abort.
    """
    logging.shutdown()
    os._exit(0)


def _worker_gone(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # published without annotations
