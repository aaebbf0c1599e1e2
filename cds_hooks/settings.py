"""Settings of the service, read once from the environment."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from cds_hooks.clients import ClientProfile, read_clients
from cds_hooks.errors import SettingsError
from fhir_mapping.times import time_zone

__all__ = ["BUNDLED_MODELS", "Settings", "from_environment"]

T = TypeVar("T")

BUNDLED_MODELS = Path(__file__).resolve().parent.parent / "models" / "catalog"

DEFAULTS: Mapping[str, str] = {
    "BEDSIDE_HOST": "127.0.0.1",
    "BEDSIDE_PORT": "8080",
    "BEDSIDE_WORKERS": "2",
    "BEDSIDE_THREADS": "4",
    "BEDSIDE_LEDGER": "sqlite:///.bedside/ledger.db",
    "BEDSIDE_LEDGER_KEY": "",
    "BEDSIDE_MODELS": "",
    "BEDSIDE_BASE_URL": "",
    "BEDSIDE_MAX_BODY_MB": "16",
    "BEDSIDE_READ_TIMEOUT": "10",
    "BEDSIDE_CORS_ORIGINS": "",
    "BEDSIDE_FHIR_SERVERS": "",
    "BEDSIDE_FHIR_CA_BUNDLE": "",
    "BEDSIDE_CLIENTS": "",
    "BEDSIDE_TERMINOLOGY": "",
    "BEDSIDE_PAGES": "on",
    "BEDSIDE_TIME_ZONE": "UTC",
}
"""Every variable with its default; an empty text stands for "derived" or "none"."""

_STATE = Path(".bedside")
_SQLITE = "sqlite:///"
_MIN_KEY = 16
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation runs; made by `from_environment`.

    `model_folders` are folders of model folders, the bundled catalog first. `ledger_key` is the secret under
    which patients are digested, None when it is kept in `key_file`. `cors_origins` may hold "*".
    `read_timeout_s` is how long a request may take to arrive, in seconds.
    `fhir_servers` are the origins that may be called back for what the prefetch lacks; none by default.
    `fhir_ca_bundle` is a PEM file of the authorities that vouch for them, None for the public ones.
    `clients` are the profiles of single EHRs by name. `terminology` is the folder of the site's own value
    sets and concept maps, None where there is none. `pages` tells whether the pages on the models and their
    evidence are served; nobody needs to log in to read them. `time_zone` is the site's, in which a day
    without a time is meant.
    """

    host: str
    port: int
    workers: int
    threads: int
    ledger_url: str
    ledger_key: bytes | None
    key_file: Path
    model_folders: tuple[Path, ...]
    base_url: str
    max_body_bytes: int
    read_timeout_s: int
    cors_origins: frozenset[str]
    fhir_servers: tuple[str, ...] = ()
    fhir_ca_bundle: Path | None = None
    clients: Mapping[str, ClientProfile] = field(default_factory=dict)
    terminology: Path | None = None
    pages: bool = True
    time_zone: tzinfo = UTC


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the settings; raises SettingsError that names the variable and the remedy."""
    values = {name: environment.get(name, "").strip() or default for name, default in DEFAULTS.items()}
    host, port = values["BEDSIDE_HOST"], _number(values, "BEDSIDE_PORT", 1, 65_535)
    return Settings(
        host=host,
        port=port,
        workers=_number(values, "BEDSIDE_WORKERS", 1, 64),
        threads=_number(values, "BEDSIDE_THREADS", 1, 64),
        ledger_url=_checked(values, "BEDSIDE_LEDGER", _ledger_url),
        ledger_key=_checked(values, "BEDSIDE_LEDGER_KEY", _key),
        key_file=(_STATE / "ledger.key").absolute(),
        model_folders=(BUNDLED_MODELS, *_checked(values, "BEDSIDE_MODELS", _folders)),
        base_url=_checked(values, "BEDSIDE_BASE_URL", _base_url) or base_url_of(host, port),
        max_body_bytes=_number(values, "BEDSIDE_MAX_BODY_MB", 1, 1024) * 1024 * 1024,
        read_timeout_s=_number(values, "BEDSIDE_READ_TIMEOUT", 1, 600),
        cors_origins=_checked(values, "BEDSIDE_CORS_ORIGINS", _origins),
        fhir_servers=_checked(values, "BEDSIDE_FHIR_SERVERS", _servers),
        fhir_ca_bundle=_checked(values, "BEDSIDE_FHIR_CA_BUNDLE", _ca_bundle),
        clients=_checked(values, "BEDSIDE_CLIENTS", _clients),
        terminology=_checked(values, "BEDSIDE_TERMINOLOGY", _terminology),
        pages=_checked(values, "BEDSIDE_PAGES", _switch),
        time_zone=_checked(values, "BEDSIDE_TIME_ZONE", time_zone),
    )


def base_url_of(host: str, port: int) -> str:
    """Address under which a browser on this machine reaches a server bound to `host`."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _number(values: Mapping[str, str], name: str, low: int, high: int) -> int:
    text = values[name]
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not low <= int(text) <= high:
        raise SettingsError(
            f"{name} must be a whole number from {low} to {high}; unset it for {DEFAULTS[name]}"
        )
    return int(text)


