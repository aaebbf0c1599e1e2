"""Trains `type2-diabetes-risk` on NHANES 2017-2018 and writes model.onnx, reference.json, evaluation.json.

Run as `python models/catalog/type2-diabetes-risk/training.py`; about four minutes on one core. Version,
declared thresholds and the order of the inputs are read from model.yaml. With `--mitigation METHODS` nothing
is trained or written here: the methods are compared with the recipe, see `models.training.mitigation`.
"""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from fairness import group_columns
from models.golden_cases import CASES, golden, read_cases
from models.sealing import metadata, seal
from models.training.crossval import OutOfFold, Plan, Scenario, cross_validate, predict
from models.training.design import Feature, Floats
from models.training.ensemble import Ensemble, Recipe, fit
from models.training.evaluate import Dataset, Evaluation, tables
from models.training.graph import write_model
from models.training.mitigation.candidate import Maker
from models.training.mitigation.crossfit import Learner, Scorer
from models.training.mitigation.options import Offer, parse, run
from models.training.mitigation.strata import one_row_each
from models.training.mitigation.study import Declared, Study
from models.training.nhanes import Adults, load_adults
from models.training.reference import write_reference
from models.training.screening import ada_points, learners, out_of_fold, uspstf_eligible

FOLDER = Path(__file__).parent
CODE = "models/catalog/type2-diabetes-risk/training.py"
SEED = 20260101
FEATURES = (
    Feature("age", "continuous", knots=4),
    Feature("male", "binary"),
    Feature("bmi", "continuous", knots=3),
    Feature("waist", "continuous", knots=3),
    Feature("systolic", "continuous", knots=3),
    Feature("total_cholesterol", "continuous", knots=3),
    Feature("hdl_cholesterol", "continuous", knots=3),
    Feature("ever_smoker", "binary"),
    Feature("active", "binary"),
)
OUTPUTS = {"diabetes": 6.5, "dysglycaemia": 5.7}  # HbA1c in %; source in model.yaml, citations
RECIPE = Recipe(FEATURES, tuple(OUTPUTS), ordered=True, seed=SEED)
PLAN = Plan(seed=SEED)
LABS = ("total_cholesterol", "hdl_cholesterol")
SCENARIOS = (
    *(Scenario((name,)) for name in RECIPE.names),
    Scenario(("bmi", "waist")),
    Scenario(("waist", "active")),
    Scenario(LABS),
    Scenario(("bmi", "waist", "systolic", *LABS)),
    Scenario(tuple(RECIPE.names[2:]), share=0.3),
)
# Thresholds that are sensible for a choice: 50 to 10 tests for one person found, and 5 to 1.7.
RANGES = {"diabetes": (0.02, 0.10), "dysglycaemia": (0.20, 0.60)}
# Mitigations are compared with a recipe that a few minutes are enough for.
SMALL = dataclasses.replace(RECIPE, members=4, calibration_members=4, folds=3)
SMALL_PLAN = "a small plan: 4 members in place of 60 and 3 folds in place of 5 for each choice of the recipe"


def main(arguments: Sequence[str] = ()) -> None:
    """Train, or compare the mitigations that the arguments of the command line ask for."""
    offer = mitigations()
    options = parse(arguments, offer)
    if options is None:
        train()
    else:
        run(options, offer, RECIPE.outputs)


def train() -> None:
    """Load, cross-validate, fit on all rows, write and seal the folder, print the figures."""
    manifest = yaml.safe_load((FOLDER / "model.yaml").read_text(encoding="utf-8"))
    inputs = [feature["name"] for feature in manifest["features"] if feature.get("input", True)]
    assert inputs == RECIPE.names, f"model.yaml declares the inputs {inputs}"
    people = load_adults()
    rows, outcomes = people.rows(RECIPE.names), outcomes_of(people)
    scored = cross_validate(RECIPE, rows, outcomes, PLAN, SCENARIOS)
    model = fit(RECIPE, rows, outcomes)
    evaluate(manifest, people, scored, model).write(FOLDER / "evaluation.json", CODE)
    write_reference(model.reference, FOLDER / "reference.json")
    write_model(model, FOLDER / "model.onnx", metadata(manifest["id"], manifest["version"], FOLDER))
    seal(FOLDER)
    golden(FOLDER, read_cases(FOLDER / CASES))
    seal(FOLDER)  # again, for golden.json
    print(tables(json.loads((FOLDER / "evaluation.json").read_text(encoding="utf-8"))))


def outcomes_of(people: Adults) -> Floats:
    """HbA1c at or above each output's limit, float ``[n, 2]``."""
    return np.column_stack([people.hba1c >= limit for limit in OUTPUTS.values()]).astype(float)


def evaluate(manifest: dict[str, Any], people: Adults, scored: OutOfFold, model: Ensemble) -> Evaluation:
    """The evaluation record of out-of-fold predictions, with comparators on the same rows."""
    outcomes = outcomes_of(people)
    declared = manifest["card"]["thresholds"]
    thresholds = {name: [declared[name]["at"]] for name in OUTPUTS}
    evaluation = Evaluation(manifest["id"], manifest["version"], SEED, thresholds)
    data = dataset(manifest, people)
    evaluation.add_results(data, outcomes, scored.probability, groups_of(people))
    evaluation.add_missing(data, outcomes, SCENARIOS, scored.scenarios)
    facts = json.loads((FOLDER / "comparators.json").read_text(encoding="utf-8"))
    add_learners(evaluation, data, people, scored, facts)
    add_rules(evaluation, data, people, scored, facts)
    evaluation.notes += [*manifest["training"]["notes"], *figures_of_the_fit(outcomes, scored, model)]
    return evaluation


