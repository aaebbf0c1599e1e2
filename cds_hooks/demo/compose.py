"""Bundled patients as FHIR R4, dated relative to the day on which somebody looks at them.

The vignettes in patients/ give each fact an age in days, so the charts never go stale. All are invented.
"""

from datetime import date
from typing import Any

from cds_hooks.demo.facts import Chart, clinician, resource
from cds_hooks.demo.person import patient
from cds_hooks.demo.vocabulary import folder, vignette

Json = dict[str, Any]
_BASE = "https://bedside.example/fhir"


def names() -> list[str]:
    """Names of the bundled patients, sorted; a name is also the id of the Patient resource."""
    return sorted(
        path.name.removesuffix(".yaml") for path in folder().iterdir() if path.name.endswith(".yaml")
    )


def story(name: str) -> str:
    """Who the patient is and what the chart shows; raises KeyError for an unknown name."""
    return " ".join(f"{vignette(name)['story']} {vignette(name)['why']}".split())


def bundle(name: str, as_of: date) -> Json:
    """Chart of one patient as a collection Bundle, read on `as_of`; raises KeyError for an unknown name."""
    written = vignette(name)
    resources = [patient(name, written["patient"], as_of)]
    resources += [
        resource(fact, Chart(name, f"{name}-{n}", as_of)) for n, fact in _numbered(written, "facts")
    ]
    if any(entry["resourceType"] == "MedicationRequest" for entry in resources) or written.get("orders"):
        resources.append(clinician())
    return _collection(resources)


def draft_orders(name: str, as_of: date) -> Json | None:
    """Draft orders for the context of order-select, or None; raises KeyError for an unknown name.

    They refer to the patient and the clinician of `bundle(name, as_of)`.
    """
    written = vignette(name)
    if not written.get("orders"):
        return None
    drafts = _numbered(written, "orders")
    return _collection([resource(fact, Chart(name, f"{name}-draft-{n}", as_of)) for n, fact in drafts])


def _numbered(written: Json, part: str) -> list[tuple[int, Json]]:
    return list(enumerate(written.get(part) or (), start=1))


def _collection(resources: list[Json]) -> Json:
    entries = [
        {"fullUrl": f"{_BASE}/{made['resourceType']}/{made['id']}", "resource": made} for made in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
