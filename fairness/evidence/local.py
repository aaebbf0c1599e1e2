"""What audits of patients at the place of use say, in lines: how well the model works there, and for whom."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairness.cells import OVERALL
from fairness.evidence.errors import EvidenceError
from fairness.evidence.summary import LABELS, figure_text

Audit = Mapping[str, Any]
_VALIDITY = ("auroc", "o_e", "calibration_slope", "brier")


def found_locally(audits: Sequence[Audit]) -> dict[str, list[str]]:
    """Lines of `validity` and `fairness` from report.json documents; a masked figure is told as withheld.

    Raises EvidenceError for a document that is no report, or does not name its model and version.
    """
    lines: dict[str, list[str]] = {"validity": [], "fairness": []}
    for at, audit in enumerate(audits):
        try:
            lines["validity"] += _validity(audit)
            lines["fairness"] += _fairness(audit)
        except (KeyError, TypeError, AttributeError):
            raise EvidenceError(
                f"audits[{at}]: is no report; give a report.json of `bedside audit`"
            ) from None
        if None in (audit.get("model"), audit.get("version")):
            # Or a report on anybody's predictions would stand as evidence on this model.
            raise EvidenceError(
                f"audits[{at}]: does not say which model and version it is about; audit again with --model "
                "and --model-version"
            )
    return lines


def _validity(audit: Audit) -> Iterator[str]:
    for group in audit["groups"]:
        if group["attribute"] != OVERALL:
            continue
        yield f"{_name(audit)}: n = {_count(group['n'])}, events = {_count(group['events'])}"
        for metric in group["metrics"]:
            if metric["name"] in _VALIDITY:
                yield f"{LABELS[metric['name']]} {_figure(metric)}"


def _fairness(audit: Audit) -> Iterator[str]:
    yield f"{_name(audit)}: {audit['outcome']}"
    for verdict in audit["verdicts"]:
        yield f"{verdict['claim']}, {verdict['label']}: {verdict['outcome']}"
    if audit["unestimable"]:
        yield f"Too little evidence: {', '.join(audit['unestimable'])}"


def _name(audit: Audit) -> str:
    return f"{audit['title']} ({audit['source']}, {audit['created'] or 'no date'})"


def _count(count: int | None) -> str:
    return "withheld" if count is None else str(count)


def _figure(metric: Mapping[str, Any]) -> str:
    return "withheld" if metric["state"] == "masked" else figure_text(metric)
