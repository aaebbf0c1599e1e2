"""Training of the immunotherapy model: what it may read, and that it gives what is shipped."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from models import sealing
from models.training.ensemble import Ensemble
from models.training.icb_cohorts import COLUMNS, Cohorts, Frozen, NotFrozenError, slug
from models.training.published_formulas import read_formulas

FOLDER = Path(__file__).parents[3] / "models" / "catalog" / "immunotherapy-response"
DATA = Path(os.environ.get("BEDSIDE_DATA", "absent")) / "icb_response"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="BEDSIDE_DATA does not name the patient data")

HEADER = (
    "CancerType,TMB,PDL1_TPS_percent,Systemic_therapy_history,Albumin,NLR,Age,"
    "Sex,Drug,Response,OS_Event,OS_Months"
)


@pytest.fixture(scope="module")
def training() -> ModuleType:
    """The folder's training script as a module."""
    spec = importlib.util.spec_from_file_location("immunotherapy_training", FOLDER / "training.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def invented(tmp_path: Path) -> Callable[..., Cohorts]:
    """Writes a cohort file of invented patients and returns its reader."""

    def write(name: str, *lines: str) -> Cohorts:
        (tmp_path / f"{name}.csv").write_text("\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
        return Cohorts(tmp_path, {"nsclc": 16.0, "head-neck": 7.0})

    return write


@pytest.fixture
def frozen(tmp_path: Path) -> Frozen:
    (tmp_path / "model.onnx").write_bytes(b"a model")
    return Frozen.of(tmp_path / "model.onnx")


@pytest.fixture(scope="module")
def refit(training: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ensemble, Path]:
    """The model fitted from a directory that holds the training cohort and nothing else."""
    only = tmp_path_factory.mktemp("only_training_cohort")
    shutil.copy(DATA / "chowell_train.csv", only)
    codes = training.type_codes(training.manifest())
    recipe, pooling = training.recipe_and_pooling(sorted(codes.values()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "feature_spec", lambda folder: "0" * 64)
        ensemble, written = training.freeze(only, Cohorts(only, codes), recipe, pooling)
    return ensemble, written.path


def graph(path: Path) -> tuple[bytes, dict[str, Any]]:
    """The model without its metadata and weights, and the weights by name."""
    model = onnx.load(path)
    del model.metadata_props[:]
    weights = {weight.name: onnx.numpy_helper.to_array(weight) for weight in model.graph.initializer}
    for weight in model.graph.initializer:
        weight.raw_data = b""
    return bytes(model.SerializeToString(deterministic=True)), weights


@needs_data
def test_only_the_training_cohort_shapes_the_model(refit: tuple[Ensemble, Path]) -> None:
    """Without any evaluation cohort in reach the fit gives the shipped graph and weights.

    To the last digits of a float32 only: linear algebra rounds differently from processor to processor.
    """
    (made, weights), (shipped, known) = graph(refit[1]), graph(FOLDER / "model.onnx")
    assert made == shipped
    for name, weight in known.items():
        np.testing.assert_allclose(weights[name], weight, rtol=1e-4, atol=1e-6, err_msg=name)


@needs_data
def test_the_reference_population_is_the_shipped_one(refit: tuple[Ensemble, Path]) -> None:
    """The same fit writes the same reference.json."""
    assert (refit[1].parent / "reference.json").read_bytes() == (FOLDER / "reference.json").read_bytes()


@needs_data
def test_the_graph_computes_what_training_computes(refit: tuple[Ensemble, Path]) -> None:
    """Probability and interval of the ONNX file equal those of the fitted ensemble."""
    rng = np.random.default_rng(3)
    rows = np.column_stack([rng.uniform(0, 60, 400), rng.uniform(0, 100, 400), rng.uniform(1.5, 5.5, 400),
                            rng.uniform(0.3, 40, 400), rng.uniform(18, 95, 400), rng.integers(0, 2, 400),
                            rng.integers(1, 17, 400)]).astype(np.float32)  # fmt: skip
    ensemble, path = refit
    probability, interval = onnxruntime.InferenceSession(path).run(None, {"features": rows})
    np.testing.assert_allclose(probability, ensemble.probability(rows.astype(float)), atol=2e-6)
    np.testing.assert_allclose(interval, ensemble.interval(rows.astype(float)), atol=2e-6)


@needs_data
def test_imputed_constants_never_enter_as_measured_values(training: ModuleType) -> None:
    """In the cohort with constant albumin and ratio both are missing for the model, in every row."""
    cohorts = Cohorts(DATA, training.type_codes(training.manifest()))
    cohort = cohorts.evaluation("ravi_nsclc", Frozen.of(FOLDER / "model.onnx"))
    at = [list(training.COLUMNS).index(name) for name in ("albumin", "neutrophil_lymphocyte_ratio")]
    assert np.isnan(cohort.rows[:, at]).all()
    assert (cohort.published["NLR"] == 6.2).all()


@needs_data
def test_the_formula_is_the_authors_own(training: ModuleType) -> None:
    """On the untreated patients the formula gives the authors' own score within 0.001."""
    cohorts = Cohorts(DATA, training.type_codes(training.manifest()))
    cohort = cohorts.evaluation("msk_nonicb", Frozen.of(FOLDER / "model.onnx"))
    formula = read_formulas(FOLDER / "comparators.json")["loris-pan-cancer"]
    score = formula.score(cohort.published, cohort.cancer_type)
    assert np.abs(score - cohort.published["LORIS"].to_numpy(float)).max() < 0.001


def test_evaluation_cohorts_stay_closed_until_the_model_is_written(
    invented: Callable[..., Cohorts], tmp_path: Path
) -> None:
    """Asking for an evaluation cohort without a model file is an error."""
    cohorts = invented("chowell_test", "NSCLC,5,,1,4,3,60,1,0,1,0,14")
    with pytest.raises(NotFrozenError):
        cohorts.evaluation("chowell_test", Frozen(tmp_path / "model.onnx", "0" * 64))


def test_a_model_changed_after_freezing_closes_the_cohorts_again(
    invented: Callable[..., Cohorts], frozen: Frozen
) -> None:
    """Another model under the same name does not open the evaluation cohorts."""
    cohorts = invented("chowell_test", "NSCLC,5,,1,4,3,60,1,0,1,0,14")
    frozen.path.write_bytes(b"another model")
    with pytest.raises(NotFrozenError):
        cohorts.evaluation("chowell_test", frozen)


def test_days_become_months(invented: Callable[..., Cohorts], frozen: Frozen) -> None:
    """In the cohort with times in days, 400 days are beyond one year and 300 are not."""
    cohorts = invented("ravi_nsclc", "NSCLC,5,,1,3.8,6.2,60,1,0,1,1,400", "NSCLC,5,,1,3.8,6.2,60,0,0,0,1,300")
    assert cohorts.evaluation("ravi_nsclc", frozen).alive[1].tolist() == [1.0, 0.0]


def test_a_patient_censored_earlier_is_neither_alive_nor_dead(
    invented: Callable[..., Cohorts], frozen: Frozen
) -> None:
    """Last seen alive at 11 months means unknown at one year."""
    cohorts = invented("msk1", "NSCLC,5,,1,4,3,60,1,0,1,0,11")
    assert np.isnan(cohorts.evaluation("msk1", frozen).alive[1]).all()


def test_other_cancer_types_have_no_code(invented: Callable[..., Cohorts]) -> None:
    """A type outside the list is missing, so that it is left out of the figures."""
    lines = ("CNS,5,,1,4,3,60,1,0,1,0,11", "Head & Neck,5,,1,4,3,60,0,2,0,0,11")
    cohort = invented("chowell_train", *lines).training()
    np.testing.assert_array_equal(cohort.rows[:, -1], [np.nan, 7.0])


def test_sex_and_drug_class_are_told_in_words(invented: Callable[..., Cohorts]) -> None:
    """The codes 0 and 1 of sex and 0 to 2 of the drug become the words of the evaluation cells."""
    lines = ("NSCLC,5,,1,4,3,60,1,2,1,0,11", "NSCLC,5,,1,4,3,60,0,,0,0,11")
    cohort = invented("chowell_train", *lines).training()
    assert (cohort.sex, cohort.drug_class) == (("male", "female"), ("ctla-4", None))


def test_slugs_are_those_of_the_value_sets() -> None:
    """The label of a cancer type gives the name of its value set without the prefix."""
    assert (slug("Head & Neck"), slug("NSCLC")) == ("head-neck", "nsclc")


def test_pd_l1_outside_lung_cancer_is_no_input_of_the_fit(
    training: ModuleType, invented: Callable[..., Cohorts]
) -> None:
    """PD-L1 of other types is blanked before fitting, so it shapes no reference distribution."""
    lines = ("NSCLC,5,80,1,4,3,60,1,0,1,0,11", "Head & Neck,5,80,1,4,3,60,1,0,1,0,11")
    rows: Any = training.inputs(invented("chowell_train", *lines).training())
    np.testing.assert_array_equal(rows[:, 1], [80.0, np.nan])


def test_without_the_data_training_says_what_it_needs(
    training: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without BEDSIDE_DATA the run ends with a sentence that names the variable."""
    monkeypatch.delenv("BEDSIDE_DATA", raising=False)
    with pytest.raises(SystemExit, match="Set BEDSIDE_DATA to the directory"):
        training.train()


@needs_data
@pytest.mark.parametrize(
    ("name", "step"), [("albumin", 0.5), ("neutrophil_lymphocyte_ratio", 10), ("age", 10)]
)
def test_a_domain_is_the_span_of_the_training_cohort(training: ModuleType, name: str, step: float) -> None:
    """Every training patient from 18 years lies in it, and neither end is more than a step beyond them."""
    features: Any = training.manifest()["features"]
    low, high = next(one["domain"] for one in features if one["name"] == name)
    cohort = Cohorts(DATA, training.type_codes(training.manifest())).training()
    adults = cohort.rows[cohort.rows[:, list(COLUMNS).index("age")] >= 18]
    values = adults[:, list(COLUMNS).index(name)]
    assert np.nanmin(values) - step < low <= np.nanmin(values)
    assert np.nanmax(values) <= high < np.nanmax(values) + step
