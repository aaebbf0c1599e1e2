"""Outcomes with several classes, ordered or not, from the confusion matrix of each group."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.discrimination import auroc
from fairness.engine.agreement import o_e
from fairness.engine.bootstrap import percentile
from fairness.engine.columns import GroupColumn, IntArray
from fairness.engine.continuous import mean_figure
from fairness.engine.counting import tally
from fairness.engine.figures import Basis, Evaluation, Figure, Size, figure, no_figure
from fairness.engine.rates import Share, rate_figure
from fairness.engine.row_sample import RowSample
from fairness.engine.rows import same_length
from fairness.errors import SampleError
from fairness.metric import (
    DEFAULT_LEVEL,
    DEFAULT_SUFFICIENCY,
    FloatArray,
    Interval,
    Sufficiency,
)

DEFAULT_REPLICATES = 1000


def evaluate_multiclass(
    y: Sequence[str],
    probabilities: npt.ArrayLike,
    classes: Sequence[str],
    groups: Mapping[str, GroupColumn],
    *,
    crossings: Sequence[Sequence[str]] = (),
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Evaluation:
    """`accuracy`, `brier` and, per class, `auroc:<class>`, `o_e:<class>`, `sensitivity:<class>`,
    `ppv:<class>`.

    `y` (n,) are values of `classes` (K,), `probabilities` (n, K) sum to 1 (± 1e-6) in each row; the class
    with the highest one is predicted, the first of equals. `brier` is the sum over classes, in [0, 2];
    `auroc:<class>` is one class against the rest. Raises `SampleError` for an unknown class, NaN, or rows
    that are no distribution.
    """
    outcome = classes_outcome(y, probabilities, classes)
    sample = RowSample(outcome, groups, outcome.codes.size)
    return sample.evaluate(crossings=crossings, level=level, limits=limits)


class Classes(NamedTuple):
    """True class codes (n,), probabilities (n, K) and the names of the K classes."""

    codes: IntArray
    p: FloatArray
    classes: tuple[str, ...]

    @property
    def predicted(self) -> IntArray:
        """The most probable class (n,), the first of equals."""
        return np.asarray(self.p.argmax(axis=1))

    @property
    def names(self) -> tuple[str, ...]:
        """By class where a figure is one class against the rest."""
        per_class = [
            f"{name}:{one}" for one in self.classes for name in ("auroc", "o_e", "sensitivity", "ppv")
        ]
        return ("accuracy", "brier", *per_class)

    def size(self, rows: npt.NDArray[np.bool_]) -> Size:
        """Several classes are no events."""
        return Size(int(rows.sum()))

    def figure(self, name: str, rows: npt.NDArray[np.bool_], basis: Basis) -> Figure:
        """One figure of the rows (n,)."""
        codes, p, given = self.codes[rows], self.p[rows], self.predicted[rows]
        base, _, one = name.partition(":")
        if base == "accuracy":
            return rate_figure(
                name, Share(int((codes == given).sum()), codes.size), basis, "nobody in the group"
            )
        if base == "brier":
            return mean_figure(name, ((np.eye(len(self.classes))[codes] - p) ** 2).sum(axis=1), basis)
        at = self.classes.index(one)
        if base == "auroc":
            return _one_against_rest(one, codes == at, p[:, at], basis)
        if base == "o_e":
            return _observed_over_expected(name, codes == at, p[:, at], basis)
        of, empty = (codes, "nobody has") if base == "sensitivity" else (given, "nobody is given")
        part = Share(int(((codes == at) & (given == at)).sum()), int((of == at).sum()))
        return rate_figure(name, part, basis, f"{empty} this class")


def classes_outcome(y: Sequence[str], probabilities: npt.ArrayLike, classes: Sequence[str]) -> Classes:
    """The checked outcome; raises as `evaluate_multiclass`."""
    p = _distributions(probabilities, len(classes))
    codes = class_codes(y, classes, "y")
    same_length(y=codes, probabilities=p)
    return Classes(codes, p, tuple(classes))


def evaluate_ordinal(
    y: Sequence[str],
    predicted: Sequence[str],
    classes: Sequence[str],
    groups: Mapping[str, GroupColumn],
    *,
    crossings: Sequence[Sequence[str]] = (),
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 0,
) -> Evaluation:
    """`accuracy`, `within_one`, `level_bias`, `level_error` and `weighted_kappa` of every group.

    `classes` (K,) are in order; the steps between them count as equal. `level_bias` is the mean of predicted
    less observed steps, `level_error` the mean of their absolute values. `weighted_kappa` (quadratic weights;
    Cohen J. Psychol Bull 1968;70:213-220) has a multinomial bootstrap interval of `replicates` draws. Raises
    `SampleError` for an unknown class.
    """
    outcome = ordinal_outcome(y, predicted, classes)._replace(replicates=replicates, seed=seed)
    sample = RowSample(outcome, groups, outcome.truth.size)
    return sample.evaluate(crossings=crossings, level=level, limits=limits)


class Ordinal(NamedTuple):
    """True and predicted steps (n,) of K ordered classes."""

    truth: IntArray
    guess: IntArray
    classes: int
    replicates: int = DEFAULT_REPLICATES
    seed: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return ("accuracy", "within_one", "level_bias", "level_error", "weighted_kappa")

    def size(self, rows: npt.NDArray[np.bool_]) -> Size:
        """Several classes are no events."""
        return Size(int(rows.sum()))

    def figure(self, name: str, rows: npt.NDArray[np.bool_], basis: Basis) -> Figure:
        """One figure of the rows (n,)."""
        truth, guess = self.truth[rows], self.guess[rows]
        steps = (guess - truth).astype(np.float64)
        off = np.abs(steps)
        if name in ("accuracy", "within_one"):
            hits = int((off <= (1 if name == "within_one" else 0)).sum())
            return rate_figure(name, Share(hits, basis.size.n), basis, "nobody in the group")
        if name == "weighted_kappa":
            return _kappa_figure(
                confusion_matrix(truth, guess, self.classes), basis, self.replicates, self.seed
            )
        return mean_figure(name, steps if name == "level_bias" else off, basis)


def ordinal_outcome(y: Sequence[str], predicted: Sequence[str], classes: Sequence[str]) -> Ordinal:
    """The checked outcome; raises as `evaluate_ordinal`."""
    truth, guess = class_codes(y, classes, "y"), class_codes(predicted, classes, "predicted")
    same_length(y=truth, predicted=guess)
    return Ordinal(truth, guess, len(classes))


def class_codes(labels: Sequence[str], classes: Sequence[str], argument: str) -> IntArray:
    """Positions (n,) of labels in `classes`.

    Raises `SampleError` for a label or a set of classes that do not fit.
    """
    positions = {name: at for at, name in enumerate(classes)}
    if len(positions) != len(classes) or len(classes) < 2:
        raise SampleError("classes: needs two or more, each once")
    try:
        return np.array([positions[label] for label in labels], dtype=np.int64)
    except (KeyError, TypeError):
        raise SampleError(f"{argument}: a label is not one of {', '.join(map(str, classes))}") from None


def confusion_matrix(truth: IntArray, predicted: IntArray, classes: int) -> IntArray:
    """People (K, K) by true and predicted class."""
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes)


def weighted_kappa(matrices: npt.NDArray[np.number]) -> FloatArray:
    """Quadratic weighted kappa of matrices (..., K, K); NaN where chance alone explains everything."""
    counts = np.asarray(matrices, dtype=np.float64)
    at = np.arange(counts.shape[-1])
    weights = (at[:, np.newaxis] - at) ** 2
    truth, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    by_chance = np.einsum("...i,...j,ij->...", truth, predicted, weights)
    observed = (counts * weights).sum(axis=(-1, -2)) * truth.sum(axis=-1)
    # NaN, not a value, where everybody is in one class and is given that class.
    ratio = np.divide(observed, by_chance, out=np.full(by_chance.shape, np.nan), where=by_chance > 0)
    return np.asarray(1.0 - ratio)


def _one_against_rest(name: str, y: npt.NDArray[np.bool_], p: FloatArray, basis: Basis) -> Figure:
    found = auroc(y.astype(np.float64), np.clip(p, 0.0, 1.0), level=basis.level, limits=basis.limits)
    return Figure(
        f"auroc:{name}", found.value, found.low, found.high, found.state, found.why, method="delong-logit"
    )


def _observed_over_expected(name: str, y: npt.NDArray[np.bool_], p: FloatArray, basis: Basis) -> Figure:
    """People of a class for each that the probabilities add up to; as `o_e` of a yes-or-no outcome."""
    people = tally(y.astype(np.float64), np.clip(p, 0.0, 1.0), {})
    found = o_e(people.of(()), basis)
    return Figure(name, found.value, found.low, found.high, found.state, found.why, method=found.method)


def _kappa_figure(matrix: IntArray, basis: Basis, replicates: int, seed: int) -> Figure:
    value = float(weighted_kappa(matrix))
    if np.isnan(value):
        return no_figure("weighted_kappa", basis, "everybody is in one class, or nobody is in the group")
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(basis.size.n, matrix.ravel() / basis.size.n, size=replicates)
    limits = percentile(weighted_kappa(drawn.reshape(-1, *matrix.shape)), basis.level)
    if limits is None:
        why = "a resample is undefined"
        return figure("weighted_kappa", basis, value, None, None, no_interval=why)
    covering = Interval(min(limits.low, value), max(limits.high, value))
    return figure("weighted_kappa", basis, value, covering, "bootstrap")


def _distributions(probabilities: npt.ArrayLike, classes: int) -> FloatArray:
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] != classes:
        raise SampleError(f"probabilities: expected one column for each of {classes} classes")
    if not np.isfinite(p).all() or (p.size and p.min() < 0.0):
        raise SampleError("probabilities: every entry must be a number of 0 or more")
    if (np.abs(p.sum(axis=1) - 1.0) > 1e-6).any():
        raise SampleError("probabilities: every row must sum to 1")
    return p
