"""A feature set in words and codes, so that a third party can build valid input from it alone."""

import math
from datetime import date
from typing import Any

from fhir_mapping.examples import DATES, example_of
from fhir_mapping.features import FeatureSet
from fhir_mapping.person.demographics import SEX_SOURCES
from fhir_mapping.readers.allergies import AllergyReader
from fhir_mapping.readers.compiled import GenomicReaders, Reader
from fhir_mapping.readers.computed import DerivedReader
from fhir_mapping.readers.drafted import DraftReader
from fhir_mapping.readers.encounters import ACT_CODE, EncounterReader
from fhir_mapping.readers.families import FamilyReader
from fhir_mapping.readers.listed import CategoryReader, ListReader
from fhir_mapping.readers.observations import ObservationReader
from fhir_mapping.readers.person import AgeReader, SexReader
from fhir_mapping.readers.questionnaires import QuestionnaireReader
from fhir_mapping.readers.statuses import statuses
from fhir_mapping.spec import Assumption, Condition, FeatureSpec, Medication
from fhir_mapping.spec_base import Category
from fhir_mapping.terminology import catalogue

_MATCHING = (
    "By the codes listed here, on the order, on its Medication or on an ingredient of that. Products of an "
    "ingredient in ofIngredients are listed as far as they are known; an order of an RxNorm product that is "
    "not known and whose Medication has no ingredients leaves the feature missing (product-unknown). "
    "Without ofIngredients, a code that is not listed is another drug. An order without a code of the listed "
    "systems (words, NDC, a local code) leaves the feature missing (not-coded), unless its words consist "
    "of known names of other drugs; where they hold a listed drug's name, the reason is named-in-words."
)


_DAY = date(2026, 1, 15)
_SECONDS_A_DAY = 86_400


def describe(features: FeatureSet, on: date = _DAY) -> list[dict[str, Any]]:
    """One plain dict per feature, in spec order; empty elements are left out.

    `on` is the day of the examples. What is missing is told as far as the features know it; the rules of a
    model come before that (`cds_hooks.pages`).
    """
    made_of = {name for reader in features.readers.values() for name in _inputs(reader)}
    when = f"{on.isoformat()}T09:30:00Z"
    return [
        _pruned(_describe(features.readers[spec.name], spec, spec.name in made_of) | _example(reader, when))
        for spec in features.specs
        for reader in (features.readers[spec.name],)
    ]


def _inputs(reader: Reader) -> tuple[str, ...]:
    spec = reader.spec
    return (*getattr(spec, "inputs", ()), *filter(None, (getattr(spec, "prefer", None),)))


def _example(reader: Reader, when: str) -> dict[str, Any]:
    example = example_of(reader, when)
    return {} if example is None else {"example": example, "dateElement": _dated(reader, example)}


def _dated(reader: Reader, example: dict[str, Any]) -> str | None:
    return None if isinstance(reader, DraftReader) else DATES.get(example["resourceType"])


def _when_missing(spec: FeatureSpec, kinds: tuple[str, ...], used: bool) -> Any:
    """What becomes of the estimate when nobody knows the feature."""
    if spec.required:
        silence = {"outcome": "silent", "reason": f"required-missing:{spec.name}"}
        # A list or results that were not sent at all are an incomplete request; an empty Bundle is an answer.
        return silence | ({"notSent": 412} if kinds else {})
    how = spec.when_missing
    if spec.input:
        return {"value": how.value, "because": how.because} if isinstance(how, Assumption) else how
    return "missing-where-used" if used else "no-effect"


def _describe(reader: Reader, spec: FeatureSpec, used: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": spec.name,
        "label": spec.label,
        "kind": spec.__struct_config__.tag,
        "input": spec.input,
        "required": spec.required,
        "resources": list(reader.kinds),
        "window": spec.window,
        "windowDays": _days(spec),
        "unit": spec.unit,
        "range": list(spec.range) if spec.range else None,
        "domain": list(spec.domain) if spec.domain else None,
        "note": spec.note,
    }
    told["whenMissing"] = _when_missing(spec, reader.kinds, used)
    if isinstance(reader, (ListReader, AllergyReader, FamilyReader, EncounterReader, DraftReader)):
        told["valueSet"] = _value_set(spec, len(reader.codes))
    told.update(_particulars(reader))
    return told


def _days(spec: FeatureSpec) -> float | None:
    """Length of the look-back window in days; None for any time."""
    days = spec.seconds / _SECONDS_A_DAY
    return None if math.isinf(days) else days


def _value_set(spec: FeatureSpec | Category, count: int) -> dict[str, Any] | None:
    """The value set by its canonical URL, and how many codes the feature has with it."""
    name = getattr(spec, "valueset", None)
    if name is None:
        return None
    return {"url": catalogue.valueset_document(name)["url"], "count": count}


