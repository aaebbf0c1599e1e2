"""Answers of the unmitigated recipe and of every method for people whom no fit has seen.

Outer folds make the answers; everything that a method chooses or fits comes from the training part of its
outer fold. Recalibration and post-processing need risks of training people: these are made by a second
cross-validation inside the training part. All splits are by subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from models.training.design import Feature, Floats
from models.training.ensemble import Ints
from models.training.mitigation.postprocessing import fit_thresholds
from models.training.mitigation.recalibration import Fold, fit_recalibration
from models.training.mitigation.reductions import fit_reductions
from models.training.mitigation.reweighing import reweighing
from models.training.mitigation.strata import Labels, People

REWEIGHING, RECALIBRATION = "reweighing", "recalibration"
REDUCTIONS, POSTPROCESSING = "reductions", "postprocessing"
METHODS = (REWEIGHING, RECALIBRATION, REDUCTIONS, POSTPROCESSING)
# The learner of the reductions without their constraint: tells the constraint from the change of learner.
UNCONSTRAINED = "reductions-unconstrained"

Scorer = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Learner:
    """The unmitigated recipe: ``fit(rows, outcomes, weights)`` gives a scorer ``[n, p] -> [n, K]``.

    ``weights`` ``[n, K]`` are None or how much each row counts. ``features`` describe the columns of rows.
    """

    features: tuple[Feature, ...]
    fit: Callable[[Floats, Floats, Floats | None], Scorer]


@dataclass(frozen=True)
class Folds:
    """``outer`` folds, ``repeats`` times; ``inner`` folds inside each training part."""

    repeats: int = 2
    outer: int = 5
    inner: int = 4
    seed: int = 20260101


@dataclass(frozen=True)
class Answer:
    """Of one method, ``[n]`` each and a mean over the repeats: a ``risk``, or only who is ``selected``.

    ``selected`` is a probability in [0, 1], at the one declared threshold. ``notes``: what the method left as
    it was, each with the number of fits it holds for.
    """

    risk: Floats | None
    selected: Floats | None = None
    notes: tuple[str, ...] = ()

    def at(self, threshold: float) -> Floats:
        """Probability of being selected ``[n]`` at a threshold; a decision has its own one only."""
        if self.risk is not None:
            return (self.risk >= threshold).astype(float)
        assert self.selected is not None, "an answer is a risk or a decision"
        return self.selected


@dataclass
class _Sum:
    """Answers being collected for one method, attribute and output."""

    total: Floats
    is_risk: bool
    fits: int = 0
    told: dict[str, int] = field(default_factory=dict)

    def add(self, test: Ints, values: Floats, notes: Iterable[str] = ()) -> None:
        self.total[test] += values
        self.fits += 1
        for note in notes:
            about = note.split(" (")[0]  # counts differ from fit to fit, what is said does not
            self.told[about] = self.told.get(about, 0) + 1

    def answer(self, repeats: int) -> Answer:
        notes = tuple(f"{note} in {count} of {self.fits} fits" for note, count in sorted(self.told.items()))
        mean = self.total / repeats
        return Answer(mean if self.is_risk else None, None if self.is_risk else mean, notes)


Key = tuple[str, str, int]
BASE = ("unmitigated", "")


def crossfit(
    learner: Learner,
    people: People,
    methods: Sequence[str],
    attributes: Sequence[str],
    thresholds: Sequence[float],
    folds: Folds = Folds(),
) -> dict[Key, Answer]:
    """Answers by (method, attribute, output number); the recipe itself is ``(*BASE, output)``.

    ``thresholds`` ``[K]`` are the declared ones, in (0, 1). Raises ``ValueError`` as the learner does.
    """
    sums: dict[Key, _Sum] = {}

    def add(
        key: tuple[str, str], k: int, test: Ints, values: Floats, notes: Iterable[str] = (), risk: bool = True
    ) -> None:
        found = sums.setdefault((*key, k), _Sum(np.zeros(len(people)), risk))
        found.add(test, values, notes)

    strata = {attribute: people.strata(attribute) for attribute in attributes}
    for train, test in splits(people.outcomes, people.subjects, folds.outer, folds.repeats, folds.seed):
        rows, outcomes, subjects = people.rows[train], people.outcomes[train], people.subjects[train]
        inner = list(splits(outcomes, subjects, folds.inner, 1, folds.seed))
        risk = learner.fit(rows, outcomes, None)(people.rows[test])
        held_out = None
        if {RECALIBRATION, POSTPROCESSING} & set(methods):
            held_out = _held_out(learner, rows, outcomes, inner)
        for k in range(len(thresholds)):
            add(BASE, k, test, risk[:, k])
        for attribute in attributes:
            mine, theirs = strata[attribute][train], strata[attribute][test]
            if REWEIGHING in methods:
                scored, notes = _reweighed(learner, rows, outcomes, mine, people.rows[test])
                for k in range(len(thresholds)):
                    add((REWEIGHING, attribute), k, test, scored[:, k], notes[k])
            for k, threshold in enumerate(thresholds):
                y = outcomes[:, k]
                if RECALIBRATION in methods:
                    assert held_out is not None, "made above"
                    lines = fit_recalibration(held_out[:, k], y, mine, inner)
                    add((RECALIBRATION, attribute), k, test, lines.apply(risk[:, k], theirs), lines.notes)
                if POSTPROCESSING in methods:
                    assert held_out is not None, "made above"
                    rules = fit_thresholds(held_out[:, k], y, mine, threshold)
                    chosen = rules.selected(risk[:, k], theirs)
                    add((POSTPROCESSING, attribute), k, test, chosen, rules.notes, risk=False)
                if REDUCTIONS in methods:
                    made = fit_reductions(learner.features, rows, y, mine, threshold, inner)
                    given = people.rows[test]
                    add((REDUCTIONS, attribute), k, test, made.selected(given), made.notes, risk=False)
                    if attribute == attributes[0]:
                        plain = made.selected_unconstrained(given)
                        add((UNCONSTRAINED, ""), k, test, plain, risk=False)
    return {key: found.answer(folds.repeats) for key, found in sums.items()}


def splits(outcomes: Floats, subjects: Ints, parts: int, repeats: int, seed: int) -> Iterable[Fold]:
    """(training rows, test rows), stratified by the combination of all outcomes; no subject is in both."""
    kinds = (outcomes @ (2.0 ** np.arange(outcomes.shape[1]))).astype(int)
    for repeat in range(repeats):
        splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed + repeat)
        yield from splitter.split(kinds, kinds, subjects)


def _held_out(learner: Learner, rows: Floats, outcomes: Floats, inner: Sequence[Fold]) -> Floats:
    """Risks ``[n, K]`` of training rows by fits that have not seen them."""
    risk = np.zeros(outcomes.shape)
    for train, test in inner:
        risk[test] = learner.fit(rows[train], outcomes[train], None)(rows[test])
    return risk


def _reweighed(
    learner: Learner, rows: Floats, outcomes: Floats, strata: Labels, given: Floats
) -> tuple[Floats, list[tuple[str, ...]]]:
    weighed = [reweighing(strata, outcomes[:, k]) for k in range(outcomes.shape[1])]
    weights = np.column_stack([weights for weights, _ in weighed])
    return learner.fit(rows, outcomes, weights)(given), [notes for _, notes in weighed]
