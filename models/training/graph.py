"""Writes a fitted ensemble as a plain ONNX graph: ai.onnx operators only, no external data.

Input ``features`` float32 ``[N, p]``; outputs ``probability`` float32 ``[N, K]`` and ``interval`` float32
``[N, K, 2]``. A row with NaN or an infinite value gives NaN: some kernels of Relu and Clip drop NaN, so
the row's own ``0 * x`` is added to its logits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from models.training.ensemble import HIGH, LOW, Ensemble

OPSET = 18
IR_VERSION = 9


@dataclass
class _Graph:
    """Nodes and constants under construction; ``op`` returns the name of a node's only output."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def op(self, kind: str, *inputs: str, name: str, **attributes: int | float) -> str:
        node = helper.make_node(kind, list(inputs), [name], name=name)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return name

    def number(self, name: str, values: ArrayLike) -> str:
        return self._constant(name, np.asarray(values, dtype=np.float32))

    def index(self, name: str, values: ArrayLike) -> str:
        return self._constant(name, np.asarray(values, dtype=np.int64))

    def _constant(self, name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        self.constants[name] = numpy_helper.from_array(values, name)
        return name


def build(ensemble: Ensemble) -> onnx.ModelProto:
    """The checked ONNX model of an ensemble, without metadata."""
    graph = _Graph()
    logits = _member_logits(graph, ensemble, _design(graph, ensemble))
    mean = graph.op("ReduceMean", logits, graph.index("members_axis", [2]), name="mean", keepdims=1)
    low = graph.op("Min", _quantile(graph, logits, ensemble.recipe.members, LOW), mean, name="low")
    high = graph.op("Max", _quantile(graph, logits, ensemble.recipe.members, HIGH), mean, name="high")
    bounds = graph.op("Concat", mean, low, high, name="bounds", axis=2)
    shares = _coherent(graph, ensemble, graph.op("Sigmoid", bounds, name="shares"))
    point = graph.op("Slice", shares, *(graph.index(f"point_{k}", [v]) for k, v in
                                        (("from", 0), ("to", 1), ("axis", 2))), name="point")  # fmt: skip
    graph.op("Squeeze", point, graph.index("point_squeeze", [2]), name="probability")
    graph.op("Slice", shares, *(graph.index(f"interval_{k}", [v]) for k, v in
                                (("from", 1), ("to", 3), ("axis", 2))), name="interval")  # fmt: skip
    return _model(graph, len(ensemble.recipe.features), len(ensemble.recipe.outputs))


def write_model(ensemble: Ensemble, path: Path, metadata: Mapping[str, str]) -> None:
    """Write the model with its ``metadata_props`` in sorted order; identical bytes on a re-run."""
    model = build(ensemble)
    for key in sorted(metadata):
        model.metadata_props.add(key=key, value=metadata[key])
    path.write_bytes(model.SerializeToString(deterministic=True))


def _design(graph: _Graph, ensemble: Ensemble) -> str:
    """The design columns ``[N, q]``: hinges, level indicators, centred products."""
    design = ensemble.design
    raw = graph.op("Gather", "features", graph.index("source", design.source), name="raw", axis=1)
    above = graph.op("Relu", graph.op("Sub", raw, graph.number("start", design.start), name="shifted"),
                     name="above")  # fmt: skip
    parts = [graph.op("Min", above, graph.number("span", design.span), name="hinges")]
    if design.level:
        codes = graph.op("Gather", "features", graph.index("level_source", design.level_source),
                         name="codes", axis=1)  # fmt: skip
        apart = graph.op("Sub", codes, graph.number("level", design.level), name="apart")
        near = graph.op(
            "Less", graph.op("Abs", apart, name="distance"), graph.number("half", [0.5]), name="near"
        )
        parts.append(graph.op("Cast", near, name="levels", to=TensorProto.FLOAT))
    if design.pairs:
        factors = [_factor(graph, ensemble, side) for side in (0, 1)]
        parts.append(graph.op("Mul", *factors, name="products"))
    return graph.op("Concat", *parts, name="columns", axis=1)


def _factor(graph: _Graph, ensemble: Ensemble, side: int) -> str:
    """The left (0) or right (1) centred factors of the products."""
    columns = [pair[side] for pair in ensemble.design.pairs]
    centres = [centre[side] for centre in ensemble.design.centres]
    chosen = graph.op("Gather", "hinges", graph.index(f"factor_{side}_column", columns),
                      name=f"factor_{side}_raw", axis=1)  # fmt: skip
    return graph.op("Sub", chosen, graph.number(f"factor_{side}_centre", centres), name=f"factor_{side}")


def _member_logits(graph: _Graph, ensemble: Ensemble, columns: str) -> str:
    """Member logits ``[N, K, B]``; NaN for rows that are not finite."""
    outputs, members, width = ensemble.weights.shape
    flat = ensemble.weights.reshape(outputs * members, width).T
    products = graph.op("MatMul", columns, graph.number("weights", flat), name="weighted")
    sums = graph.op("Add", products, graph.number("intercepts", ensemble.intercepts.ravel()), name="sums")
    zeros = graph.op("Mul", "features", graph.number("zero", [0.0]), name="zeros")
    poison = graph.op("ReduceSum", zeros, graph.index("columns_axis", [1]), name="poison", keepdims=1)
    shape = graph.index("member_shape", [-1, outputs, members])
    return graph.op("Reshape", graph.op("Add", sums, poison, name="guarded"), shape, name="logits")


def _quantile(graph: _Graph, logits: str, members: int, share: float) -> str:
    """Linear quantile over the members ``[N, K, 1]``, from the few smallest or largest only."""
    side = "low" if share < 0.5 else "high"
    position = (members - 1) * min(share, 1 - share)
    inner = int(np.floor(position)) + 1
    wanted = min(inner + 1, members)
    top = f"{side}_top"
    graph.nodes.append(
        helper.make_node("TopK", [logits, graph.index(f"{side}_count", [wanted])], [top, f"{top}_at"],
                         name=top, axis=2, largest=int(share > 0.5), sorted=1)
    )  # fmt: skip
    mix = np.zeros((wanted, 1))
    mix[inner - 1] = inner - position
    mix[-1] += 1 - mix[inner - 1] if wanted > inner else 0.0
    return graph.op("MatMul", top, graph.number(f"{side}_mix", mix), name=f"{side}_quantile")


def _coherent(graph: _Graph, ensemble: Ensemble, shares: str) -> str:
    """Running minimum from the last output back, so that ordered outputs never cross."""
    count = len(ensemble.recipe.outputs)
    if not ensemble.recipe.ordered or count == 1:
        return shares
    slices = [
        graph.op("Gather", shares, graph.index(f"output_{k}", [k]), name=f"share_{k}", axis=1)
        for k in range(count)
    ]
    for k in range(count - 2, -1, -1):
        slices[k] = graph.op("Min", slices[k], slices[k + 1], name=f"capped_{k}")
    return graph.op("Concat", *slices, name="coherent", axis=1)


def _model(graph: _Graph, inputs: int, outputs: int) -> onnx.ModelProto:
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "additive_ensemble",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", inputs])],
            [
                helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["N", outputs]),
                helper.make_tensor_value_info("interval", TensorProto.FLOAT, ["N", outputs, 2]),
            ],
            initializer=list(graph.constants.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="bedside",
    )
    onnx.checker.check_model(model, full_check=True)
    return model
