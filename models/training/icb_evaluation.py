"""What the evaluation of an immunotherapy score holds: groups, gaps, published formulas, survival.

Everything is computed from frozen predictions; nothing here changes a model.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec
import numpy as np

from fairness import Metric, auroc, evaluate_cells, group_columns
from fairness.cells import rounded
from models.training.crossval import Scenario
from models.training.design import Floats
from models.training.evaluate import Dataset, Evaluation, GroupColumns
from models.training.icb_cohorts import COLUMNS, SEXES, Cohort, Mask
from models.training.paired import brier_difference, paired_difference, unpaired_difference
from models.training.published_formulas import Formula

OUTPUT = "response"
LUNG = "nsclc"
LUNG_WITH_PD_L1 = ", non-small cell lung cancer with PD-L1 known"
SINGLE_MARKERS = {"tumour mutational burden alone": "TMB", "PD-L1 alone": "PDL1_TPS_percent"}
Predict = Callable[[Floats], Floats]


def groups(cohort: Cohort) -> GroupColumns:
    """Group columns of a cohort; an attribute that it does not record is left out."""
    ages = cohort.rows[:, list(COLUMNS).index("age")].tolist()
    columns: dict[str, Sequence[str | Collection[str] | None]] = {**group_columns(sex=cohort.sex, age=ages)}
    columns["cancer_type"] = cohort.cancer_type
    if cohort.drug_class is not None:
        columns["drug_class"] = cohort.drug_class
    return columns


def add_response(evaluation: Evaluation, dataset: Dataset, cohort: Cohort, probability: Floats) -> None:
    """Group cells of the response output; ``probability`` ``[n]``."""
    evaluation.add_results(dataset, cohort.outcome[:, None], probability[:, None], groups(cohort))


def add_gaps(
    evaluation: Evaluation, dataset: Dataset, cohort: Cohort, scenarios: Sequence[Scenario], predicted: Floats
) -> None:
    """Figures with inputs taken away; ``predicted`` ``[S, n]``."""
    evaluation.add_missing(dataset, cohort.outcome[:, None], scenarios, predicted[..., None])


def add_formulas(
    evaluation: Evaluation, dataset: Dataset, cohort: Cohort, probability: Floats,
    formulas: Mapping[str, Formula],
) -> None:  # fmt: skip
    """Each published formula beside this model on the same rows, with the paired difference."""
    pan, lung = formulas["loris-pan-cancer"], formulas["loris-nsclc"]
    for formula, words, keep in ((pan, "", np.ones(len(cohort), dtype=bool)),
                                 *((pan, f", {sex}", mask) for sex, mask in _by_sex(cohort)),
                                 (pan, LUNG_WITH_PD_L1, _lung_with_pd_l1(cohort)),
                                 (lung, LUNG_WITH_PD_L1, _lung_with_pd_l1(cohort))):  # fmt: skip
        part, ours = cohort.part(keep), probability[keep]
        theirs = formula.score(part.published, part.cancer_type)
        fitted_here = " (fitted on these rows)" if dataset.role == "cross-validation" else ""
        evaluation.add_comparator(dataset, OUTPUT, part.outcome, theirs, formula.label + fitted_here + words,
                                  formula.source)  # fmt: skip
        _append(evaluation, (_renamed(auroc(part.outcome, ours), "auroc_of_this_model"),
                             paired_difference(part.outcome, ours, theirs).metric(),
                             brier_difference(part.outcome, ours, theirs)))  # fmt: skip


def add_single_markers(evaluation: Evaluation, dataset: Dataset, cohort: Cohort, probability: Floats) -> None:
    """Discrimination of one marker where it is known, and of this model on the same rows."""
    for name, column in SINGLE_MARKERS.items():
        values = cohort.published[column].to_numpy(float)
        keep = ~np.isnan(values)
        if column == "PDL1_TPS_percent":
            keep = _lung_with_pd_l1(cohort)
        outcome, ours, marker = cohort.outcome[keep], probability[keep], _unit(values[keep])
        evaluation.add_score_comparator(dataset, OUTPUT, outcome, marker, name, "the cohort's own column")
        _append(evaluation, (_renamed(auroc(outcome, ours), "auroc_of_this_model"),
                             paired_difference(outcome, ours, marker).metric()))  # fmt: skip


def add_survival(evaluation: Evaluation, dataset: Dataset, cohort: Cohort, probability: Floats) -> None:
    """How well the response score ranks those alive at 1, 2 and 3 years: AUROC cells only, by group."""
    if dataset not in evaluation.datasets:
        evaluation.datasets.append(dataset)
    for year in cohort.alive:
        known = ~np.isnan(cohort.alive[year])
        part = cohort.part(known)
        alive = part.alive[year]
        if len(np.unique(alive)) < 2:
            continue  # follow-up ends before anybody reaches this time
        columns = {name: column for name, column in groups(part).items() if name in ("sex", "age_band")}
        output = f"alive_{year}y"
        for cell in evaluate_cells(alive, probability[known], columns, dataset.name, output, replicates=1):
            only = msgspec.structs.replace(cell, metrics=(cell.metric("auroc"),))
            evaluation.results.append(msgspec.to_builtins(only))


def add_formula_survival(
    evaluation: Evaluation, dataset: Dataset, cohort: Cohort, probability: Floats, formula: Formula
) -> None:
    """The published formula's ranking of survival beside this model's, on the same patients."""
    theirs = formula.score(cohort.published, cohort.cancer_type)
    for year, alive in cohort.alive.items():
        keep = ~np.isnan(alive)
        outcome, ours = alive[keep], probability[keep]
        evaluation.add_score_comparator(dataset, f"alive_{year}y", outcome, theirs[keep], formula.label,
                                        formula.source)  # fmt: skip
        _append(evaluation, (_renamed(auroc(outcome, ours), "auroc_of_this_model"),
                             paired_difference(outcome, ours, theirs[keep]).metric()))  # fmt: skip


def add_treated_against_untreated(
    evaluation: Evaluation, untreated: tuple[Cohort, Floats], treated: tuple[Cohort, Floats]
) -> None:
    """Is the score more than prognostic? AUROC for being alive, treated minus untreated patients."""
    (without, p_without), (given, p_given) = untreated, treated
    for year in given.alive:
        a, b = given.alive[year], without.alive[year]
        known_a, known_b = ~np.isnan(a), ~np.isnan(b)
        if len(np.unique(a[known_a])) < 2:
            continue  # follow-up ends before anybody reaches this time
        difference = unpaired_difference(a[known_a], p_given[known_a], b[known_b], p_without[known_b])
        metrics = (auroc(b[known_b], p_without[known_b]), difference.metric())
        evaluation.comparators.append({
            "dataset": given.name, "output": f"alive_{year}y", "n": int(known_a.sum()),
            "events": int(a[known_a].sum()), "name": f"the same score in untreated patients ({without.name})",
            "source": "survival columns of the cohorts, patients censored earlier left out",
            "metrics": [msgspec.to_builtins(rounded(metric)) for metric in metrics],
        })  # fmt: skip


def gap_predictions(
    predict: Predict, rows: Floats, names: Sequence[str], scenarios: Sequence[Scenario]
) -> Floats:
    """Predictions ``[S, n]`` of the same rows without each scenario's inputs."""
    predicted = []
    for scenario in scenarios:
        fewer = rows.copy()
        fewer[:, [names.index(name) for name in scenario.missing]] = np.nan
        predicted.append(predict(fewer))
    return np.array(predicted)


def _by_sex(cohort: Cohort) -> list[tuple[str, Mask]]:
    if cohort.sex is None:
        return []
    return [(value, np.array([sex == value for sex in cohort.sex])) for value in SEXES.values()]


def _lung_with_pd_l1(cohort: Cohort) -> Mask:
    lung = np.array([kind == LUNG for kind in cohort.cancer_type])
    return np.asarray(lung & ~np.isnan(cohort.rows[:, list(COLUMNS).index("pd_l1_tumour_proportion_score")]))


def _append(evaluation: Evaluation, metrics: Sequence[Metric]) -> None:
    """Add figures to the comparator that was recorded last."""
    listed = evaluation.comparators[-1]["metrics"]
    assert isinstance(listed, list)
    listed += [msgspec.to_builtins(rounded(metric)) for metric in metrics]


def _renamed(metric: Metric, name: str) -> Metric:
    return msgspec.structs.replace(metric, name=name)


def _unit(score: Floats) -> Floats:
    """A score of any range, moved into [0, 1]; ranks stay."""
    return np.asarray((score - score.min()) / (float(score.max() - score.min()) or 1.0), dtype=float)
