"""The web server around the application: gunicorn with threads, everything loaded before the fork."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # publishes no types

from cds_hooks.settings import Settings

__all__ = ["Server"]

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_COLLECT_AT = (50_000, 20, 100)
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
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        options = _LIMITS | {
            "bind": f"{host}:{settings.port}",
            "workers": settings.workers,
            "threads": settings.threads,
            "worker_class": "gthread",
            "preload_app": True,
            "accesslog": None,
            "errorlog": "-",
            "control_socket_disable": True,
            "proc_name": "bedside",
            "post_fork": _after_fork,
            "worker_exit": _leave,
            "child_exit": _worker_gone,
            "on_exit": _finished,
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
    if METRICS_FOLDER not in os.environ:
        os.environ[METRICS_FOLDER] = _own_folder.path = tempfile.mkdtemp(prefix="bedside-metrics-")


class _OwnFolder:
    """The metrics folder when it is ours to remove."""

    path: str | None = None


_own_folder = _OwnFolder()


def _after_fork(server: Any, worker: Any) -> None:
    gc.set_threshold(*_COLLECT_AT)


def _leave(server: Any, worker: Any) -> None:
    """End a worker at once, after its last request and with its records written.

    ONNX Runtime's pools were made before the fork; their threads do not exist here, and tearing the pools down
    would abort the process.
    """
    logging.shutdown()
    os._exit(0)


def _worker_gone(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # published without annotations


def _finished(server: Any) -> None:
    if _own_folder.path:
        shutil.rmtree(_own_folder.path, ignore_errors=True)
