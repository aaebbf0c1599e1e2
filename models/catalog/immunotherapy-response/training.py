"""Response to an immune checkpoint inhibitor: fits, freezes and then evaluates the model of this folder.

Needs the environment variable ``BEDSIDE_DATA``, a directory with ``icb_response/*.csv``. Every choice is
made on ``chowell_train.csv``; the other cohorts open only once ``model.onnx`` has been written. With
``--mitigation METHODS`` nothing is trained or written here: the methods are compared with the recipe on the
training cohort, see :mod:`models.training.mitigation`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import yaml

from models.golden_cases import CASES, golden, read_cases
from models.sealing import metadata, seal
from models.training import icb_evaluation as report
from models.training.crossval import Plan, Scenario, predict, splits
from models.training.design import Feature, Floats
from models.training.ensemble import Ensemble, Recipe
from models.training.evaluate import Dataset, Evaluation, tables
from models.training.graph import write_model
from models.training.icb_cohorts import COLUMNS, EVALUATION, UNTREATED, Cohort, Cohorts, Frozen
from models.training.mitigation.candidate import Maker
from models.training.mitigation.crossfit import Folds, Learner, Scorer
from models.training.mitigation.options import Offer, parse, run
from models.training.mitigation.strata import one_row_each
from models.training.mitigation.study import Declared, Study
from models.training.pooled import Column
from models.training.pooled_ensemble import Pooling, Term, Within, fit
from models.training.published_formulas import Formula, read_formulas
from models.training.reference import write_reference

FOLDER = Path(__file__).parent
CODE = "models/catalog/immunotherapy-response/training.py"
SEED = 20260101
TYPE = "cancer_type"
TMB, PD_L1, ALBUMIN, NLR, AGE, PRIOR = COLUMNS
MARKERS = (TMB, ALBUMIN, NLR)

# Lines, prior spreads of their whole rise (log odds) and signs. The signs are what was known before this
# data; 3-30 mutations/Mb is the widest line within 0.001 of the best cross-validated log loss.
TERMS = (
    Term(TMB, 3.0, 30.0, effect=1.0, sign=1),
    Term(PD_L1, 0.0, 100.0, effect=0.0),
    Term(ALBUMIN, 2.0, 5.0, effect=1.5, sign=1),
    Term(NLR, 3.0, 25.0, effect=1.0, sign=-1),
    Term(AGE, 18.0, 85.0, effect=0.5),
    Term(PRIOR, 0.0, 1.0, effect=1.0, sign=-1),
)
# In lung cancer, untreated patients with high PD-L1 got a single drug first; elsewhere untreated patients
# were mostly in trials of combinations. So earlier treatment means less there, and PD-L1 counts there only.
LUNG_ONLY = (
    Within(PRIOR, centre=0.7, column=Column(spread=1.0)),
    Within(PD_L1, centre=0.0, column=Column(spread=0.02, sign=1)),
)
TYPE_SPREADS = (0.25, 0.4, 0.6)
VALIDATION = Plan(repeats=3, folds=10, seed=SEED)
VALIDATION_MEMBERS = 20
SMALL_MEMBERS = 3
SMALL_PLAN = f"a small plan: {SMALL_MEMBERS} members in place of 60"

SCENARIOS = (
    *(Scenario((name,)) for name in COLUMNS),
    Scenario((ALBUMIN, NLR)),
    Scenario((TMB, PD_L1)),
    Scenario(MARKERS),
)
SOURCE = "supplementary data of Chang et al., Nature Cancer 2024;5:1158 (GPL-3.0, not distributed here)"


def manifest() -> dict[str, object]:
    """The manifest of this folder."""
    content = yaml.safe_load((FOLDER / "model.yaml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def type_codes(content: dict[str, object]) -> dict[str, float]:
    """Input value of each cancer type by the slug of its value set, as the manifest's features list them."""
    features = content["features"]
    assert isinstance(features, list)
    categories = next(feature["categories"] for feature in features if feature["name"] == TYPE)
    return {entry["valueset"].removeprefix("cancer-"): float(entry["value"]) for entry in categories}