def _particulars(reader: Reader) -> dict[str, Any]:
    if isinstance(reader, AgeReader):
        return {"element": "Patient.birthDate"}
    if isinstance(reader, SexReader):
        return {
            "element": "Patient",
            "sources": list(SEX_SOURCES),
            "values": {"female": 0, "male": 1},
        }
    if isinstance(reader, ObservationReader):
        return _observation(reader)
    if isinstance(reader, CategoryReader):
        return _categories(reader)
    if isinstance(reader, ListReader):
        return _listed(reader)
    if isinstance(reader, (AllergyReader, FamilyReader, EncounterReader)):
        return _entries(reader)
    if isinstance(reader, (QuestionnaireReader, GenomicReaders)):
        told = reader.told()
        return told | {"codes": _codes(reader.codes)} if isinstance(reader, GenomicReaders) else told
    if isinstance(reader, DraftReader):
        drafted = {"element": "context.draftOrders", "codes": _codes(reader.codes), "value": "any"}
        return drafted | {"matching": _MATCHING, "ofIngredients": sorted(reader.ingredients)}
    inputs: dict[str, Any] = {"inputs": list(reader.spec.inputs)}
    return inputs | _formula(reader) if isinstance(reader, DerivedReader) else inputs


def _formula(reader: DerivedReader) -> dict[str, Any]:
    return {
        "formula": reader.spec.formula,
        "formulaSource": reader.formula.source,
        "prefer": reader.spec.prefer,
        "unit": reader.unit,
    }


def _observation(reader: ObservationReader) -> dict[str, Any]:
    told: dict[str, Any] = {
        "codes": _codes(reader.codes),
        "componentOf": _codes(reader.panels),
        "statuses": sorted(reader.statuses),
        "value": reader.which,
        "atLeast": reader.at_least,
        "range": list(reader.range) if reader.range else None,
        "points": reader.points if reader.which == "trend" else None,
        "unit": reader.canonical or None,
        "resultUnit": reader.unit if reader.unit != reader.canonical else None,
    }
    if reader.elsewhere is not None:
        told["codesWithoutValue"] = _codes(sorted(reader.elsewhere.unread))
        told["names"] = list(reader.elsewhere.names)
    if reader.answers:
        answers = reader.answers.values()
        told["answers"] = [
            _pruned({"system": a.system, "code": a.code, "value": a.value, "label": a.label}) for a in answers
        ]
    else:
        told["acceptedUnits"] = [
            {"unit": unit, "times": how.times, "plus": how.plus}
            for unit, how in reader.units.accepted.items()
        ]
    return told


def _listed(reader: ListReader) -> dict[str, Any]:
    spec = reader.spec
    told: dict[str, Any] = {"codes": _codes(reader.codes), "value": reader.which}
    if isinstance(spec, Condition):
        return told | _condition(spec)
    told["statuses"] = sorted(spec.statuses)
    if isinstance(spec, Medication):
        told["activeOnIndexDate"] = spec.active or None
        told["neverCounts"] = ["proposal", "plan", "option", "doNotPerform"]
        told["matching"] = _MATCHING
        told["ofIngredients"] = sorted(reader.ingredients)
    return told


def _categories(reader: CategoryReader) -> dict[str, Any]:
    levels = [
        _pruned(
            {
                "value": level.value,
                "label": level.label,
                "codes": _codes(one.codes),
                "valueSet": _value_set(level, len(one.codes)),
            }
        )
        for level, one in reader.levels
    ]
    return {"categories": levels} | _condition(reader.spec)


def _condition(spec: Condition) -> dict[str, Any]:
    return {
        "statuses": sorted(spec.clinical),
        "verification": sorted(spec.verification),
        "activeOnIndexDate": spec.active or None,
        "neverCounts": _refuted(),
    }


def _entries(reader: AllergyReader | FamilyReader | EncounterReader) -> dict[str, Any]:
    told: dict[str, Any] = {"codes": _codes(reader.codes), "value": reader.which}
    if isinstance(reader, AllergyReader):
        told |= {"statuses": sorted(reader.clinical), "criticality": sorted(reader.criticality)}
        return told | {"neverCounts": [*_refuted(), "no known allergy"]}
    told["statuses"] = sorted(reader.statuses)
    if isinstance(reader, EncounterReader):
        return told | {"classes": [{"system": ACT_CODE[0], "code": code} for code in sorted(reader.classes)]}
    return told | {"relationships": _codes(reader.relationships), "onsetBefore": reader.onset_before}


def _refuted() -> list[str]:
    return sorted(statuses().never["verification"], reverse=True)


def _codes(codes: Any) -> list[dict[str, str]]:
    return [{"system": system, "code": code} for code, system in sorted(codes, key=lambda c: (c[1], c[0]))]


def _pruned(told: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value is not None and value != [] and value != {}}
