"""A third model for the tests: a folder written from scratch, logistic in three inputs, with two outputs."""

import copy
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

from fhir_mapping.features import FeatureSet
from fhir_mapping.values import FeatureValue, FeatureVector, missing
from models.loader import load_model
from models.runtime import Model

SLOPES = (0.03, 0.5, -0.8)
INTERCEPTS = (-3.0, -1.5)
MEMBER_REACH = 0.4
"""Half the width of the toy model's own interval, in log odds."""

CORRELATION = 0.6

FEATURES: list[dict[str, Any]] = [
    {"name": "age", "label": "Age", "kind": "age", "unit": "a", "required": True, "domain": [18, 90]},
    {
        "name": "lactate", "label": "Lactate", "kind": "observation", "unit": "mmol/L", "domain": [0, 30],
        "codes": [{"system": "http://loinc.org", "code": "2524-7"}], "units": {"mmol/L": 1}, "range": [0, 40],
    },
    {
        "name": "score", "label": "Score", "kind": "observation", "unit": "1",
        "codes": [{"system": "http://loinc.org", "code": "9269-2"}], "units": {"1": 1}, "range": [-20, 20],
    },
    {
        "name": "sepsis", "label": "Sepsis", "kind": "condition", "input": False,
        "codes": [{"system": "http://snomed.info/sct", "code": "91302008"}],
    },
]  # fmt: skip

MANIFEST: dict[str, Any] = {
    "id": "toy-risk",
    "version": "0.1.0",
    "title": "Toy risk",
    "status": "research",
    "engine": "onnx",
    "hooks": ["patient-view"],
    "description": "A risk that exists in tests only.",
    "developer": {"name": "Tests", "contact": "tests@example.org", "funding": "none"},
    "intended_use": {
        "purpose": "Testing", "users": "Tests", "population": "Invented people", "decision_role": "None",
        "not_for": ["Care"], "risks": ["None"],
    },
    "training": {
        "data": "None", "n": 0, "period": "never", "inclusion": "none", "exclusion": "none",
        "licence_note": "none",
    },
    "citations": [],
    "features": FEATURES,
    "outputs": [
        {"name": "death", "label": "Death", "horizon": "30 days", "kind": "probability"},
        {"name": "icu", "label": "Intensive care", "horizon": "30 days", "kind": "probability"},
    ],
    "rules": [
        {"when": {"feature": "sepsis", "equals": 1}, "outcome": "silent", "reason": "known-sepsis",
         "text": "Sepsis is known.", "card": False},
        {"when": {"feature": "score", "above": 15}, "outcome": "outside", "reason": "score-too-high",
         "text": "The score is too high.", "card": True},
    ],
    "explanation": {"method": "additive", "anchors": ["age"]},
    "card": {"headline": "About {death.of100} in 100 (typical {death.typical100})"},
    "fairness": {"dataset": "cohort", "output": "death"},
}  # fmt: skip


def manifest(**changes: Any) -> dict[str, Any]:
    """A copy of the toy manifest with top-level fields changed; None takes a field out."""
    content = {**copy.deepcopy(MANIFEST), **changes}
    return {key: value for key, value in content.items() if value is not None}


