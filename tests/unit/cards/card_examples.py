"""Models of the catalogue without their networks, and predictions made up by hand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fairness.gate import Clearance, Evidence
from fhir_mapping.features import FeatureSet
from fhir_mapping.values import FeatureValue, FeatureVector, missing
from models.manifest import Manifest
from models.prediction import Applicability, Contribution, OutputValue, Prediction

CATALOG = Path(__file__).parents[3] / "models" / "catalog"
CARD_UUID = "0d5a6e6f-54a5-4c68-9d44-3a4a3bb0a5c1"
BASE = "https://cds.example.org/bedside"
INSIDE = Applicability("inside")


@dataclass(frozen=True)
class Example:
    """What pages and cards read of a model."""

    manifest: Manifest
    features: FeatureSet
    evaluation: Any = None
    sha256: str = "ab" * 32


def example(name: str, **card: Any) -> Example:
    """A catalogue model; `card` replaces fields of its card policy."""
    folder = CATALOG / name
    manifest = Manifest.load(folder / "model.yaml")
    if card:
        policy = msgspec.structs.replace(manifest.card, **card)
        manifest = msgspec.structs.replace(manifest, card=policy)
    features = FeatureSet.parse(manifest.features, name)
    evaluation = msgspec.json.decode((folder / "evaluation.json").read_bytes())
    return Example(manifest, features, evaluation)


def vector(features: FeatureSet, **known: FeatureValue) -> FeatureVector:
    """A vector in spec order; what is not given is missing as not recorded."""
    values = {spec.name: known.get(spec.name, missing(spec.name, "not-recorded")) for spec in features.specs}
    return FeatureVector(values, features.inputs, [])


def value(name: str, number: float, unit: str | None = None, **rest: Any) -> FeatureValue:
    """A recorded value of 2 September 2026 unless told otherwise."""
    given = {"date": "2026-09-02T08:30:00+02:00", "source": f"Observation/{name.replace('_', '-')}"} | rest
    return FeatureValue(name, number, "ok", unit=unit, **given)


def diabetes_prediction(model: Example, probability: float = 0.09) -> Prediction:
    """A woman of 58 with a large waist; cholesterol is stale, HDL and activity are not recorded."""
    known = {
        "age": value("age", 58, "a", date=None, source="Patient/p1"),
        "male": value("male", 0, date=None, source="Patient/p1", text="us-core-sex"),
        "bmi": value("bmi", 34.127, "kg/m2"),
        "waist": value("waist", 118, "cm", original_value=46.46, original_unit="[in_i]"),
        "systolic": value("systolic", 148.2, "mm[Hg]", date="2026-10-11"),
        "total_cholesterol": missing("total_cholesterol", "stale", "mg/dL"),
        "ever_smoker": value("ever_smoker", 1, date="2019-05", text="former smoker"),
    }
    return Prediction(
        model.manifest.id,
        model.manifest.version,
        INSIDE,
        vector(model.features, **known),
        (
            OutputValue(
                "diabetes", "Undiagnosed diabetes (HbA1c 6.5 % or more)", probability, 0.061, 0.134, 0.041
            ),
            OutputValue("dysglycaemia", "Dysglycaemia (HbA1c 5.7 % or more)", 0.52, 0.46, 0.58, 0.37),
        ),
        (Contribution("waist", 0.61), Contribution("ever_smoker", 0.02), Contribution("systolic", -0.21)),
    )


def response_prediction(model: Example) -> Prediction:
    """A man of 66 with lung cancer and a high mutational burden; no blood count, no PD-L1."""
    known = {
        "age": value("age", 66, "a", date=None, source="Patient/p2"),
        "tumour_mutational_burden": value("tumour_mutational_burden", 14.6, "1/1000000{Base}"),
        "albumin": value("albumin", 3.8, "g/dL", original_value=38, original_unit="g/L"),
        "neutrophil_lymphocyte_ratio": missing("neutrophil_lymphocyte_ratio", "input-missing", "1"),
        "neutrophil_count": missing("neutrophil_count", "stale"),
        "lymphocyte_count": missing("lymphocyte_count", "unit-missing"),
        "prior_systemic_therapy": FeatureValue("prior_systemic_therapy", 0.0, "none-recorded"),
        "cancer_type": value("cancer_type", 16, text="Non-small cell lung cancer", date="2025-11-03"),
        "checkpoint_inhibitor_ordered": FeatureValue("checkpoint_inhibitor_ordered", 1.0),
    }
    return Prediction(
        model.manifest.id,
        model.manifest.version,
        INSIDE,
        vector(model.features, **known),
        (OutputValue("response", "Complete or partial response", 0.41, 0.33, 0.5, 0.28),),
        (
            Contribution("tumour_mutational_burden", 0.55),
            Contribution("albumin", 0.06),
            Contribution("prior_systemic_therapy", 0.2),
            Contribution("age", -0.004),
        ),
    )


def outside(prediction: Prediction, *, card: bool = True) -> Prediction:
    """The same patient, to whom the model does not apply."""
    why = Applicability("outside", "pregnant", "No estimate: not made for pregnancy.", card)
    return msgspec.structs.replace(prediction, applicability=why, outputs=(), contributions=())


EVIDENCE = (
    Evidence("overall", "all", "Everybody", "in-line", "In line.", 4379, 158, 1.0, 0.86, 1.17),
    Evidence("race", "absent", "Not recorded", "not-recorded", "Race is not on record."),
)
SERVE = Clearance("serve", "Checked in 2,237 women: as many cases as expected.", EVIDENCE)
CAUTION = Clearance("caution", "Told too low for Asian people in the evaluation data.", EVIDENCE)
WITHHOLD = Clearance("withhold", "It was far too low for people like this in the evaluation data.", EVIDENCE)
