"""A hospital for tests: an EHR in front of the real service, with the service's books open to read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from cds_hooks.app import create_app
from cds_hooks.demo import compose
from cds_hooks.ehr.bundle_file import PatientBundle, patient_bundle
from cds_hooks.ehr.drafts import draft_orders
from cds_hooks.ehr.player import HookRequest, build_requests, services_of
from cds_hooks.ledger import Ledger
from cds_hooks.settings import from_environment
from models.registry import Registry

Json = dict[str, Any]
DIABETES = "type2-diabetes-risk"
RESPONSE = "immunotherapy-response"
USER = "Practitioner/demo-clinician"
EXTENSION = "org.bedside.prediction"


class Hospital:
    """Plays hooks through a Flask test client; the ledger is a file in `folder`."""

    def __init__(
        self,
        folder: Path,
        registry: Registry | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        **environment: str,
    ) -> None:
        self._books = folder / "ledger.db"
        settings = from_environment(
            {
                "BEDSIDE_LEDGER": f"sqlite:///{self._books}",
                "BEDSIDE_LEDGER_KEY": "a key for tests, nothing else",
                **environment,
            }
        )
        self.ledger = Ledger.open(settings.ledger_url)
        self.client = create_app(settings, registry, self.ledger, clock).test_client()

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def discovery(self) -> Json:
        """The discovery document."""
        found: Json = self.client.get("/cds-services").get_json()
        return found

    def requests(self, chart: PatientBundle, hook: str, drafts: Any = None) -> list[HookRequest]:
        """What an EHR would post for a hook: one request for each service that offers it."""
        orders = draft_orders(drafts, chart.patient_id, name="drafts") if drafts else ()
        services = services_of(self.discovery(), hook)
        return build_requests(services, hook, chart, user_id=USER, drafts=orders)

    def request(self, patient: str, hook: str = "patient-view") -> Json:
        """The body for a bundled patient and the first service of a hook."""
        chart = patient_bundle(bundled(patient), name=patient)
        return self.requests(chart, hook, compose.draft_orders(patient, date.today()))[0].body

    def post(self, body: Any, service: str = DIABETES) -> TestResponse:
        """Post a body, as bytes or as JSON, to a service."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(f"/cds-services/{service}", data=data, content_type="application/json")

    def decisions(self) -> list[tuple[str, str, str | None]]:
        """Model, decision and reason of everything in the ledger."""
        rows = self.ledger.counts()["decisions"]
        return [(row["model"], row["decision"], row["reason"]) for row in rows]

    def issues(self) -> dict[str, str]:
        """Kind of each issue of the last call, by the element's path."""
        return {issue["path"]: issue["code"] for issue in json.loads(self._last("hook_call", "issues"))}

    def features(self) -> dict[str, Json]:
        """Features of the last prediction by name."""
        return {found["name"]: found for found in json.loads(self._last("prediction", "features"))}

    def metrics(self) -> str:
        """The counters in Prometheus' format."""
        return str(self.client.get("/metrics").text)

    def _last(self, table: str, column: str) -> str:
        with closing(sqlite3.connect(self._books)) as books:
            row = books.execute(f"SELECT {column} FROM {table} ORDER BY rowid DESC LIMIT 1").fetchone()
        return str(row[0])


def bundled(patient: str) -> Json:
    """A bundled patient's chart as of today."""
    return compose.bundle(patient, date.today())


def resources(body: Json, key: str) -> list[Json]:
    """Resources under a prefetch key of a request, to be changed in place."""
    return [entry["resource"] for entry in body["prefetch"][key]["entry"]]


def coded(body: Json, key: str, code: str) -> list[Json]:
    """Resources under a prefetch key that carry a code."""
    return [found for found in resources(body, key) if found["code"]["coding"][0]["code"] == code]
