"""measure-report.json: a report as an HL7 FHIR R4 Bundle of one Measure and its MeasureReport.

Every metric is a group with its score for everybody, every attribute a stratifier with one stratum per value;
an intersection is a stratum of components. A figure that is withheld is a data-absent-reason `masked`, one
that has no value `not-applicable`.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from fairness.report.model import GroupRow, MetricRow, Report
from fairness.report.names import at_threshold, attribute_title

BASE = "https://bedside.example/fhir"
MEASURE_URL = f"{BASE}/Measure/fairness-audit"
_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_POPULATIONS = {
    "initial-population": (f"{_TERMINOLOGY}/measure-population", "Everybody in the group"),
    "events": (f"{BASE}/CodeSystem/audit-population", "People with the outcome"),
}
Json = dict[str, Any]


def to_measure(report: Report) -> bytes:
    """UTF-8 JSON of the Bundle, indented, one final newline; equal reports give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(bundle(report)), indent=1) + b"\n"


def bundle(report: Report) -> Json:
    """The Bundle as plain data."""
    resources = (_measure(report), _measure_report(report))
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": f"{BASE}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources
        ],
    }


def _measure(report: Report) -> Json:
    everybody = report.groups[0]
    return {
        "resourceType": "Measure",
        "id": "fairness-audit",
        "url": MEASURE_URL,
        "title": report.title,
        "status": "active",
        **({"date": report.created} if report.created else {}),
        "description": f"Figures of a prediction by group. Source: {report.source}",
        "scoring": _concept(f"{_TERMINOLOGY}/measure-scoring", "continuous-variable"),
        "group": [_measure_group(report, everybody, metric) for metric in everybody.metrics],
    }


def _measure_group(report: Report, everybody: GroupRow, metric: MetricRow) -> Json:
    populations = _POPULATIONS if report.kind in ("binary", "survival") else ["initial-population"]
    return {
        "code": _metric_code(metric),
        "population": [
            {"code": _population_code(name), "criteria": _criteria(_POPULATIONS[name][1])}
            for name in populations
        ],
        "stratifier": [_stratifier(attributes) for attributes, _ in _by_attribute(report)],
    }


def _stratifier(attributes: tuple[str, ...]) -> Json:
    if len(attributes) == 1:
        return {"code": _attribute_code(attributes), "criteria": _criteria(attributes[0])}
    return {
        "code": _attribute_code(attributes),
        "component": [{"code": _attribute_code((one,)), "criteria": _criteria(one)} for one in attributes],
    }


def _measure_report(report: Report) -> Json:
    everybody = report.groups[0]
    return {
        "resourceType": "MeasureReport",
        "id": "fairness-audit",
        "status": "complete",
        "type": "summary",
        "measure": MEASURE_URL,
        **({"date": report.created} if report.created else {}),
        "period": {"extension": [_absent("unknown")]},
        "group": [
            {
                "code": _metric_code(metric),
                "population": _populations(report, everybody),
                "measureScore": _score(metric),
                "stratifier": [
                    {
                        "code": [_attribute_code(attributes)],
                        "stratum": [_stratum(report, row, at) for row in rows],
                    }
                    for attributes, rows in _by_attribute(report)
                ],
            }
            for at, metric in enumerate(everybody.metrics)
        ],
    }


def _stratum(report: Report, row: GroupRow, at: int) -> Json:
    """One group; the metrics of every group stand in one order."""
    what: Json = {"value": _value(row.members[0], row.label)}
    if len(row.members) > 1:
        what = {
            "component": [
                {"code": _attribute_code((member[0],)), "value": _value(member, member[1])}
                for member in row.members
            ]
        }
    return {**what, "population": _populations(report, row), "measureScore": _score(row.metrics[at])}


def _by_attribute(report: Report) -> Iterator[tuple[tuple[str, ...], list[GroupRow]]]:
    rows = [row for row in report.groups if row.members]
    for attributes, found in groupby(rows, key=_attributes):
        yield attributes, list(found)


def _attributes(row: GroupRow) -> tuple[str, ...]:
    return tuple(attribute for attribute, _ in row.members)


def _populations(report: Report, row: GroupRow) -> Sequence[Json]:
    counts = {"initial-population": row.n}
    if report.kind in ("binary", "survival"):
        counts["events"] = row.events
    return [{"code": _population_code(name), **_count(count)} for name, count in counts.items()]


def _count(count: int | None) -> Json:
    return {"_count": {"extension": [_absent("masked")]}} if count is None else {"count": count}


def _score(metric: MetricRow) -> Json:
    if metric.value is None:
        return {"extension": [_absent("masked" if metric.state == "masked" else "not-applicable")]}
    extensions = [_extension("evidence", valueCode=metric.state)]
    if metric.low is not None and metric.high is not None:
        limits = [{"url": "low", "valueDecimal": metric.low}, {"url": "high", "valueDecimal": metric.high}]
        extensions.append(_extension("confidence-interval", extension=limits))
    return {"extension": extensions, "value": metric.value}


def _extension(name: str, **value: object) -> Json:
    return {"url": f"{BASE}/StructureDefinition/{name}", **value}


def _absent(code: str) -> Json:
    return {"url": _ABSENT_REASON, "valueCode": code}


def _metric_code(metric: MetricRow) -> Json:
    code = metric.name if metric.threshold is None else f"{metric.name}-at-{metric.threshold:g}"
    return _concept(f"{BASE}/CodeSystem/fairness-metric", code, at_threshold(metric.name, metric.threshold))


def _attribute_code(attributes: tuple[str, ...]) -> Json:
    return {"text": attribute_title(attributes)}


def _value(member: tuple[str, str], label: str) -> Json:
    return {"text": label if label == member[1] else f"{label} ({member[1]})"}


def _population_code(name: str) -> Json:
    return _concept(_POPULATIONS[name][0], name)


def _criteria(told: str) -> Json:
    return {"language": "text/plain", "expression": told}


def _concept(system: str, code: str, text: str | None = None) -> Json:
    concept: Json = {"coding": [{"system": system, "code": code}]}
    return concept if text is None else {**concept, "text": text}
