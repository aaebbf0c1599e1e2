"""The figures that the views show, picked from an evaluation and rounded once, here.

A view prints `text` or a count as it stands, so every figure in a view is a figure of the record.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairness.cells import OVERALL
from fairness.groups import ATTRIBUTES, attribute_label, label

Row = Mapping[str, Any]
LABELS = {
    "auroc": "Ranking (AUROC)",
    "brier": "Brier score",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "o_e": "Observed to expected",
    "ici": "Mean calibration error",
    "selection_rate": "Selected",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "Positive predictive value",
    "npv": "Negative predictive value",
    "net_benefit": "Net benefit",
}
_STATES = {"insufficient": "too few to count as evidence", "undefined": "cannot be computed"}
_BY_GROUP = ("auroc", "o_e", "calibration_slope", "sensitivity", "net_benefit")
OUTSIDE = "external"


def summarised(evaluation: Row | None, outputs: Sequence[str], thresholds: Row) -> dict[str, Any]:
    """Rows for everybody and for groups, on the model's own kind of data (`internal`) and on other data
    (`external`).

    Only outputs of the model are shown, with the figures at their declared threshold. Each of the four lists
    is empty when there is nothing to show. `thin` names the groups with too little evidence.
    """
    found: dict[str, Any] = {
        part: [] for part in ("internal", "internal_groups", "external", "external_groups", "thin")
    }
    if evaluation is None:
        return found
    roles = {dataset["name"]: dataset["role"] for dataset in evaluation["datasets"]}
    for cell in evaluation["results"]:
        if cell["output"] not in outputs:
            continue
        where = "external" if roles.get(cell["dataset"]) == OUTSIDE else "internal"
        is_all = cell["attribute"] == OVERALL
        row = _row(cell, thresholds.get(cell["output"]), None if is_all else _BY_GROUP)
        found[where if is_all else f"{where}_groups"].append(row)
        if not is_all and row["state"] != "ok":
            found["thin"].append(_thin(row))
    return found


def _row(cell: Row, threshold: float | None, only: Sequence[str] | None) -> dict[str, Any]:
    metrics = [_figure(metric) for metric in _shown(cell, threshold, only)]
    lead = next((one["state"] for one in metrics), cell.get("state", "undefined"))
    return {
        "dataset": cell["dataset"],
        "output": cell["output"],
        "attribute": cell["attribute"],
        "value": cell["value"],
        "label": _group_label(cell),
        "n": cell["n"],
        "events": cell["events"],
        "state": lead,
        "figures": metrics,
    }


def _shown(cell: Row, threshold: float | None, only: Sequence[str] | None) -> Iterator[Row]:
    for metric in cell["metrics"]:
        if metric["threshold"] not in (None, threshold):
            continue
        if only is None or metric["name"] in only:
            yield metric


def _figure(metric: Row) -> dict[str, Any]:
    return {
        "name": metric["name"],
        "label": LABELS.get(metric["name"], metric["name"]),
        "threshold": metric["threshold"],
        "state": metric["state"],
        "text": figure_text(metric),
    }


def figure_text(metric: Row) -> str:
    """Value and 95 % interval with three digits after the point, or why there is none."""
    if metric["value"] is None:
        return _STATES["undefined"]
    text = f"{metric['value']:.3f}"
    if metric["low"] is not None and metric["high"] is not None:
        text += f" ({metric['low']:.3f} to {metric['high']:.3f})"
    return text if metric["state"] == "ok" else f"{text}, {_STATES.get(metric['state'], metric['state'])}"


def _group_label(cell: Row) -> str:
    attribute, value = str(cell["attribute"]), str(cell["value"])
    if attribute == OVERALL:
        return "Everybody"
    if attribute in ATTRIBUTES:
        return f"{attribute_label(attribute)}: {label(attribute, value)}"
    return f"{attribute.replace('_', ' ').capitalize()}: {value.replace('-', ' ')}"


def _thin(row: Row) -> str:
    return f"{row['label']} ({row['dataset']}, {row['output']})"