def recipe_and_pooling(codes: Sequence[float]) -> tuple[Recipe, Pooling]:
    """What is fitted; ``codes`` are the ascending values of the cancer types, non-small cell lung last."""
    levels = tuple(codes)
    lines = {term.feature: (term.start, term.stop) for term in TERMS}
    features = (
        *(Feature(name, "binary" if name == PRIOR else "continuous", lines[name]) for name in COLUMNS),
        Feature(TYPE, "nominal", levels=levels),
    )
    recipe = Recipe(features, (report.OUTPUT,), strengths=TYPE_SPREADS, strata_of=TYPE, seed=SEED)
    return recipe, Pooling(TERMS, TYPE, levels, LUNG_ONLY)


def inputs(cohort: Cohort) -> Floats:
    """Input rows for fitting: PD-L1 outside lung cancer is not an input, so it shapes no distribution."""
    rows = cohort.rows.copy()
    rows[np.array([kind != report.LUNG for kind in cohort.cancer_type]), list(COLUMNS).index(PD_L1)] = np.nan
    return rows


def mitigations() -> Offer:
    """What can be compared, on the training cohort; the manifest declares no decision threshold."""
    content = manifest()
    codes = type_codes(content)
    recipe, pooling = recipe_and_pooling(sorted(codes.values()))
    small = dataclasses.replace(recipe, members=SMALL_MEMBERS, calibration_members=SMALL_MEMBERS)

    def fit_small(rows: Floats, outcomes: Floats, weights: Floats | None) -> Scorer:
        counts = None if weights is None else weights[:, 0]
        ensemble = fit(small, pooling, rows, outcomes[:, 0], counts)
        return lambda given: scored(ensemble, given)[:, None]

    def study(declared: Mapping[str, Declared]) -> Study:
        cohort = Cohorts(data_directory(), codes).training()
        facts = json.loads((FOLDER / "datasets.json").read_text(encoding="utf-8"))
        columns = report.groups(cohort)
        groups = {name: columns[name] for name in ("sex", "age_band") if name in columns}
        people = one_row_each(inputs(cohort), cohort.outcome[:, None], groups)
        learner = Learner(recipe.features, fit_small)
        return Study(str(content["id"]), str(content["version"]), CODE, dataset(facts, cohort), people,
                     learner, declared, SMALL_PLAN, Folds(repeats=1, inner=3))  # fmt: skip

    def full(weights: Floats) -> Ensemble:
        cohort = Cohorts(data_directory(), codes).training()
        return fit(recipe, pooling, inputs(cohort), cohort.outcome, weights[:, 0])

    return Offer(("sex",), ("sex", "age_band"), {}, study, Maker(FOLDER, full))


def freeze(folder: Path, cohorts: Cohorts, recipe: Recipe, pooling: Pooling) -> tuple[Ensemble, Frozen]:
    """Fit on the training cohort and write model.onnx and reference.json into ``folder``."""
    cohort = cohorts.training()
    ensemble = fit(recipe, pooling, inputs(cohort), cohort.outcome)
    write_reference(ensemble.reference, folder / "reference.json")
    write_model(ensemble, folder / "model.onnx", model_metadata())
    return ensemble, Frozen.of(folder / "model.onnx")


def model_metadata() -> dict[str, str]:
    """Identity of the model and of its feature set, for the ONNX metadata."""
    content = manifest()
    return metadata(str(content["id"]), str(content["version"]), FOLDER)


def out_of_fold(recipe: Recipe, pooling: Pooling, cohort: Cohort) -> tuple[Floats, Floats]:
    """Predictions ``[n]`` and ``[S, n]`` (scenarios) by models that have not seen the patient."""
    rows, outcome = inputs(cohort), cohort.outcome
    smaller = dataclasses.replace(recipe, members=VALIDATION_MEMBERS)
    full, gaps = np.zeros(len(rows)), np.zeros((len(SCENARIOS), len(rows)))
    for _, train, test in splits(outcome[:, None], VALIDATION):
        ensemble = fit(smaller, pooling, rows[train], outcome[train])
        full[test] += scored(ensemble, cohort.rows[test]) / VALIDATION.repeats
        scorer = partial(scored, ensemble)
        blanked = report.gap_predictions(scorer, cohort.rows[test], recipe.names, SCENARIOS)
        gaps[:, test] += blanked / VALIDATION.repeats
    return full, gaps


def scored(ensemble: Ensemble, rows: Floats) -> Floats:
    """Probability ``[n]``, missing inputs averaged over the reference population as the service does."""
    return predict(ensemble, rows)[:, 0]


