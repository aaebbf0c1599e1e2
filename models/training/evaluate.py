"""Builds ``evaluation.json``: group cells, behaviour under missing inputs, comparators, notes.

The figures and their intervals come from the room ``fairness``; this file only arranges them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from fairness import (
    Metric,
    auroc,
    evaluate_cells,
    evaluate_metrics,
    npv,
    ppv,
    selection_rate,
    sensitivity,
    specificity,
)
from fairness.cells import rounded
from models.training.crossval import Scenario
from models.training.design import Floats
from models.training.paired import paired_difference
from models.training.reference import Mask

GroupColumns = Mapping[str, Sequence[str | Collection[str] | None]]
Record = dict[str, object]


@dataclass(frozen=True)
class Dataset:
    """One data set of an evaluation. ``role``: cross-validation, internal-test or external."""

    name: str
    role: str
    n: int
    description: str
    source: str
    defects: tuple[str, ...] = ()


@dataclass
class Evaluation:
    """Collects records; ``thresholds[output]`` are the declared decision thresholds of each output."""

    model: str
    version: str
    seed: int
    thresholds: Mapping[str, Sequence[float]]
    datasets: list[Dataset] = field(default_factory=list)
    results: list[Record] = field(default_factory=list)
    missing_inputs: list[Record] = field(default_factory=list)
    comparators: list[Record] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add_results(
        self, dataset: Dataset, outcomes: Floats, probability: Floats, groups: GroupColumns
    ) -> None:
        """Cells of every output (columns of ``[n, K]``, manifest order), overall and per group."""
        self.datasets.append(dataset)
        for k, (output, thresholds) in enumerate(self.thresholds.items()):
            cells = evaluate_cells(outcomes[:, k], probability[:, k], groups, dataset.name, output,
                                   thresholds, seed=self.seed)  # fmt: skip
            self.results += [msgspec.to_builtins(cell) for cell in cells]

    def add_missing(
        self, dataset: Dataset, outcomes: Floats, scenarios: Sequence[Scenario], probability: Floats
    ) -> None:
        """Figures of every output without some inputs; ``probability`` is ``[S, n, K]``."""
        for scenario, predicted in zip(scenarios, probability, strict=True):
            for k, (output, thresholds) in enumerate(self.thresholds.items()):
                record = self._record(dataset, output, outcomes[:, k], predicted[:, k], thresholds)
                self.missing_inputs.append({**record, "missing": scenario.labels})

    def add_comparator(
        self,
        dataset: Dataset,
        output: str,
        outcome: Floats,
        probability: Floats,
        name: str,
        source: str,
        thresholds: Sequence[float] = (),
        ours: Floats | None = None,
    ) -> None:
        """Figures of another method on the same rows; ``probability`` ``[n]`` in [0, 1].

        With ``ours``, the model's own probabilities ``[n]``, the paired difference of areas (model minus
        comparator, DeLong) is added as ``auroc_difference``.
        """
        record = self._record(dataset, output, outcome, probability, thresholds)
        if ours is not None:
            difference = rounded(paired_difference(outcome, ours, probability).metric())
            record["metrics"] = [*_metrics(record), msgspec.to_builtins(difference)]
        self.comparators.append({**record, "name": name, "source": source})

    def add_score_comparator(
        self,
        dataset: Dataset,
        output: str,
        outcome: Floats,
        score: Floats,
        name: str,
        source: str,
        ours: Floats | None = None,
    ) -> None:
        """Discrimination only, for a points score ``[n]`` of any range: it makes no claim on probability."""
        scaled = (score - score.min()) / (float(score.max() - score.min()) or 1.0)
        metrics = [auroc(outcome, scaled)]
        if ours is not None:
            metrics.append(paired_difference(outcome, ours, scaled).metric())
        self._add_some(dataset, output, outcome, metrics, name, source)

    def add_rule_comparator(
        self, dataset: Dataset, output: str, outcome: Floats, positive: Floats | Mask, name: str, source: str
    ) -> None:
        """Classification only, for a yes-or-no rule ``[n]``; its figures carry no threshold."""
        said = np.asarray(positive, dtype=float)
        rates = (selection_rate, sensitivity, specificity, ppv, npv)
        metrics = [msgspec.structs.replace(rate(outcome, said, 0.5), threshold=None) for rate in rates]
        self._add_some(dataset, output, outcome, metrics, name, source)

    def write(self, path: Path, code: str) -> None:
        """Write evaluation.json: sorted keys, six digits, byte-identical on a re-run."""
        content = {**asdict(self), "code": code}
        del content["thresholds"]
        path.write_text(
            json.dumps(content, sort_keys=True, indent=1, allow_nan=False) + "\n", encoding="utf-8"
        )

    def _add_some(
        self,
        dataset: Dataset,
        output: str,
        outcome: Floats,
        metrics: Sequence[Metric],
        name: str,
        source: str,
    ) -> None:
        self.comparators.append(
            {
                "dataset": dataset.name,
                "output": output,
                "name": name,
                "source": source,
                "n": len(outcome),
                "events": int(outcome.sum()),
                "metrics": msgspec.to_builtins([rounded(metric) for metric in metrics]),
            }
        )

    def _record(
        self, dataset: Dataset, output: str, outcome: Floats, probability: Floats, thresholds: Sequence[float]
    ) -> Record:
        metrics = evaluate_metrics(outcome, probability, thresholds, seed=self.seed)
        return {
            "dataset": dataset.name,
            "output": output,
            "n": len(outcome),
            "events": int(outcome.sum()),
            "metrics": msgspec.to_builtins(list(metrics)),
        }


def _metrics(record: Record) -> list[object]:
    found = record["metrics"]
    assert isinstance(found, list), "a record holds its metrics as a list"
    return found


def figure(metrics: Sequence[Mapping[str, object]] | Sequence[Metric], name: str) -> str:
    """One metric of a record as printed text: ``0.771 (0.750-0.792)``, or its state."""
    for metric in msgspec.to_builtins(list(metrics)):
        if metric["name"] == name:
            if metric["value"] is None:
                return str(metric["state"])
            text = f"{metric['value']:.3f}"
            return text if metric["low"] is None else f"{text} ({metric['low']:.3f}-{metric['high']:.3f})"
    return "-"


def tables(evaluation: Mapping[str, object]) -> str:
    """The main figures of evaluation.json as fixed-width lines: what a training run prints."""
    names = ("auroc", "brier", "calibration_intercept", "calibration_slope", "o_e", "ici", "auroc_difference")
    lines = [" | ".join(("record", "n", "events", *names))]
    for kind, labels in (("results", ("attribute", "value")), ("missing_inputs", ("missing",)),
                         ("comparators", ("name",))):  # fmt: skip
        for record in evaluation[kind]:  # type: ignore[attr-defined] # lists of records, see the contract
            label = " ".join(str(record[key]) for key in ("dataset", "output", *labels))
            figures = (figure(record["metrics"], name) for name in names)
            lines.append(" | ".join((label, str(record["n"]), str(record["events"]), *figures)))
    return "\n".join(lines)
