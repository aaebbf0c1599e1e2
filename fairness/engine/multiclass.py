"""Outcomes with several classes, ordered or not, from the confusion matrix of each group."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fairness.discrimination import auroc
from fairness.engine.bootstrap import percentile
from fairness.engine.columns import GroupColumn, IntArray
from fairness.engine.continuous import mean_figure
from fairness.engine.figures import Basis, Evaluation, Figure, GroupResult, Size, figure, no_figure
from fairness.engine.rates import Share, rate_figure
from fairness.engine.rows import group_rows, same_length
from fairness.errors import SampleError
from fairness.metric import (
    DEFAULT_LEVEL,
    DEFAULT_SUFFICIENCY,
    FloatArray,
    Interval,
    Sufficiency,
    checked_level,
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
    """`accuracy`, `brier` and per class `sensitivity:<class>`, `ppv:<class>`, `auroc:<class>` of every group.

    `y` (n,) are values of `classes` (K,), `probabilities` (n, K) sum to 1 (± 1e-6) in each row; the class
    with the highest one is predicted, the first of equals. `brier` is the sum over classes, in [0, 2];
    `auroc:<class>` is one class against the rest. Raises `SampleError` for an unknown class, NaN, or rows
    that are no distribution.
    """
    checked_level(level)
    p = _distributions(probabilities, len(classes))
    codes = class_codes(y, classes, "y")
    n = same_length(y=codes, probabilities=p)
    predicted = p.argmax(axis=1)
    squares = ((np.eye(len(classes))[codes] - p) ** 2).sum(axis=1)
    results = []
    for members, rows in group_rows(groups, n, crossings):
        basis = Basis(Size(int(rows.sum())), limits, level)
        matrix = confusion_matrix(codes[rows], predicted[rows], len(classes))
        figures = [*_matrix_figures(matrix, classes, basis), mean_figure("brier", squares[rows], basis)]
        figures += [
            _one_against_rest(name, codes[rows] == at, p[rows, at], basis) for at, name in enumerate(classes)
        ]
        results.append(GroupResult(members, basis.size.n, None, tuple(figures)))
    return Evaluation(n, None, level, (), tuple(results))


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
    checked_level(level)
    truth, guess = class_codes(y, classes, "y"), class_codes(predicted, classes, "predicted")
    n = same_length(y=truth, predicted=guess)
    steps = (guess - truth).astype(np.float64)
    results = []
    for members, rows in group_rows(groups, n, crossings):
        basis = Basis(Size(int(rows.sum())), limits, level)
        size, off = basis.size.n, np.abs(steps[rows])
        matrix = confusion_matrix(truth[rows], guess[rows], len(classes))
        figures = (
            rate_figure("accuracy", Share(int((off == 0).sum()), size), basis, "nobody in the group"),
            rate_figure("within_one", Share(int((off <= 1).sum()), size), basis, "nobody in the group"),
            mean_figure("level_bias", steps[rows], basis),
            mean_figure("level_error", off, basis),
            _kappa_figure(matrix, basis, replicates, seed),
        )
        results.append(GroupResult(members, size, None, figures))
    return Evaluation(n, None, level, (), tuple(results))


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


def _matrix_figures(matrix: IntArray, classes: Sequence[str], basis: Basis) -> list[Figure]:
    right = matrix.diagonal()
    n = int(matrix.sum())
    figures = [rate_figure("accuracy", Share(int(right.sum()), n), basis, "nobody in the group")]
    for name, axis, empty in (("sensitivity", 1, "nobody has"), ("ppv", 0, "nobody is given")):
        for at, of in enumerate(matrix.sum(axis=axis).tolist()):
            part = Share(int(right[at]), of)
            figures.append(rate_figure(f"{name}:{classes[at]}", part, basis, f"{empty} this class"))
    return figures


def _one_against_rest(name: str, y: npt.NDArray[np.bool_], p: FloatArray, basis: Basis) -> Figure:
    found = auroc(y.astype(np.float64), np.clip(p, 0.0, 1.0), level=basis.level, limits=basis.limits)
    return Figure(
        f"auroc:{name}", found.value, found.low, found.high, found.state, found.why, method="delong-logit"
    )


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
