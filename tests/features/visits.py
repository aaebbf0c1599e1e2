"""One visit of a scenario: a chart, what is changed about it, and the answers of the services."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import onnx
import yaml
from hospital import EXTENSION, Hospital, Json, bundled
from werkzeug.test import TestResponse

from cds_hooks.demo import compose
from cds_hooks.ehr.bundle_file import patient_bundle
from models.registry import CATALOG


@dataclass
class Visit:
    """What the steps of a scenario share."""

    hospital: Hospital
    patient: str = ""
    chart: Json = field(default_factory=dict)
    not_sent: set[str] = field(default_factory=set)
    sent_beside: Json = field(default_factory=dict)
    answers: list[TestResponse] = field(default_factory=list)
    page: str = ""
    report: Json = field(default_factory=dict)

    def fetch(self, name: str) -> None:
        """Take a bundled patient by the name that people use."""
        self.patient = name.lower().replace(" ", "-")
        self.chart = bundled(self.patient)

    def forget(self, value: float) -> None:
        """Take the results with this value out of the chart."""
        self.chart["entry"] = [
            entry
            for entry in self.chart["entry"]
            if entry["resource"].get("valueQuantity", {}).get("value") != value
        ]

    def add(self, resource: Json) -> None:
        """Put a resource into the chart."""
        self.chart["entry"].append({"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource})

    def end_problem(self, word: str, day: date) -> None:
        """Write down when the problems of a name ended, and leave their status as it is."""
        problems = [
            entry["resource"]
            for entry in self.chart["entry"]
            if entry["resource"]["resourceType"] == "Condition"
            and word in entry["resource"]["code"]["coding"][0]["display"]
        ]
        assert problems
        for problem in problems:
            problem["abatementDateTime"] = day.isoformat()

    def change_unit(self, value: float, unit: str) -> None:
        """Give the results with this value another unit."""
        for entry in self.chart["entry"]:
            quantity = entry["resource"].get("valueQuantity", {})
            if quantity.get("value") == value:
                quantity |= {"unit": unit, "code": unit}

    def play(self, hook: str) -> None:
        """Post the hook to every service that offers it."""
        chart = patient_bundle(self.chart, name=self.patient)
        drafts = compose.draft_orders(self.patient, date.today())
        for request in self.hospital.requests(chart, hook, drafts):
            for key in self.not_sent:
                del request.body["prefetch"][key]
            for key, resource in self.sent_beside.items():
                if key in request.body["prefetch"]:
                    request.body["prefetch"][key]["entry"].append({"resource": resource})
            self.answers.append(self.hospital.post(request.body, request.service))

    @property
    def cards(self) -> list[Json]:
        """Cards of all answers; each must be a 200."""
        assert [answer.status_code for answer in self.answers] == [200] * len(self.answers)
        return [card for answer in self.answers for card in answer.get_json()["cards"]]

    @property
    def card(self) -> Json:
        """The one card."""
        (found,) = self.cards
        return found

    @property
    def behind(self) -> Json:
        """The machine-readable half of the one card."""
        found: Json = self.card["extension"][EXTENSION]
        return found


def add_model(folder: Path, name: str) -> None:
    """Put a copy of the diabetes model into a folder, under a name of its own."""
    made = folder / name
    shutil.copytree(CATALOG / "type2-diabetes-risk", made)
    network = onnx.load(made / "model.onnx")
    for one in network.metadata_props:
        if one.key == "bedside.model":
            one.value = name
    (made / "model.onnx").write_bytes(network.SerializeToString())
    for evidence in ("evaluation.json", "golden.json"):
        text = (made / evidence).read_text(encoding="utf-8")
        (made / evidence).write_text(text.replace("type2-diabetes-risk", name), encoding="utf-8")
    _seal(made, name)


def copy_with_policy(folder: Path, model: str, **policy: Any) -> None:
    """Put a copy of a bundled model into a folder, with fields of its fairness policy changed."""
    shutil.copytree(CATALOG / model, folder / model)
    path = folder / model / "model.yaml"
    manifest: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    manifest["fairness"] |= policy
    path.write_text(yaml.safe_dump(manifest), encoding="utf-8")


def _seal(folder: Path, name: str) -> None:
    manifest: dict[str, Any] = yaml.safe_load((folder / "model.yaml").read_text(encoding="utf-8"))
    manifest |= {"id": name, "service": name}
    manifest["files"] = {
        file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in manifest["files"]
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
