"""Example requests of CDS Hooks itself and of its test kit: none of them makes the service fail."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hospital import DIABETES, RESPONSE, Hospital, Json

FOLDER = Path(os.environ.get("BEDSIDE_DATA", "nowhere")) / "cds_hooks" / "requests"
HOOKS = {"patient-view": DIABETES, "order-select": RESPONSE, "order-sign": RESPONSE}
EXAMPLES = tuple(
    found
    for found in sorted(FOLDER.glob("*/*.json"))
    if found.stem.endswith(("request", "-context", "-prefetch", "-fragment"))
)
NEEDS_DATA = pytest.mark.skipif(
    not EXAMPLES, reason="BEDSIDE_DATA does not name the folder with the example requests."
)


def requests_in(path: Path) -> list[Json]:
    """A whole request as it is; a context or prefetch by itself, wrapped into a request of each hook."""
    document: Json = json.loads(path.read_text(encoding="utf-8"))
    if "hook" in document:
        return [document]
    parts = {name: document[name] for name in ("context", "prefetch") if name in document}
    if not parts:
        parts = {"context": document}
    context: dict[str, Any] = {"userId": "Practitioner/example", "patientId": "1288992"}
    return [
        {"hook": hook, "hookInstance": str(uuid4()), "context": context, **parts}
        for hook in HOOKS
        if path.stem.startswith((hook, "index", "template", "order-review"))
    ]


@NEEDS_DATA
@pytest.mark.requirement("cds-hooks_2.0@14", "cds-hooks_2.0@76")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_request_is_answered_or_refused_with_words(path: Path, hospital: Hospital) -> None:
    """Never a 5xx; an answer without cards is an OperationOutcome that says what is wrong."""
    requests = requests_in(path)
    assert requests
    for request in requests:
        answer = hospital.post(request, HOOKS.get(request["hook"], DIABETES))
        assert answer.status_code in (200, 400, 412)
        document = answer.get_json()
        assert "cards" in document or all(issue["diagnostics"] for issue in document["issue"])


@NEEDS_DATA
@pytest.mark.parametrize("name", ["order_select_hook_request", "order_sign_hook_request"])
def test_an_order_of_something_else_is_no_reason_to_speak(name: str, hospital: Hospital) -> None:
    """The test kit's orders hold no checkpoint inhibitor: silence or a plea for the chart, never a card."""
    (request,) = requests_in(FOLDER / "crd-test-kit" / f"{name}.json")
    answer = hospital.post(request, RESPONSE)
    assert not (answer.get_json().get("cards"))