def _checked(values: Mapping[str, str], name: str, read: Callable[[str], T]) -> T:
    try:
        return read(values[name])
    except ValueError as error:
        raise SettingsError(f"{name} {error}") from None


def _ledger_url(text: str) -> str:
    """The URL with the SQLite path made absolute, for a server may change its directory."""
    if "://" not in text:
        raise ValueError("must be a database URL such as sqlite:////var/lib/bedside/ledger.db")
    if not text.startswith("sqlite:"):
        return text
    path = text.removeprefix(_SQLITE) if text.startswith(_SQLITE) else ""
    if path in ("", ":memory:"):
        raise ValueError("must name a file; a ledger in memory is lost, and each worker would have its own")
    return f"{_SQLITE}{Path(path).absolute()}"


def _key(text: str) -> bytes | None:
    if not text:
        return None
    if len(text) < _MIN_KEY:
        raise ValueError(f"must have at least {_MIN_KEY} characters; unset it to have a key made in .bedside")
    return text.encode()


def _folders(text: str) -> tuple[Path, ...]:
    folders = tuple(Path(part).absolute() for part in text.split(os.pathsep) if part)
    for position, folder in enumerate(folders, start=1):
        if not os.path.isdir(folder):  # unlike pathlib, no error for one that may not be seen
            raise ValueError(
                f"names a folder that does not exist, or that this user may not see (number {position}); "
                f'give folders of model folders, separated by "{os.pathsep}"'
            )
    return folders


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (
        parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment
    ):
        raise ValueError("must be an absolute URL such as https://cds.example.org, without query")
    return text.rstrip("/")


def _origins(text: str) -> frozenset[str]:
    origins = frozenset(text.replace(",", " ").split())
    for origin in origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise ValueError(
                'must list origins such as https://sandbox.example.org, or be "*" for every origin'
            )
    return origins


def _servers(text: str) -> tuple[str, ...]:
    servers = tuple(text.replace(",", " ").split())
    if not all(_ORIGIN.fullmatch(server) for server in servers):
        raise ValueError("must list origins of FHIR servers such as https://fhir.example.org, without a path")
    return servers


def _ca_bundle(text: str) -> Path | None:
    if not text:
        return None
    try:
        ssl.create_default_context(cafile=text)
    except OSError:  # ssl.SSLError is one
        raise ValueError("must name a readable file of certificates in PEM form") from None
    return Path(text).absolute()


def _terminology(text: str) -> Path | None:
    if text and not os.path.isdir(text):
        raise ValueError("must name a folder that holds valuesets/ or conceptmaps/")
    return Path(text).absolute() if text else None


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("must be on or off")
    return text == "on"


def _clients(text: str) -> Mapping[str, ClientProfile]:
    return read_clients(Path(text)) if text else {}