def groups_of(people: Adults) -> dict[str, list[frozenset[str]]]:
    """The groups of each person, attribute by attribute."""
    sex = ["male" if male else "female" for male in people.inputs["male"]]
    ages = list(people.inputs["age"])
    return group_columns(sex=sex, age=ages, race=people.race, ethnicity=people.ethnicity)


def mitigations() -> Offer:
    """What can be compared: race and sex unless others are named, at the manifest's thresholds."""
    manifest = yaml.safe_load((FOLDER / "model.yaml").read_text(encoding="utf-8"))
    thresholds = manifest["card"]["thresholds"]
    outputs = {name: Declared(thresholds[name]["at"], RANGES[name]) for name in OUTPUTS}

    def study(declared: Mapping[str, Declared]) -> Study:
        people = load_adults()
        data = dataclasses.replace(dataset(manifest, people), description=steps(people))
        everybody = one_row_each(people.rows(RECIPE.names), outcomes_of(people), groups_of(people))
        learner = Learner(RECIPE.features, fit_small)
        return Study(
            manifest["id"], manifest["version"], CODE, data, everybody, learner, declared, SMALL_PLAN
        )

    def full(weights: Floats) -> Ensemble:
        people = load_adults()
        return fit(RECIPE, people.rows(RECIPE.names), outcomes_of(people), weights)

    known = ("race", "sex", "age_band", "ethnicity")
    return Offer(("race", "sex"), known, outputs, study, Maker(FOLDER, full))


def fit_small(rows: Floats, outcomes: Floats, weights: Floats | None) -> Scorer:
    """The recipe with few members, as a function from input rows to probabilities."""
    return partial(predict, fit(SMALL, rows, outcomes, weights))


def steps(people: Adults) -> str:
    """The number of people left after each selection step."""
    return ", ".join(f"{step} {count}" for step, count in people.counts.items())


def dataset(manifest: dict[str, Any], people: Adults) -> Dataset:
    """What was evaluated, with the number of people left after each selection step."""
    return Dataset(
        name="nhanes-2017-2018-cv",
        role="cross-validation",
        n=len(people.hba1c),
        description=f"mean of {PLAN.repeats} repeats of {PLAN.folds}-fold out-of-fold predictions; "
        + steps(people),
        source=manifest["training"]["data"],
        defects=tuple(manifest["training"]["defects"]),
    )


def add_learners(
    evaluation: Evaluation, data: Dataset, people: Adults, scored: OutOfFold, facts: dict[str, Any]
) -> None:
    """Plain logistic regression and boosted trees on the same inputs and folds."""
    rows, outcomes = people.rows(RECIPE.names), outcomes_of(people)
    source = "scikit-learn on the same inputs and folds"
    for name, make in learners(facts["boosted_trees"], SEED).items():
        for k, (output, thresholds) in enumerate(evaluation.thresholds.items()):
            predicted = out_of_fold(make, rows, outcomes, k, PLAN)
            y, ours = outcomes[:, k], scored.probability[:, k]
            evaluation.add_comparator(data, output, y, predicted, name, source, thresholds, ours)


def add_rules(
    evaluation: Evaluation, data: Dataset, people: Adults, scored: OutOfFold, facts: dict[str, Any]
) -> None:
    """The ADA risk test and the USPSTF criteria, and this model on the rows that have their items."""
    ada, uspstf = facts["ada_risk_test"], facts["uspstf_2021"]
    points = ada_points(people.inputs, ada)
    known = ~np.isnan(points)
    eligible = uspstf_eligible(people.inputs, uspstf)[known]
    high = points[known] >= ada["positive_from"]
    name = f"ADA risk test, {ada['positive_from']} points or more"
    for k, (output, thresholds) in enumerate(evaluation.thresholds.items()):
        y, p = outcomes_of(people)[known, k], scored.probability[known, k]
        score = points[known]
        evaluation.add_score_comparator(data, output, y, score, "ADA risk test, points", ada["source"], p)
        evaluation.add_rule_comparator(data, output, y, high, name, ada["source"])
        evaluation.add_rule_comparator(data, output, y, eligible, "USPSTF 2021 criteria", uspstf["source"])
        evaluation.add_comparator(
            data, output, y, p, "this model, same rows as the ADA test", CODE, thresholds
        )


def figures_of_the_fit(outcomes: Floats, scored: OutOfFold, model: Ensemble) -> list[str]:
    """Notes with figures: spread over the repeats, the cap between the outputs, the final fit."""
    capped = float(np.mean(scored.repeats[..., 0] >= scored.repeats[..., 1]))
    errors = ((scored.repeats - outcomes) ** 2).mean(axis=1)
    spread = ", ".join(
        f"{low:.5f} to {high:.5f}" for low, high in zip(errors.min(0), errors.max(0), strict=True)
    )
    strengths = ", ".join(f"{strength:g}" for strength in model.strengths)
    lines = ", ".join(f"({intercept:.3f}, {slope:.3f})" for intercept, slope in model.recalibration)
    return [
        f"Brier score over the repeats (lowest to highest), per output: {spread}.",
        f"The cap diabetes <= dysglycaemia was reached in {capped:.4f} of the out-of-fold predictions.",
        f"Final fit: C = {strengths}; recalibration (intercept, slope) = {lines}.",
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
