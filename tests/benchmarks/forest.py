"""A model folder with 200 trees of depth 3 over 12 features, made of random splits: what ONNX Runtime must
run."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper
from payloads import LOINC, READ

from fhir_mapping.features import FeatureSet

TREES, DEPTH = 200, 3


def features() -> list[dict[str, Any]]:
    """Ten latest values, age and sex."""
    numbers = [
        {
            "name": f"value_{i}",
            "label": name,
            "kind": "observation",
            "unit": unit,
            "when_missing": "nan",
            "codes": [{"system": LOINC, "code": code}],
        }
        for i, (code, name, unit, _, _) in enumerate(READ)
    ]
    person = [
        {"name": "age", "label": "Age", "kind": "age", "unit": "a", "when_missing": "nan"},
        {"name": "male", "label": "Male sex", "kind": "sex", "when_missing": "nan"},
    ]
    return [*numbers, *person]


def write(folder: Path) -> Path:
    """Write the model folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = FeatureSet.parse(features(), "forest")
    model = _graph()
    helper.set_model_props(
        model, {"bedside.model": "forest", "bedside.version": "1.0.0", "bedside.feature_spec": spec.sha256}
    )
    data = model.SerializeToString(deterministic=True)
    (folder / "model.onnx").write_bytes(data)
    manifest = _manifest() | {"files": {"model.onnx": hashlib.sha256(data).hexdigest()}}
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
    return folder


def _graph() -> onnx.ModelProto:
    rng = np.random.default_rng(7)
    inner, leaves = 2**DEPTH - 1, 2**DEPTH
    nodes = inner + leaves
    ids = np.tile(np.arange(nodes), TREES)
    trees = np.repeat(np.arange(TREES), nodes)
    is_leaf = ids >= inner
    leaf_at = np.flatnonzero(is_leaf)
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["score"],
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_treeids=trees.tolist(),
        nodes_nodeids=ids.tolist(),
        nodes_featureids=np.where(is_leaf, 0, rng.integers(0, 12, ids.size)).tolist(),
        nodes_values=np.where(is_leaf, 0.0, rng.uniform(1, 150, ids.size)).astype(np.float32).tolist(),
        nodes_modes=np.where(is_leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_truenodeids=np.where(is_leaf, 0, 2 * ids + 1).tolist(),
        nodes_falsenodeids=np.where(is_leaf, 0, 2 * ids + 2).tolist(),
        target_treeids=trees[leaf_at].tolist(),
        target_nodeids=ids[leaf_at].tolist(),
        target_ids=[0] * leaf_at.size,
        target_weights=rng.normal(0, 0.05, leaf_at.size).astype(np.float32).tolist(),
    )
    graph = helper.make_graph(
        [ensemble, helper.make_node("Sigmoid", ["score"], ["probability"])],
        "forest",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 12])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["N", 1])],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def _manifest() -> dict[str, Any]:
    return {
        "id": "forest",
        "version": "1.0.0",
        "title": "Benchmark forest",
        "status": "research",
        "engine": "onnx",
        "hooks": ["patient-view"],
        "service": "forest",
        "description": "Random splits; it means nothing.",
        "developer": {"name": "Bedside", "contact": "bedside@example.org", "funding": "none"},
        "intended_use": {
            "purpose": "Benchmarks.",
            "users": "Nobody.",
            "population": "Nobody.",
            "decision_role": "None",
            "not_for": ["Any use with patients"],
            "risks": ["none"],
        },
        "training": {
            "data": "none",
            "n": 0,
            "period": "none",
            "inclusion": "none",
            "exclusion": "none",
            "licence_note": "none",
        },
        "citations": [],
        "features": features(),
        "outputs": [{"name": "score", "label": "Score", "horizon": "now", "kind": "probability"}],
        "rules": [],
        "explanation": {"method": "none"},
        "card": {"headline": "About {score.of100} in 100", "indicator": "info"},
        "fairness": {"dataset": "none", "output": "score"},
    }
