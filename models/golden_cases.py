"""Writes ``golden.json``: runs the invented patients of a model folder through the mapper and the runtime.

The patients stand in ``golden_cases.yaml`` of the folder, in a short form that is expanded to FHIR here.
The format of ``golden.json`` and its later check are in :mod:`models.golden`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from fhir_mapping.yamlfile import YAMLError, read_yaml
from models.errors import ModelRefused
from models.golden import Case, read, run
from models.loader import load_model

CASES = "golden_cases.yaml"
GOLDEN = "golden.json"
SYSTEMS = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
}
WORDS = "words"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
UCUM = "http://unitsofmeasure.org"
SUBJECT = {"reference": "Patient/golden"}


def golden(folder: Path, bundles: Sequence[Case]) -> None:
    """Write ``folder``/golden.json: the cases with the values of the sealed model; repeatable to the byte.

    Raises ``ModelError`` when the folder is not sealed, as the service would.
    """
    model = load_model(folder)
    found = [_rounded(run(model, case)) for case in bundles]
    content = json.dumps(msgspec.to_builtins(found), sort_keys=True, indent=1, ensure_ascii=False)
    (folder / GOLDEN).write_text(content + "\n", encoding="utf-8")


def cases_of(folder: Path) -> list[Case]:
    """Cases of a folder's golden_cases.yaml or, without one, those that its golden.json already has.

    Raises ``ModelRefused`` when there is neither, or when what is there cannot be read.
    """
    if (folder / CASES).is_file():
        return read_cases(folder / CASES)
    try:
        return read((folder / GOLDEN).read_bytes())
    except OSError:
        raise ModelRefused(f"{folder / CASES}: is not there; describe at least one patient in it") from None
    except msgspec.MsgspecError as error:
        raise ModelRefused(f"{folder / GOLDEN}: cannot be read: {error}; write {CASES} instead") from None


def read_cases(path: Path) -> list[Case]:
    """Cases of a ``golden_cases.yaml``, expanded to FHIR, without expected values.

    Raises ``ModelRefused`` with the number of the case.
    """
    try:
        entries = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError):
        raise ModelRefused(f"{path}: cannot be read; it must be a list of cases in YAML") from None
    if not isinstance(entries, list) or not entries:
        raise ModelRefused(f"{path}: must be a list of cases, each with name, index, patient and facts")
    return [_checked(entry, f"{path}: case {number}") for number, entry in enumerate(entries, start=1)]


def _checked(entry: Any, where: str) -> Case:
    try:
        case = case_of(entry)
    except KeyError as error:
        raise ModelRefused(f"{where}: lacks `{error.args[0]}`, or names a system that is unknown") from None
    except (TypeError, ValueError):
        raise ModelRefused(f"{where}: is not of the agreed form; see the cases of a bundled model") from None
    if case.index.tzinfo is None:
        raise ModelRefused(f"{where}: `index` needs a time zone, such as 2025-06-10T09:00:00Z")
    return case


def case_of(entry: Mapping[str, Any]) -> Case:
    """One case: ``name``, ``index``, ``patient`` (elements), ``facts`` and ``drafts`` (short forms)."""
    patient = {"resourceType": "Patient", "id": "golden", **entry["patient"]}
    facts = [resource(fact, f"f{number}") for number, fact in enumerate(entry.get("facts", ()), start=1)]
    bundle = {"resourceType": "Bundle", "type": "collection"}
    return Case(
        name=entry["name"],
        index=datetime.fromisoformat(entry["index"]),
        bundle={**bundle, "entry": [{"resource": each} for each in (patient, *facts)]},
        drafts=tuple(_draft(code, f"d{n}") for n, code in enumerate(entry.get("drafts", ()), start=1)),
        status="",
        features={},
        outputs={},
    )


def resource(fact: Mapping[str, Any], identifier: str) -> dict[str, Any]:
    """The FHIR resource of one dated ``observation``, ``condition``, ``medication`` or ``procedure``.

    ``system: words`` makes its code a text; ``until`` is the day on which a condition was over.
    """
    common = {"id": identifier, "subject": SUBJECT}
    system = fact.get("system")
    if "observation" in fact:
        value = _answer(fact["answer"]) if "answer" in fact else _quantity(fact)
        return {**common, "resourceType": "Observation", "status": "final",
                "code": _concept(system or "loinc", fact["observation"]), "effectiveDateTime": fact["date"],
                **value}  # fmt: skip
    if "condition" in fact:
        return {**common, "resourceType": "Condition", "clinicalStatus": _coded(CLINICAL, "active"),
                "verificationStatus": _coded(VERIFICATION, "confirmed"), "onsetDateTime": fact["date"],
                **({"abatementDateTime": fact["until"]} if "until" in fact else {}),
                "code": _concept(system or "snomed", fact["condition"])}  # fmt: skip
    if "medication" in fact:
        return {**common, "resourceType": "MedicationRequest", "status": "completed", "intent": "order",
                "authoredOn": fact["date"],
                "medicationCodeableConcept": _concept(system or "rxnorm", fact["medication"])}  # fmt: skip
    return {**common, "resourceType": "Procedure", "status": "completed", "performedDateTime": fact["date"],
            "code": _concept(system or "snomed", fact["procedure"])}  # fmt: skip


def _draft(code: str, identifier: str) -> dict[str, Any]:
    return {"resourceType": "MedicationRequest", "id": identifier, "status": "draft", "intent": "order",
            "subject": SUBJECT, "medicationCodeableConcept": _concept("rxnorm", code)}  # fmt: skip


def _quantity(fact: Mapping[str, Any]) -> dict[str, Any]:
    """``ucum`` is a UCUM code, ``unit`` what a laboratory writes."""
    coded = {"system": UCUM, "code": fact["ucum"]} if "ucum" in fact else {"unit": fact["unit"]}
    return {"valueQuantity": {"value": fact["value"], **coded}}


def _answer(code: str) -> dict[str, Any]:
    return {"valueCodeableConcept": _concept("snomed", code)}


def _concept(system: str, code: str) -> dict[str, Any]:
    """`code` in one of `SYSTEMS`, or as words."""
    return {"text": code} if system == WORDS else _coded(SYSTEMS[system], code)


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _rounded(case: Case) -> Case:
    features = {
        name: None if value is None else float(f"{value:.9g}") for name, value in case.features.items()
    }
    outputs = {
        name: (round(p, 7), round(low, 7), round(high, 7)) for name, (p, low, high) in case.outputs.items()
    }
    return msgspec.structs.replace(case, features=features, outputs=outputs)
