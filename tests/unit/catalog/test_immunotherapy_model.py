"""The shipped folder of the immunotherapy model: manifest, score, evaluation. Needs no patient data."""

import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import yaml
from numpy.typing import NDArray

from fhir_mapping.spec import parse

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "models" / "catalog" / "immunotherapy-response"
LUNG = 16.0
TYPICAL = {
    "tumour_mutational_burden": 6.0,
    "pd_l1_tumour_proportion_score": 10.0,
    "albumin": 3.9,
    "neutrophil_lymphocyte_ratio": 4.3,
    "age": 63.0,
    "prior_systemic_therapy": 1.0,
    "cancer_type": LUNG,
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / "model.yaml").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def evaluation() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / "evaluation.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(FOLDER / "model.onnx", options)


def scores(session: onnxruntime.InferenceSession, **varied: Any) -> NDArray[np.float32]:
    """Probability ``[n]`` of the typical patient with some inputs varied together."""
    together = zip(*varied.values(), strict=True)
    patients = [TYPICAL | dict(zip(varied, values, strict=True)) for values in together]
    rows = np.array([list(patient.values()) for patient in patients], dtype=np.float32)
    probability: NDArray[np.float32] = session.run(["probability"], {"features": rows})[0][:, 0]
    return probability


def figure(evaluation: dict[str, Any], cell_of: tuple[str, str, str, str], name: str) -> float:
    """One figure of a group cell: data set, output, attribute, value."""
    keys = ("dataset", "output", "attribute", "value")
    cell = next(cell for cell in evaluation["results"] if tuple(cell[key] for key in keys) == cell_of)
    return float(next(metric["value"] for metric in cell["metrics"] if metric["name"] == name))


def comparator(evaluation: dict[str, Any], dataset: str, name: str, metric: str) -> tuple[int, float]:
    """Rows and one figure of a comparator by the beginning and end of its name."""
    begin, _, end = name.partition("*")
    record = next(record for record in evaluation["comparators"]
                  if record["dataset"] == dataset and record["output"] == "response"
                  and record["name"].startswith(begin) and record["name"].endswith(end))  # fmt: skip
    return record["n"], float(next(entry["value"] for entry in record["metrics"] if entry["name"] == metric))


def test_features_are_in_the_language_of_the_mapper(manifest: dict[str, Any]) -> None:
    """The manifest's features parse, and the seven inputs come in the order of the model's columns."""
    specs = parse(manifest["features"], "model.yaml")
    assert [spec.name for spec in specs if spec.input] == list(TYPICAL)


def test_every_value_set_exists(manifest: dict[str, Any]) -> None:
    """Each value set that a feature names is there, sixteen cancer types among them."""
    text = (FOLDER / "model.yaml").read_text(encoding="utf-8")
    named = re.findall(r"valueset: ([a-z-]+)", text)
    missing = [name for name in named if not (ROOT / f"fhir_mapping/data/valuesets/{name}.json").is_file()]
    assert not missing
    assert sum(name.startswith("cancer-") for name in named) == 16


def test_sex_is_not_an_input(manifest: dict[str, Any]) -> None:
    """The score never asks for sex; groups by sex are reported."""
    assert "sex" not in {feature["kind"] for feature in manifest["features"]}


def test_files_are_the_sealed_ones(manifest: dict[str, Any]) -> None:
    """Every digest of the manifest is that of the file beside it."""
    found = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in manifest["files"]}
    assert found == manifest["files"]


def test_the_card_is_never_a_reason_to_withhold(manifest: dict[str, Any]) -> None:
    """The first thing that the model is not for is withholding treatment."""
    assert "withhold" in manifest["intended_use"]["not_for"][0]


def test_outside_the_domain_there_is_a_card_with_a_reason(manifest: dict[str, Any]) -> None:
    """Other cancer types, minors and patients without any marker get an explanation, not a number."""
    outside = {rule["reason"]: rule["card"] for rule in manifest["rules"] if rule["outcome"] == "outside"}
    told = ("cancer-type-unclear", "cancer-type-not-covered", "under-18", "no-marker-known")
    assert outside == dict.fromkeys(told, True)


