"""What was known of a model before it ran, from the files of its folder."""

from __future__ import annotations

import msgspec

from fairness.cells import Cell
from fairness.monitor.drift import Baseline
from fairness.monitor.watch import References
from models.loader import REFERENCE_FILE
from models.runtime import Model

__all__ = ["references_of"]


class _Levels(msgspec.Struct):
    values: tuple[float, ...]
    proportions: tuple[float, ...]


class _Reference(msgspec.Struct):
    n: int
    probs: tuple[float, ...]
    quantiles: dict[str, tuple[float, ...]]
    discrete: dict[str, _Levels]


def references_of(model: Model) -> References:
    """Distributions of the inputs and the cells of the policy's evaluation; empty where a file is missing.

    The loader has compared the file with its digest and checked its form.
    """
    return References(_inputs(model), _cells(model))


def _inputs(model: Model) -> dict[str, Baseline]:
    if model.folder is None or REFERENCE_FILE not in model.manifest.files:
        return {}
    found = msgspec.json.decode((model.folder / REFERENCE_FILE).read_bytes(), type=_Reference)
    continuous = {
        name: Baseline.of_quantiles(found.probs, table, found.n) for name, table in found.quantiles.items()
    }
    levels = {
        name: Baseline.of_levels(one.values, one.proportions, found.n) for name, one in found.discrete.items()
    }
    return continuous | levels


def _cells(model: Model) -> tuple[Cell, ...]:
    policy = model.manifest.fairness
    return model.evaluation.cells(policy.dataset, policy.output) if model.evaluation else ()
