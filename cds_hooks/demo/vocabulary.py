"""Reading of the vignettes and of the words they may use, and the small FHIR pieces built from both."""

from datetime import date, timedelta
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

Json = dict[str, Any]

SYSTEMS = {
    "snomed": "http://snomed.info/sct",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}
HL7 = "http://terminology.hl7.org/CodeSystem"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"


def folder() -> Traversable:
    """Folder of the vignettes inside the package."""
    return resources.files("cds_hooks.demo") / "patients"


@cache
def vocabulary() -> Json:
    """Observation keys and person attributes of vocabulary.yaml."""
    return _read(resources.files("cds_hooks.demo") / "vocabulary.yaml")


@cache
def vignette(name: str) -> Json:
    """One vignette as written; raises KeyError when there is none of that name."""
    path = folder() / f"{name}.yaml"
    if not path.is_file():
        raise KeyError(f"no bundled patient `{name}`")
    return _read(path)


def _read(path: Traversable) -> Json:
    loaded: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def day(as_of: date, days_ago: int) -> date:
    """Calendar day `days_ago` days before `as_of`; negative means a day to come."""
    return as_of - timedelta(days=days_ago)


def moment(as_of: date, days_ago: int) -> str:
    """FHIR dateTime on the morning of that day."""
    return f"{day(as_of, days_ago).isoformat()}T08:30:00Z"


def years_before(as_of: date, years: int) -> date:
    """Same day `years` years earlier; 29 February becomes 28 February in a common year."""
    try:
        return as_of.replace(year=as_of.year - years)
    except ValueError:
        return as_of.replace(year=as_of.year - years, day=28)


def concept(system: str, code: str, display: str) -> Json:
    """CodeableConcept of one coding, its display as text."""
    return {
        "coding": [{"system": SYSTEMS.get(system, system), "code": code, "display": display}],
        "text": display,
    }


def profile(name: str) -> Json:
    """`meta` that claims one US Core profile."""
    return {"profile": [f"{US_CORE}/{name}"]}