@pytest.mark.parametrize("cancer_type", [1.0, 9.0, 13.0, LUNG])
@pytest.mark.parametrize(
    ("name", "grid", "direction"),
    [
        ("tumour_mutational_burden", np.linspace(0, 200, 101), 1),
        ("albumin", np.linspace(1, 6, 51), 1),
        ("pd_l1_tumour_proportion_score", np.linspace(0, 100, 51), 1),
        ("neutrophil_lymphocyte_ratio", np.linspace(0, 100, 101), -1),
    ],
)
def test_the_score_is_monotone(
    session: onnxruntime.InferenceSession, name: str, grid: Any, direction: int, cancer_type: float
) -> None:
    """More mutations, albumin or PD-L1 never lower the score; a higher ratio never raises it."""
    steps = np.diff(scores(session, **{name: grid, "cancer_type": [cancer_type] * len(grid)}))
    assert (direction * steps >= -1e-6).all()


@pytest.mark.parametrize("name", ["tumour_mutational_burden", "albumin", "pd_l1_tumour_proportion_score"])
def test_each_marker_has_an_effect_in_lung_cancer(session: onnxruntime.InferenceSession, name: str) -> None:
    """The ends of each marker's range differ by more than five points in lung cancer."""
    low, high = scores(session, **{name: [0.0, 100.0]})
    assert high - low > 0.05


def test_fine_differences_of_mutational_burden_do_not_count(session: onnxruntime.InferenceSession) -> None:
    """Below 3 and above 30 mutations/Mb nothing moves, whatever the panel."""
    low, lower, high, higher = scores(session, tumour_mutational_burden=[0.5, 3.0, 30.0, 150.0])
    assert (low, high) == (lower, higher)


def test_pd_l1_counts_in_lung_cancer_only(session: onnxruntime.InferenceSession) -> None:
    """In the fifteen other types PD-L1 changes nothing."""
    for cancer_type in range(1, 16):
        low, high = scores(session, pd_l1_tumour_proportion_score=[0.0, 100.0], cancer_type=[cancer_type] * 2)
        assert low == high


def test_cancer_type_effects_are_shrunken(session: onnxruntime.InferenceSession) -> None:
    """No type moves the odds by more than three times against another, other things being equal."""
    by_type = scores(session, cancer_type=np.arange(1, 16))
    odds = by_type / (1 - by_type)
    assert odds.max() / odds.min() < 3


def test_the_interval_holds_the_probability(session: onnxruntime.InferenceSession) -> None:
    """For every type and age the 95 % interval lies around the point estimate, inside 0 and 1."""
    first = list(TYPICAL.values())[:4]
    others = itertools.product((18, 50, 95), (0.0, 1.0), range(1, 17))
    rows = np.array([[*first, *other] for other in others], dtype=np.float32)
    probability, interval = session.run(["probability", "interval"], {"features": rows})
    assert (interval[:, 0, 0] > 0).all()
    assert (interval[:, 0, 0] <= probability[:, 0]).all()
    assert (probability[:, 0] <= interval[:, 0, 1]).all()
    assert (interval[:, 0, 1] < 1).all()


def test_a_gap_never_becomes_a_number(session: onnxruntime.InferenceSession) -> None:
    """A row with NaN gives NaN: completing it is the service's task."""
    assert np.isnan(scores(session, albumin=[np.nan])).all()


@pytest.mark.parametrize(
    ("dataset", "name", "n", "area"),
    [
        ("chowell_train", "LORIS pan-cancer, published formula*rows)", 964, 0.741),
        ("chowell_test", "LORIS pan-cancer, published formula", 515, 0.754),
        ("msk1", "LORIS pan-cancer, published formula", 453, 0.699),
        ("ravi_nsclc", "LORIS pan-cancer, published formula", 309, 0.725),
        ("ravi_nsclc", "LORIS pan-cancer, published formula, female", 165, 0.660),
        ("ravi_nsclc", "LORIS pan-cancer, published formula, male", 144, 0.792),
        ("chowell_train", "LORIS NSCLC*", 169, 0.697),
        ("chowell_test", "LORIS NSCLC*", 155, 0.788),
        ("msk1", "LORIS NSCLC*", 74, 0.658),
        ("ravi_nsclc", "LORIS NSCLC*", 193, 0.755),
        ("chowell_test", "PD-L1 alone", 155, 0.725),
        ("ravi_nsclc", "tumour mutational burden alone", 309, 0.704),
    ],
)
def test_the_published_formulas_are_reproduced(
    evaluation: dict[str, Any], dataset: str, name: str, n: int, area: float
) -> None:
    """Comparators give the areas that are reported for these cohorts, to three digits, on the same rows."""
    rows, found = comparator(evaluation, dataset, name, "auroc")
    assert (rows, round(found, 3)) == (n, area)


