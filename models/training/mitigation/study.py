"""One comparison: which people, which recipe, what is declared, and the document that comes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sklearn
from threadpoolctl import threadpool_limits

from fairness.cells import DIGITS
from models.training.evaluate import Dataset
from models.training.mitigation.change import REPLICATES, STEPS, Change, Comparison, GroupChange, Task
from models.training.mitigation.crossfit import (
    BASE,
    POSTPROCESSING,
    RECALIBRATION,
    UNCONSTRAINED,
    Answer,
    Folds,
    Key,
    Learner,
    crossfit,
)
from models.training.mitigation.levelling import Levelling, assess
from models.training.mitigation.reductions import DIFFERENCE
from models.training.mitigation.strata import People

FORM = "bedside-mitigation-1"
# These need to know the group of the person who is scored.
GROUP_DEPENDENT = (RECALIBRATION, POSTPROCESSING)
Document = dict[str, Any]


@dataclass(frozen=True)
class Declared:
    """What is declared about one output: its decision threshold, and the range that is sensible for it."""

    threshold: float
    span: tuple[float, float]


@dataclass(frozen=True)
class Study:
    """``learner`` is the unmitigated recipe, as small as ``plan`` says in words; ``outputs`` name the
    columns of the outcomes, in their order."""

    model: str
    version: str
    code: str
    data: Dataset
    people: People
    learner: Learner
    outputs: Mapping[str, Declared]
    plan: str
    folds: Folds = Folds()  # noqa: RUF009 # immutable


def compare(
    study: Study, methods: Sequence[str], attributes: Sequence[str], replicates: int = REPLICATES
) -> tuple[Document, dict[Key, Answer]]:
    """The comparison as plain JSON values, and the answers that it was made from.

    Each method is tried for each of ``attributes``; its figures are told for the groups of every attribute.
    Raises ``KeyError`` for an attribute that the study does not have.
    """
    declared = list(study.outputs.values())
    with threadpool_limits(limits=1):  # many small fits: more threads are slower, and sum in another order
        answers = crossfit(
            study.learner, study.people, methods, attributes, [one.threshold for one in declared], study.folds
        )
    told = [key for key in answers if key[:2] != BASE]
    comparisons = [_compared(study, answers, key, attributes, replicates) for key in sorted(told, key=_order)]
    return {
        "form": FORM,
        "model": study.model,
        "version": study.version,
        "code": study.code,
        "seed": study.folds.seed,
        "data": _listed(dataclasses.asdict(study.data)),
        "plan": {
            "text": study.plan,
            "folds": dataclasses.asdict(study.folds),
            "replicates": replicates,
            "steps_of_range": STEPS,
            "difference_of_odds": DIFFERENCE,
            "scikit_learn": sklearn.__version__,
        },
        "comparisons": comparisons,
    }, answers


def _compared(
    study: Study, answers: Mapping[Key, Answer], key: Key, attributes: Sequence[str], replicates: int
) -> Document:
    method, attribute, k = key
    output, declared = list(study.outputs.items())[k]
    task = Task(study.people.outcomes[:, k], declared.threshold, declared.span)
    answer = answers[key]
    comparison = Comparison(
        study.people, task, answers[(*BASE, k)], answer, replicates=replicates, seed=study.folds.seed
    )
    groups = comparison.groups(list(study.people.groups))
    judged = [attribute] if attribute else list(attributes)
    return {
        "method": method,
        "attribute": attribute,
        "output": output,
        "threshold": declared.threshold,
        "range": list(declared.span),
        "gives": "decision" if answer.risk is None else "risk",
        "needs_group_when_used": method in GROUP_DEPENDENT,
        "constrained": method != UNCONSTRAINED,
        "notes": list(answer.notes),
        "groups": [_group(one) for one in groups],
        "levelling": [
            {"attribute": name, **_levelling(one)}
            for name in judged
            for one in assess(comparison, study.people, name, groups)
        ],
    }


def named(document: Document) -> Iterator[tuple[Document, Document]]:
    """Each comparison with a verdict of levelling down, shown or not excluded."""
    for comparison in document["comparisons"]:
        for verdict in comparison["levelling"]:
            if verdict["state"] in ("levelling-down", "not-excluded"):
                yield comparison, verdict


def _order(key: Key) -> tuple[int, str, str]:
    return key[2], key[1], key[0]


def _group(one: GroupChange) -> Document:
    return {
        "attribute": one.attribute,
        "value": one.value,
        "n": one.n,
        "events": one.events,
        "state": one.state,
        "figures": [_figure(figure) for figure in one.figures],
    }


def _figure(one: Change) -> Document:
    return {**_rounded(dataclasses.asdict(one)), "effect": one.effect}


def _levelling(one: Levelling) -> Document:
    return _rounded(dataclasses.asdict(one))


def _listed(values: Document) -> Document:
    """The values with lists in place of tuples, as JSON reads them again."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _rounded(values: Document) -> Document:
    return {
        name: round(value, DIGITS) + 0.0 if isinstance(value, float) else value
        for name, value in values.items()
    }
