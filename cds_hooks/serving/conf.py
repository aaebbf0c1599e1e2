"""The web server around the application: gunicorn with threads, everything loaded before the fork."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # publishes no types

from cds_hooks.serving.arrivals import ARRIVALS
from cds_hooks.serving.worker import Worker
from cds_hooks.settings import Settings

__all__ = ["Server"]

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_COLLECT_AT = (50_000, 20, 100)
_READERS = 60
"""Threads of a worker beside as many as it has turns at the work, for what needs none or waits for one."""

_LIMITS = {"timeout": 30, "graceful_timeout": 15, "keepalive": 30}


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
        ARRIVALS.longest = settings.max_body_bytes
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
            "on_reload": _reloaded,
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


def _reloaded(server: Any) -> None:
    """Take the log back from gunicorn, which sets up its own again at SIGHUP and would quote requests."""
    from cds_hooks.telemetry import configure

    configure()


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