def test_every_comparison_is_paired_and_has_an_interval(evaluation: dict[str, Any]) -> None:
    """Each comparator of the response says by how much this model differs on the same patients."""
    for record in evaluation["comparators"]:
        difference = next(metric for metric in record["metrics"] if metric["name"] == "auroc_difference")
        assert difference["low"] < difference["value"] < difference["high"]


def test_groups_with_few_patients_say_insufficient(evaluation: dict[str, Any]) -> None:
    """A cancer type with fewer than ten events is never reported as evidence."""
    small = [cell for cell in evaluation["results"] if cell["events"] < 10]
    assert small
    assert all(metric["state"] != "ok" for cell in small for metric in cell["metrics"])


def test_race_and_ethnicity_are_said_to_be_unknown(evaluation: dict[str, Any]) -> None:
    """The notes say that no cohort records race or ethnicity, and no cell pretends otherwise."""
    assert any("race" in note.lower() and "ethnicity" in note for note in evaluation["notes"])
    assert not {"race", "ethnicity"} & {cell["attribute"] for cell in evaluation["results"]}


def test_each_input_is_taken_away_once(evaluation: dict[str, Any]) -> None:
    """For every cohort with responses, each measurable input has its figures without it."""
    for dataset in ("chowell_train", "chowell_test", "msk1", "ravi_nsclc"):
        records = [record for record in evaluation["missing_inputs"] if record["dataset"] == dataset]
        alone = {tuple(record["missing"]) for record in records}
        assert {(name,) for name in TYPICAL if name != "cancer_type"} <= alone


@pytest.mark.parametrize(
    ("dataset", "output", "attribute", "value", "name", "said"),
    [
        *(("msk_nonicb", f"alive_{year}y", "overall", "all", "auroc", said)
          for year, said in ((1, "0.600"), (2, "0.591"), (3, "0.579"))),
        *(("msk1", f"alive_{year}y", "overall", "all", "auroc", said)
          for year, said in ((1, "0.740"), (2, "0.772"), (3, "0.779"))),
        ("chowell_test", "alive_1y", "overall", "all", "auroc", "0.761"),
        ("ravi_nsclc", "alive_1y", "overall", "all", "auroc", "0.665"),
        ("chowell_test", "response", "sex", "female", "auroc", "0.756"),
        ("chowell_test", "response", "sex", "male", "auroc", "0.789"),
        ("msk1", "response", "sex", "female", "auroc", "0.682"),
        ("msk1", "response", "sex", "male", "auroc", "0.711"),
        ("ravi_nsclc", "response", "sex", "female", "auroc", "0.699"),
        ("ravi_nsclc", "response", "sex", "male", "auroc", "0.794"),
        ("msk1", "response", "sex", "female", "o_e", "0.73"),
        *((dataset, "response", "overall", "all", "auroc", said)
          for dataset, said in (("chowell_test", "0.772"), ("msk1", "0.702"), ("ravi_nsclc", "0.746"))),
        *((dataset, "response", "overall", "all", "brier", said)
          for dataset, said in (("chowell_test", "0.149"), ("msk1", "0.177"), ("ravi_nsclc", "0.213"))),
        *((dataset, "alive_1y", "sex", sex, "auroc", said)
          for dataset, sex, said in (
              ("chowell_test", "female", "0.797"), ("chowell_test", "male", "0.731"),
              ("msk1", "female", "0.707"), ("msk1", "male", "0.759"),
              ("ravi_nsclc", "female", "0.656"), ("ravi_nsclc", "male", "0.677"))),
        ("msk_nonicb", "alive_1y", "age_band", "50-59", "auroc", "0.645"),
        ("msk_nonicb", "alive_1y", "age_band", "80-plus", "auroc", "0.585"),
        ("chowell_test", "response", "overall", "all", "o_e", "0.94"),
        ("msk1", "response", "overall", "all", "o_e", "0.89"),
        ("ravi_nsclc", "response", "overall", "all", "o_e", "1.30"),
        ("msk1", "response", "drug_class", "combination", "o_e", "0.63"),
        ("ravi_nsclc", "response", "drug_class", "combination", "o_e", "1.61"),
    ],
)  # fmt: skip
def test_the_limits_quote_the_evaluation(
    manifest: dict[str, Any], evaluation: dict[str, Any], dataset: str, output: str, attribute: str,
    value: str, name: str, said: str,
) -> None:  # fmt: skip
    """Figures in the manifest's limits are those of evaluation.json."""
    found = figure(evaluation, (dataset, output, attribute, value), name)
    assert abs(found - float(said)) <= 0.5 * 10 ** -len(said.partition(".")[2]) + 1e-9
    assert said in " ".join(manifest["intended_use"]["limits"])
