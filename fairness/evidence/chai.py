"""The CHAI Applied Model Card, version 0.2: XML in the order of the published schema, and the same as JSON.

Source: Coalition for Health AI, mc-schema, v0.2/schema.xsd (CC BY-ND 4.0), which is followed and not
distributed here. The optional list of compatible EHRs is left out: its name is spelled in two ways among the
published versions. What the record does not know is written as open, because the schema wants most elements.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fairness.evidence.pointers import found_at, is_told
from fairness.evidence.record import Record
from fairness.evidence.wording import at_text, told

NAMESPACE = "https://mc.chai.org/v0.2/schema.xsd"
ROOT = "AppliedModelCard"
OPEN = "Open: not stated in the evidence record."

Node = dict[str, Any]


def card(record: Record) -> Node:
    """The card as nested dicts whose order is the schema's; a list repeats its element."""
    found = _Text(record.document)
    items = "; ".join(one["what"] for one in record.open_items)
    return {
        "BasicInfo": {
            "ModelName": found("title"),
            "ModelDeveloper": found("manifest/developer/name"),
            "DeveloperContact": found("manifest/developer/contact"),
        },
        "ReleaseInfo": {
            "ReleaseStage": found("manifest/status"),
            "ReleaseDate": found("regulatory/released"),
            "ReleaseVersion": found("version"),
            "GlobalAvailability": found("regulatory/availability"),
            "RegulatoryApproval": found("regulatory/approval"),
        },
        "ModelSummary": {
            "Summary": found("manifest/description"),
            "Keywords": {"Keyword": [output["label"] for output in record.document["manifest"]["outputs"]]},
        },
        "UsesAndDirections": {
            "IntendedUseAndWorkflow": found("manifest/intended_use/purpose", "manifest/hooks"),
            "PrimaryIntendedUsers": found("manifest/intended_use/users"),
            "HowToUse": found("manifest/intended_use/decision_role", "software/oversight"),
            "TargetedPatientPopulation": found("manifest/intended_use/population"),
            "CautionedOutOfScopeSettings": found("manifest/intended_use/not_for"),
        },
        "Warnings": {
            "KnownRisksAndLimitations": found("manifest/intended_use/risks", "manifest/intended_use/limits"),
            "KnownBiasesOrEthicalConsiderations": found("regulatory/ethical_considerations"),
            "ClinicalRiskLevel": found("regulatory/clinical_risk"),
        },
        "TrustIngredients": {"AISystemFacts": _facts(found), "TransparencyInformation": _transparency(found)},
        "KeyMetrics": _metrics(record, found),
        "Resources": {
            "EvaluationReferences": found("regulatory/outcome_studies"),
            "PeerReviewedPublications": found("regulatory/study/more/publications"),
            "PatientConsentOrDisclosure": found("regulatory/patient_disclosure"),
        },
        "Bibliography": f"{found('manifest/citations')}\nOpen items of the record: {items or 'none'}.",
    }


def as_xml(record: Record) -> bytes:
    """The card as XML in UTF-8, indented."""
    root = ET.Element(ROOT, {"xmlns": NAMESPACE})
    _append(root, card(record))
    ET.indent(root, " ")
    text: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return text + b"\n"


def as_json(record: Record) -> bytes:
    """The card as JSON in the order of the schema, with the digest of the record and its open items."""
    document = {
        "schema": NAMESPACE,
        ROOT: card(record),
        "record_sha256": record.sha256,
        "open_items": record.open_items,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


class _Text:
    """Text of places of a record, one line each; `OPEN` when none of them says anything."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def __call__(self, *places: str) -> str:
        values = (found_at(self._document, place) for place in places)
        lines = [line for value in values if is_told(value) for line in told(value)]
        return "\n".join(lines) or OPEN


def _facts(found: _Text) -> Node:
    return {
        "OutcomesAndOutputs": found("manifest/outputs"),
        "ModelType": found("regulatory/method"),
        "InputDataSource": found("features"),
        "OutputAndInputDataTypes": found("regulatory/output_kind", "software/standards"),
        "DevelopmentDataCharacterization": found(
            "manifest/training/data", "manifest/training/inclusion", "manifest/training/exclusion"
        ),
        "BiasMitigationApproaches": found("regulatory/fairness/approach", "regulatory/fairness/mitigation"),
        "OngoingMaintenance": found("regulatory/maintenance"),
        "Security": found("software/security"),
        "Transparency": found("software/explanation", "software/reproducibility"),
    }


def _transparency(found: _Text) -> Node:
    return {
        "FundingSource": found("manifest/developer/funding"),
        "ThirdPartyInformation": found("manifest/training/licence_note"),
        "StakeholdersConsulted": found("regulatory/stakeholders"),
    }


def _metrics(record: Record, found: _Text) -> Node:
    summary = record.document["summary"]
    everybody = [*summary["internal"], *summary["external"]]
    groups = [*summary["internal_groups"], *summary["external_groups"]]
    without = (record.document["evaluation"] or {}).get("missing_inputs", ())
    return {
        "UsefulnessUsabilityEfficacy": _metric(
            "Ranking, calibration and net benefit for everybody", _results(everybody), found
        ),
        "FairnessEquity": _metric(
            "Ranking, calibration and net benefit alike in all groups", _results(groups), found
        ),
        "SafetyReliability": _metric(
            "Ranking when inputs are missing", [_without(row) for row in without if row["metrics"]], found
        ),
    }


def _metric(goal: str, results: Sequence[Node], found: _Text) -> Node:
    return {
        "MetricGoal": goal,
        "Results": {"MetricResult": list(results) or [{"Label": "Open", "ValueJson": "null"}]},
        "Interpretation": found("manifest/intended_use/limits"),
        "TestType": found("roles"),
        "TestingDataDescription": found("evaluation/datasets"),
        "ValidationProcessAndJustification": found("regulatory/validation/process"),
    }


def _results(rows: Sequence[Mapping[str, Any]]) -> list[Node]:
    return [
        {
            "Label": f"{row['label']}, {row['dataset']}, {row['output']}: {one['label']}{at_text(one)}",
            "ValueJson": _json(
                {"kind": "text", "value": one["text"], "n": row["n"], "events": row["events"]}
            ),
        }
        for row in rows
        for one in row["figures"]
    ]


def _without(row: Mapping[str, Any]) -> Node:
    first = row["metrics"][0]
    return {
        "Label": f"Without {', '.join(row['missing'])}, {row['dataset']}, {row['output']}: {first['name']}",
        "ValueJson": _json(
            {"kind": "single", "value": first["value"], "n": row["n"], "events": row["events"]}
        ),
    }


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _append(parent: ET.Element, content: Mapping[str, Any]) -> None:
    for name, value in content.items():
        for one in value if isinstance(value, list) else [value]:
            child = ET.SubElement(parent, name)
            if isinstance(one, Mapping):
                _append(child, one)
            else:
                child.text = one
