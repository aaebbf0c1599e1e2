"""Whether the address that the service is to listen on can be had, before anything is loaded."""

from __future__ import annotations

import errno
import socket

from cds_hooks.errors import SettingsError

__all__ = ["check_address"]

_FIRST_FREE_FOR_ALL = 1024
_REMEDIES = {
    errno.EADDRINUSE: "is taken by another program; stop that one, or choose another port with --port",
    errno.EADDRNOTAVAIL: "is no address of this machine; give one that is with --host, such as 127.0.0.1",
    errno.EACCES: f"may not be bound by this user; choose a port from {_FIRST_FREE_FOR_ALL} on with --port",
}


def check_address(host: str, port: int) -> None:
    """Raise SettingsError with the address and the remedy unless a server can listen there now.

    The address is bound as gunicorn will bind it, and given back at once.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (socket.gaierror, UnicodeError):
        raise SettingsError(
            f"{shown}: no such address; give an address of this machine with --host"
        ) from None
    except OSError as error:
        why = _REMEDIES.get(error.errno or 0) or f"cannot be bound ({error.strerror}); see --host and --port"
        raise SettingsError(f"{shown} {why}") from None
