"""Batches of rows: ONNX Runtime, as `bedside score` runs it, against scikit-learn.

The bundled models, which are sums of splines on the logit scale and state an interval of 60 members, run
beside a pipeline of scikit-learn with splines and one logistic regression, without interval; a model of 200
trees beside the very trees of scikit-learn. CPU time is compared, so that the ratio is that of equal cores:
both spread over cores by giving rows to processes, which share nothing.

Usage: python tests/benchmarks/cohort_scores.py [rows]
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from models.cohort import BATCH
from models.loader import load_model
from models.session import Session, open_session

CATALOG = Path(__file__).resolve().parents[2] / "models" / "catalog"
BLOCKS = (32, 64, 128, 256, 1024, 16_384)
ROUNDS = 5
TREES, DEPTH = 200, 3
_NODE = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_values",
    "nodes_truenodeids",
    "nodes_falsenodeids",
)
_LEAF = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def main(rows: int) -> None:
    """Measure and print one table for each kind of model."""
    for folder in sorted(one.parent for one in CATALOG.glob("*/model.yaml")):
        _splines(folder, rows)
    _trees(rows)


def _splines(folder: Path, rows: int) -> None:
    """A bundled model, and scikit-learn's pipeline of the same kind on as many inputs."""
    model, rng = load_model(folder), np.random.default_rng(7)
    features = rng.normal(50, 10, (rows, len(model.features.inputs)))
    outcome = features[:, 0] + rng.normal(0, 10, rows) > 50
    pipeline = make_pipeline(SplineTransformer(n_knots=4), StandardScaler(), LogisticRegression())
    pipeline.fit(features[:2000], outcome[:2000])
    session = open_session(
        (folder / "model.onnx").read_bytes(), features.shape[1], len(model.manifest.outputs), {}
    )
    work: dict[str, Callable[[], object]] = {
        "scikit-learn": lambda: pipeline.predict_proba(features),
        f"ONNX, {BATCH} rows at a time": lambda: _in_blocks(session, features, BATCH),
    }
    _table(folder.name, work, rows)


def _in_blocks(session: Session, features: NDArray[np.float64], block: int) -> None:
    for start in range(0, len(features), block):
        session.run(features[start : start + block])


def _trees(rows: int) -> None:
    rng = np.random.default_rng(7)
    features = rng.uniform(1, 150, (rows, 12))
    outcome = features[:, 0] + features[:, 1] * rng.random(rows) > 150
    boosted = GradientBoostingClassifier(n_estimators=TREES, max_depth=DEPTH)
    boosted.fit(features[:2000], outcome[:2000])
    session = open_session(_converted(boosted), 12, 1, {})
    ours, theirs = session.run(features).probability[:, 0], boosted.predict_proba(features)[:, 1]
    # A float32 threshold sends a few rows the other way in a tree.
    if np.quantile(np.abs(ours - theirs), 0.99) > 1e-3:
        raise SystemExit("the engines run different models; the comparison means nothing")
    work: dict[str, Callable[[], object]] = {"scikit-learn": lambda: boosted.predict_proba(features)}
    for block in BLOCKS:
        work[f"ONNX, {block} rows at a time"] = partial(_in_blocks, session, features, block)
    _table(f"{TREES} trees", work, rows)


def _table(what: str, work: dict[str, Callable[[], object]], rows: int) -> None:
    seconds = _interleaved(work)
    print(f"{what:30}{'us per row':>12}{'x scikit-learn':>16}{'goal':>6}")
    for name, taken in seconds.items():
        speed = seconds["scikit-learn"] / taken
        print(f"{name:30}{taken / rows * 1e6:12.2f}{speed:16.2f}{'1.0' if 'ONNX' in name else '':>6}")


def _converted(boosted: GradientBoostingClassifier) -> bytes:
    """The same trees as an ONNX model."""
    nodes: dict[str, list[float]] = {name: [] for name in _NODE}
    leaves: dict[str, list[float]] = {name: [] for name in _LEAF}
    for number, (estimator,) in enumerate(boosted.estimators_):
        tree = estimator.tree_
        for node in range(tree.node_count):
            is_leaf = tree.children_left[node] < 0
            split = (0, 0.0, 0, 0) if is_leaf else (
                int(tree.feature[node]), float(tree.threshold[node]),
                int(tree.children_left[node]), int(tree.children_right[node]),
            )  # fmt: skip
            for name, value in zip(_NODE, (number, node, *split), strict=True):
                nodes[name].append(value)
            if is_leaf:
                weight = boosted.learning_rate * float(tree.value[node, 0, 0])
                for name, value in zip(_LEAF, (number, node, 0, weight), strict=True):
                    leaves[name].append(value)
    modes = ["LEAF" if left == right else "BRANCH_LEQ" for left, right in
             zip(nodes["nodes_truenodeids"], nodes["nodes_falsenodeids"], strict=True)]  # fmt: skip
    prior = float(np.log(boosted.init_.class_prior_[1] / boosted.init_.class_prior_[0]))
    ensemble = helper.make_node(
        "TreeEnsembleRegressor", ["features"], ["score"], domain="ai.onnx.ml",
        n_targets=1, base_values=[prior], nodes_modes=modes, **nodes, **leaves,
    )  # fmt: skip
    graph = helper.make_graph(
        [ensemble, helper.make_node("Sigmoid", ["score"], ["probability"])],
        "boosted",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 12])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["N", 1])],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return model


def _interleaved(work: dict[str, Callable[[], object]]) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, run in work.items():
            started = time.process_time()
            run()
            taken[name].append(time.process_time() - started)
    return {name: statistics.median(times) for name, times in taken.items()}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
