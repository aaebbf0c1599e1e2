"""The composition root: settings in, a Flask application out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flask import Flask

from cds_hooks import patient_key, routes, services
from cds_hooks.callback import Callback
from cds_hooks.cards import Links
from cds_hooks.clients import PREFIX
from cds_hooks.errors import SettingsError
from cds_hooks.hooks import hooks
from cds_hooks.ledger import Ledger, LedgerError
from cds_hooks.monitor.standing import record_declared
from cds_hooks.observability import Metrics
from cds_hooks.reception import Reception
from cds_hooks.serving.turns import Turns
from cds_hooks.settings import Settings
from cds_hooks.site import site_terminology
from cds_hooks.telemetry import log_event
from cds_hooks.warm_up import warm_up
from cds_hooks.web import install_manners, take_turns
from fhir_mapping.terminology.site import SiteTerminology
from models.errors import ModelError
from models.registry import Registry

__all__ = ["WARM_UP", "create_app", "load_models"]

WARM_UP = "bedside.warm_up"
"""Where the application keeps what a new worker calls before it takes requests."""


def create_app(
    settings: Settings,
    registry: Registry | None = None,
    ledger: Ledger | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Flask:
    """Build the application; `registry` and `ledger` replace what the settings name, `clock` tells the time.

    Raises SettingsError when a model, the ledger or its key cannot be used.
    """
    registry = registry or load_models(settings.model_folders, _site(settings.terminology))
    ledger = ledger or _open_ledger(settings.ledger_url)
    _check_hooks(registry)
    _tell_decisions(registry, ledger, clock())
    secret = settings.ledger_key or patient_key.load_or_make(settings.key_file)
    metrics = Metrics()
    metrics.expect(registry.services, registry.models)
    links = Links(settings.base_url if settings.pages else None)
    turns = Turns(settings.threads)
    callback = Callback(settings.fhir_servers, settings.fhir_ca_bundle, aside=turns.aside)
    reception = Reception(
        registry,
        ledger,
        patient_key.PatientKey(secret),
        metrics,
        links,
        clock,
        callback,
        settings.time_zone,
        turns.aside,
    )
    app = Flask("cds_hooks", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    install_manners(app, settings.cors_origins)
    take_turns(app, turns)
    offered = registry.services.values()
    app.register_blueprint(routes.cds.blueprint(reception, services.discovery(offered)))
    for name, profile in settings.clients.items():
        discovery = services.discovery(offered, profile.prefetch)
        own = routes.cds.blueprint(reception, discovery, f"cds-{name}")
        app.register_blueprint(own, url_prefix=f"{PREFIX}{name}")
    if settings.pages:
        app.register_blueprint(routes.catalog.blueprint(registry, links))
        app.register_blueprint(routes.evidence.blueprint(registry, ledger))
    app.register_blueprint(routes.operations.blueprint(registry, ledger, metrics))
    app.extensions[WARM_UP] = partial(warm_up, registry, ledger, links)
    return app


def load_models(folders: Sequence[Path], site: SiteTerminology = SiteTerminology.EMPTY) -> Registry:
    """Load every model of these folders; raises SettingsError when one is refused."""
    try:
        return Registry.load(folders, site=site)
    except ModelError as error:
        raise SettingsError(f"{error}; mend the model, or take its folder out of BEDSIDE_MODELS") from None


def _site(folder: Path | None) -> SiteTerminology:
    site = site_terminology(folder)
    if folder is not None:
        log_event("terminology", logging.INFO, sha256=site.sha256)
    return site


def _open_ledger(url: str) -> Ledger:
    if url.startswith("sqlite:///"):
        _make_folder(Path(url.removeprefix("sqlite:///")).parent)
    try:
        return Ledger.open(url)
    except LedgerError as error:
        raise _unusable(error) from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"BEDSIDE_LEDGER: the folder {folder} cannot be made ({error.strerror}); name one that can"
        ) from None


def _tell_decisions(registry: Registry, ledger: Ledger, now: datetime) -> None:
    """Log what is not served, and record the overrides that manifests declare."""
    for refused in registry.refused:
        log_event("model-refused", logging.WARNING, model=refused.folder.name, error="not-servable")
    try:
        record_declared(ledger, (model.manifest for model in registry.models.values()), now)
    except LedgerError as error:
        raise _unusable(error) from None


def _unusable(error: LedgerError) -> SettingsError:
    remedy = "name a database that this user may write, such as sqlite:////var/lib/bedside/ledger.db"
    return SettingsError(f"BEDSIDE_LEDGER cannot be used: {error}; {remedy}")


def _check_hooks(registry: Registry) -> None:
    for service_id, hook in registry.services:
        if hook not in hooks():
            raise SettingsError(
                f"service {service_id}: hook {hook} is unknown; use one of {', '.join(hooks())}"
            )
