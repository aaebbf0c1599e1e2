"""From the ledger's rows to the columns that the monitor works on.

Patients stay keyed digests, clinicians stay references, and neither leaves this process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from cds_hooks.ledger import Ledger
from fairness.monitor.labels import Observed, Scored
from fairness.monitor.watch import Watched

__all__ = ["days", "read_observed", "read_watched"]

_SECONDS_PER_DAY = 86_400.0
_UNNAMED = "unnamed"
_SHADOW = "shadow"
_NO_ANSWER = "no-response"
_Row = Mapping[str, Any]


class _Response(NamedTuple):
    row: int
    action: str
    clinician: str


def days(moment: datetime | str) -> float:
    """Days since 1970 of an aware datetime, or of the text in which the ledger keeps one."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.timestamp() / _SECONDS_PER_DAY


def read_watched(
    ledger: Ledger, model: str, version: str, output: str, inputs: Sequence[str], until: datetime
) -> Watched:
    """Every prediction of a model version up to a moment; rows without a patient are left out.

    The probability of a prediction that was not scored, or failed, is NaN.
    """
    rows = [row for row in ledger.predictions(model, version, until) if row["patient_key"]]
    features = [{one["name"]: one for one in row["features"]} for row in rows]
    columns = {
        name: np.array([_value(one.get(name)) for one in features], dtype=np.float64) for name in inputs
    }
    shown = _responses(rows, ledger, model, version, until)
    return Watched(
        scored=Scored(
            [row["patient_key"] for row in rows],
            np.array([days(row["received_at"]) for row in rows], dtype=np.float64),
            np.array([_probability(row["outputs"], output) for row in rows], dtype=np.float64),
        ),
        groups=[_groups(row["group_values"]) for row in rows],
        inputs=columns,
        flags={
            "missing_input": np.array([_lacks(one, inputs) for one in features], dtype=np.bool_),
            "no_card": np.array([_is_silent(row) for row in rows], dtype=np.bool_),
            "abstained": np.array([_abstained(row) for row in rows], dtype=np.bool_),
        },
        is_shadow=np.array([row["reason"] == _SHADOW for row in rows], dtype=np.bool_),
        shown=[one.row for one in shown],
        actions=[one.action for one in shown],
        clinicians=[one.clinician for one in shown],
    )


def read_observed(ledger: Ledger, output: str, until: datetime) -> Observed:
    """Every outcome for an output that had arrived at a moment."""
    rows = list(ledger.outcomes(output, until))
    return Observed(
        [row["patient_key"] for row in rows],
        np.array([days(row["observed_at"]) for row in rows], dtype=np.float64),
        np.array([days(row["received_at"]) for row in rows], dtype=np.float64),
        [row["value"] for row in rows],
    )


def _responses(
    rows: Sequence[_Row], ledger: Ledger, model: str, version: str, until: datetime
) -> list[_Response]:
    """What was last said of each card that was shown; cards of unnamed users count as one clinician's."""
    said = {one["card_uuid"]: one["outcome"] for one in ledger.responses(model, version, until)}
    return [
        _Response(at, said.get(row["card_uuid"], _NO_ANSWER), row["user_ref"] or _UNNAMED)
        for at, row in enumerate(rows)
        if row["card_uuid"]
    ]


def _probability(outputs: Sequence[_Row], name: str) -> float:
    found = next((one["probability"] for one in outputs if one["name"] == name), None)
    return float("nan") if found is None else float(found)


def _value(feature: _Row | None) -> float:
    value = None if feature is None or feature.get("state") == "missing" else feature.get("value")
    return float("nan") if value is None else float(value)


def _lacks(features: _Row, inputs: Sequence[str]) -> bool:
    return any(features[name].get("state") == "missing" for name in inputs if name in features)


def _is_silent(row: _Row) -> bool:
    """No card, though not because the model runs in the shadow: that silence is the same for everybody."""
    return row["card_uuid"] is None and row["reason"] != _SHADOW


def _abstained(row: _Row) -> bool:
    status = row["applicability"].get("status")
    return row["decision"] == "failed" or status in ("outside", "silent") or row["reason"] == "withheld"


def _groups(recorded: _Row) -> dict[str, tuple[str, ...]]:
    return {
        attribute: (values,) if isinstance(values, str) else tuple(values or ())
        for attribute, values in recorded.items()
    }