def graph(
    inputs: int = 3,
    outputs: int = 2,
    interval: bool = True,
    reach: tuple[float, float] = (-MEMBER_REACH, MEMBER_REACH),
) -> onnx.ModelProto:
    """Logistic model of the toy's slopes; without inputs' names, so it fits any feature list of that length.

    `reach` are the interval's ends from the estimate, in log odds.
    """
    weights = np.tile(np.resize(SLOPES, inputs)[:, None], (1, outputs)).astype(np.float32)
    constants = {
        "weights": weights,
        "intercepts": np.resize(INTERCEPTS, outputs).astype(np.float32),
        "reach": np.array(reach, dtype=np.float32),
        "last": np.array([2], dtype=np.int64),
    }
    nodes = [
        helper.make_node("MatMul", ["features", "weights"], ["sums"]),
        helper.make_node("Add", ["sums", "intercepts"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["probability"]),
        helper.make_node("Unsqueeze", ["logits", "last"], ["wide"]),
        helper.make_node("Add", ["wide", "reach"], ["bounds"]),
        helper.make_node("Sigmoid", ["bounds"], ["interval"]),
    ]
    found = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["N", outputs])]
    if interval:
        found.append(helper.make_tensor_value_info("interval", TensorProto.FLOAT, ["N", outputs, 2]))
    return helper.make_model(
        helper.make_graph(
            nodes if interval else nodes[:3],
            "toy",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", inputs])],
            found,
            initializer=[numpy_helper.from_array(value, name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )


def failing(column: int, at: float) -> onnx.ModelProto:
    """The toy graph, but with NaN for every row whose column holds `at` or more."""
    model = graph()
    for name, value in (("column", [column]), ("limit", at), ("zero", 0.0)):
        kind = "int64" if name == "column" else "float32"
        model.graph.initializer.append(numpy_helper.from_array(np.array(value, dtype=kind), name))
    nodes = [
        helper.make_node("Gather", ["features", "column"], ["one"], axis=1),
        helper.make_node("GreaterOrEqual", ["one", "limit"], ["over"]),
        helper.make_node("Cast", ["over"], ["as_number"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["as_number", "as_number"], ["nought"]),
        helper.make_node("Sub", ["nought", "as_number"], ["minus"]),
        helper.make_node("Sqrt", ["minus"], ["poison"]),
        helper.make_node("Add", ["plain_logits", "poison"], ["logits"]),
    ]
    model.graph.node[1].output[0] = "plain_logits"
    for at_node, node in enumerate(nodes, start=2):
        model.graph.node.insert(at_node, node)
    return model


def filling(most: float = 3.0) -> onnx.ModelProto:
    """The toy graph with 0 in place of NaN; it gives NaN itself when more than `most` inputs are NaN."""
    model = graph()
    model.graph.node[0].input[0] = "seen"
    nodes = [
        helper.make_node("IsNaN", ["features"], ["gaps"]),
        helper.make_node("Cast", ["gaps"], ["gap_numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["gap_numbers", "across"], ["count"], keepdims=1),
        helper.make_node("Sub", ["most", "count"], ["left"]),
        helper.make_node("Sqrt", ["left"], ["poison"]),
        helper.make_node("Where", ["gaps", "nought", "features"], ["filled"]),
        helper.make_node("Mul", ["poison", "nought"], ["harm"]),
        helper.make_node("Add", ["filled", "harm"], ["seen"]),
    ]
    for at, node in enumerate(nodes):
        model.graph.node.insert(at, node)
    for name, value, kind in (
        ("across", [1], "int64"),
        ("most", most, "float32"),
        ("nought", 0.0, "float32"),
    ):
        model.graph.initializer.append(numpy_helper.from_array(np.array(value, dtype=kind), name))
    return model


def reference(features: tuple[str, ...] = ("age", "lactate", "score")) -> dict[str, Any]:
    """Standard normal inputs in fine tables, all pairs correlated alike; age is moved to 50 +/- 10 years."""
    probs = [float(p) for p in np.round(np.linspace(0.001, 0.999, 999), 6)]
    normal = [normal_quantile(p) for p in probs]
    tables = {name: [50 + 10 * z for z in normal] if name == "age" else normal for name in features}
    correlation = np.full((len(features), len(features)), CORRELATION)
    np.fill_diagonal(correlation, 1.0)
    return {
        "n": 1000, "features": list(features), "probs": probs, "quantiles": tables, "discrete": {},
        "quantiles_by": {"feature": None, "strata": {}}, "correlation": correlation.tolist(),
    }  # fmt: skip


def normal_quantile(p: float) -> float:
    """Standard normal quantile by bisection of the error function."""
    low, high = -9.0, 9.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 * math.erfc(-middle / math.sqrt(2)) < p else (low, middle)
    return (low + high) / 2


def cell(attribute: str, value: str, n: int, events: int, o_e: tuple[float, float, float]) -> dict[str, Any]:
    """One cell of evaluation.json with its observed to expected ratio."""
    metric = {"name": "o_e", "value": o_e[0], "low": o_e[1], "high": o_e[2], "state": "ok", "why": None,
              "threshold": None}  # fmt: skip
    return {"dataset": "cohort", "output": "death", "attribute": attribute, "value": value, "n": n,
            "events": events, "metrics": [metric]}  # fmt: skip


def evaluation() -> dict[str, Any]:
    """A small evaluation of the toy model."""
    return {
        "model": "toy-risk", "version": "0.1.0", "seed": 1, "code": "tests",
        "datasets": [{"name": "cohort", "role": "external", "n": 500, "description": "Invented",
                      "source": "Tests", "defects": []}],
        "results": [cell("overall", "all", 500, 100, (1.0, 0.9, 1.1)),
                    cell("sex", "female", 250, 50, (1.0,
        0.8, 1.2))], "missing_inputs": [], "comparators": [], "notes": [],
    }  # fmt: skip


def write_folder(
    folder: Path,
    content: Mapping[str, Any] | None = None,
    model: onnx.ModelProto | bytes | None = None,
    files: Mapping[str, bytes | None] | None = None,
) -> Path:
    """Write and seal a model folder; `files` replaces the bytes of a file, None leaves it out."""
    described = dict(content or manifest())
    folder.mkdir(parents=True, exist_ok=True)
    parts: dict[str, bytes | None] = {
        "model.onnx": model if isinstance(model, bytes) else stamped(model or graph(), described),
        "reference.json": json.dumps(reference()).encode(),
        "evaluation.json": json.dumps(evaluation()).encode(),
        **(files or {}),
    }
    written = {name: part for name, part in parts.items() if part is not None}
    for name, part in written.items():
        (folder / name).write_bytes(part)
    digests = {name: hashlib.sha256(part).hexdigest() for name, part in written.items()}
    described.setdefault("files", digests)
    (folder / "model.yaml").write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")
    return folder


def stamped(plain: onnx.ModelProto, content: Mapping[str, Any], **other: str) -> bytes:
    """The model's bytes with the metadata that the manifest asks for; `other` replaces some of it."""
    sha256 = FeatureSet.parse(content["features"], "toy").sha256
    wanted = {"model": content["id"], "version": content["version"], "feature_spec": sha256, **other}
    model = copy.deepcopy(plain)
    for key, value in wanted.items():
        model.metadata_props.add(key=f"bedside.{key}", value=value)
    return bytes(model.SerializeToString())


def toy(folder: Path, **changes: Any) -> Model:
    """The loaded toy model."""
    return load_model(write_folder(folder, manifest(**changes)))


def vector(model: Model, **values: float) -> FeatureVector:
    """Features of one patient; those not given are missing, `sepsis` is 0 unless given."""
    given = {"sepsis": 0.0, **values}
    found = {
        spec.name: FeatureValue(spec.name, float(given[spec.name]), unit=spec.unit)
        if spec.name in given
        else missing(spec.name, "not-recorded")
        for spec in model.features.specs
    }
    return FeatureVector(found, model.features.inputs, [])


def logit(probability: float) -> float:
    """Log odds."""
    return math.log(probability / (1 - probability))