def evaluate(
    cohorts: Cohorts, recipe: Recipe, pooling: Pooling, ensemble: Ensemble, frozen: Frozen
) -> Evaluation:
    """All figures: out-of-fold on the training cohort, then the frozen model on the other cohorts."""
    facts = json.loads((FOLDER / "datasets.json").read_text(encoding="utf-8"))
    content = manifest()
    evaluation = Evaluation(str(content["id"]), str(content["version"]), SEED, {report.OUTPUT: ()})
    formulas = read_formulas(FOLDER / "comparators.json")
    training = cohorts.training()
    probability, gaps = out_of_fold(recipe, pooling, training)
    _add_cohort(evaluation, dataset(facts, training), training, probability, gaps, formulas)
    treated = [(training, probability)]
    for name in EVALUATION:
        cohort = in_scope(cohorts.evaluation(name, frozen))
        probability = scored(ensemble, cohort.rows)
        gaps = report.gap_predictions(partial(scored, ensemble), cohort.rows, recipe.names, SCENARIOS)
        _add_cohort(evaluation, dataset(facts, cohort), cohort, probability, gaps, formulas)
        treated.append((cohort, probability))
    untreated = in_scope(cohorts.evaluation(UNTREATED, frozen))
    p_untreated = scored(ensemble, untreated.rows)
    about = dataset(facts, untreated)
    report.add_survival(evaluation, about, untreated, p_untreated)
    report.add_formula_survival(evaluation, about, untreated, p_untreated, formulas["loris-pan-cancer"])
    for pair in treated:
        report.add_treated_against_untreated(evaluation, (untreated, p_untreated), pair)
    evaluation.notes += facts["notes"]
    return evaluation


def dataset(facts: dict[str, dict[str, dict[str, object]]], cohort: Cohort) -> Dataset:
    """Description of a cohort for evaluation.json, with its known defects."""
    about = facts["datasets"][cohort.name]
    defects = about["defects"]
    assert isinstance(defects, list)
    role, description = str(about["role"]), str(about["description"])
    return Dataset(cohort.name, role, len(cohort), description, SOURCE, tuple(defects))


def in_scope(cohort: Cohort) -> Cohort:
    """The patients with one of the sixteen cancer types; the service gives the others no score."""
    return cohort.part(~np.isnan(cohort.rows[:, -1]))


def _add_cohort(
    evaluation: Evaluation, about: Dataset, cohort: Cohort, probability: Floats, gaps: Floats,
    formulas: dict[str, Formula],
) -> None:  # fmt: skip
    report.add_response(evaluation, about, cohort, probability)
    report.add_gaps(evaluation, about, cohort, SCENARIOS, gaps)
    report.add_formulas(evaluation, about, cohort, probability, formulas)
    report.add_single_markers(evaluation, about, cohort, probability)
    report.add_survival(evaluation, about, cohort, probability)


def data_directory() -> Path:
    """``$BEDSIDE_DATA/icb_response``; ends the run with a plain sentence when it is not there."""
    root = os.environ.get("BEDSIDE_DATA")
    if not root:
        sys.exit("Set BEDSIDE_DATA to the directory that holds icb_response/chowell_train.csv.")
    directory = Path(root) / "icb_response"
    if not directory.is_dir():
        sys.exit(f"BEDSIDE_DATA is set, but {directory} is not a directory.")
    return directory


def main(arguments: Sequence[str] = ()) -> None:
    """Train, or compare the mitigations that the arguments of the command line ask for."""
    offer = mitigations()
    options = parse(arguments, offer)
    if options is None:
        train()
    else:
        run(options, offer, (report.OUTPUT,))


def train() -> None:
    """Fit, freeze, evaluate, write, print."""
    codes = type_codes(manifest())
    cohorts = Cohorts(data_directory(), codes)
    recipe, pooling = recipe_and_pooling(sorted(codes.values()))
    ensemble, frozen = freeze(FOLDER, cohorts, recipe, pooling)
    evaluation = evaluate(cohorts, recipe, pooling, ensemble, frozen)
    evaluation.write(FOLDER / "evaluation.json", CODE)
    seal(FOLDER)
    golden(FOLDER, read_cases(FOLDER / CASES))
    seal(FOLDER)  # again, for golden.json
    print(tables(json.loads((FOLDER / "evaluation.json").read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main(sys.argv[1:])
