"""The guard reads a model's bytes and refuses everything that reaches beyond them."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import toy_models as toys
from hypothesis import example, given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from models.errors import ModelRefused
from models.loader import load_model
from models.onnx_guard import MAX_DEPTH, guard


def external(tensor: TensorProto) -> TensorProto:
    """The tensor with its data in a file beside the model."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


def outside() -> TensorProto:
    """A tensor with external data."""
    return external(numpy_helper.from_array(np.zeros(3, dtype=np.float32), "outside"))


def in_initializer(model: onnx.ModelProto) -> None:
    external(model.graph.initializer[0])


def by_location_only(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL


def by_entries_only(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].external_data.add(key="location", value="weights.bin")


def in_attribute(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=outside()))


def in_attribute_list(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.append(helper.make_attribute("all", [outside()]))


def in_sparse_initializer(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add().values.CopyFrom(outside())


def in_sparse_attribute(model: onnx.ModelProto) -> None:
    attribute = model.graph.node[0].attribute.add(name="sparse", type=onnx.AttributeProto.SPARSE_TENSOR)
    attribute.sparse_tensor.indices.CopyFrom(outside())


def in_subgraph(model: onnx.ModelProto) -> None:
    branch = helper.make_graph([], "branch", [], [], initializer=[outside()])
    deeper = helper.make_graph([helper.make_node("If", ["x"], ["y"], then_branch=branch)], "deeper", [], [])
    model.graph.node.append(helper.make_node("If", ["x"], ["y"], else_branch=deeper))


@pytest.mark.parametrize(
    "hide",
    [
        in_initializer,
        by_location_only,
        by_entries_only,
        in_attribute,
        in_attribute_list,
        in_sparse_initializer,
        in_sparse_attribute,
        in_subgraph,
    ],
)
def test_external_data_is_refused_wherever_it_hides(hide: Callable[[onnx.ModelProto], None]) -> None:
    """External data is found in every place of the format that holds a tensor."""
    model = toys.graph()
    hide(model)
    with pytest.raises(ModelRefused, match="external data"):
        guard(model.SerializeToString())


def test_external_data_through_a_hard_link_is_refused(tmp_path: Path) -> None:
    """A model folder whose weights are a hard link to a file elsewhere does not load."""
    elsewhere = tmp_path / "secret"
    elsewhere.write_bytes(np.zeros(6, dtype=np.float32).tobytes())
    model = toys.graph()
    external(model.graph.initializer[0])
    folder = toys.write_folder(tmp_path / "toy", model=model)
    os.link(elsewhere, folder / "weights.bin")
    with pytest.raises(ModelRefused, match="external data"):
        load_model(folder)


@pytest.mark.parametrize("domain", ["com.microsoft", "org.example", "ai.onnx.training", "AI.ONNX"])
def test_another_operator_set_is_refused(domain: str) -> None:
    """Only the standard operator sets may be imported."""
    model = toys.graph()
    model.opset_import.append(helper.make_opsetid(domain, 1))
    with pytest.raises(ModelRefused, match="operators outside"):
        guard(model.SerializeToString())


def test_a_node_of_another_domain_is_refused() -> None:
    """A node may not come from a domain that the imports do not show."""
    model = toys.graph()
    model.graph.node[0].domain = "com.microsoft"
    with pytest.raises(ModelRefused, match="operators outside"):
        guard(model.SerializeToString())


def test_functions_are_refused() -> None:
    """A model may not define operators of its own."""
    model = toys.graph()
    model.functions.add(name="f", domain="")
    with pytest.raises(ModelRefused, match="functions"):
        guard(model.SerializeToString())


def test_training_graphs_are_refused() -> None:
    """A model may not carry a training graph."""
    model = toys.graph()
    model.training_info.add()
    with pytest.raises(ModelRefused, match="training graphs"):
        guard(model.SerializeToString())


def test_the_runtimes_own_format_is_refused() -> None:
    """Bytes that the runtime would read as its flatbuffer format do not pass for an ONNX file."""
    with pytest.raises(ModelRefused, match="own format"):
        guard(b"\x08\x09\x12\x04ORTM" + toys.graph().SerializeToString())


def test_a_model_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Size is looked at before anything else."""
    model = toys.graph().SerializeToString()
    monkeypatch.setattr("models.onnx_guard.MAX_BYTES", len(model) - 1)
    with pytest.raises(ModelRefused, match="larger than"):
        guard(model)


def delimited(field: int, content: bytes) -> bytes:
    """A length-delimited field on the wire."""
    length, digits = len(content), bytearray()
    while length >= 0x80:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([field << 3 | 2, *digits, length]) + content


def test_deep_nesting_is_refused() -> None:
    """Graphs inside graphs end at a limit, well before Python's own."""
    content = b""
    for _ in range(MAX_DEPTH):
        for field in (6, 5, 1):
            content = delimited(field, content)
    with pytest.raises(ModelRefused, match="nested too deeply"):
        guard(delimited(7, content))


def test_many_tiny_fields_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is bounded by a count of fields, whatever the size."""
    monkeypatch.setattr("models.onnx_guard.MAX_FIELDS", 1000)
    with pytest.raises(ModelRefused, match="too many fields"):
        guard(b"\x08\x01" * 1001)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00\x00", b"\x3a\xff", b"\x3a\x05\x00", b"\x0b\x0c", b"\x38\x01", b"\xff" * 11, b"\x09\x00",
     b"\xf8\xff\xff\xff\xff\x01\x00", b"\x42\x03\x0a\x01\xff"],
)  # fmt: skip
def test_bytes_that_are_no_model_are_refused(garbage: bytes) -> None:
    """Empty, cut, grouped, mistyped and overlong bytes are refused."""
    with pytest.raises(ModelRefused):
        guard(garbage)


def refuses_or_passes(content: bytes) -> None:
    """Run the guard; any other error than ModelRefused fails the test."""
    try:
        guard(content)
    except ModelRefused:
        return


@given(st.binary(max_size=400))
@example(b"\x3a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")
def test_garbage_raises_nothing_else(content: bytes) -> None:
    """Any bytes end quickly, in ModelRefused or in acceptance."""
    refuses_or_passes(content)


@given(st.data())
def test_a_damaged_model_raises_nothing_else(data: st.DataObject) -> None:
    """A good model with bytes changed or cut ends in ModelRefused or in acceptance."""
    content = bytearray(toys.graph().SerializeToString())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    refuses_or_passes(bytes(content[: data.draw(st.integers(0, len(content)))]))


@given(st.data())
def test_external_data_survives_no_damage_unseen(data: st.DataObject) -> None:
    """Whatever the guard accepts, the onnx package reads no external data in it either."""
    model = toys.graph()
    external(model.graph.initializer[0])
    content = bytearray(model.SerializeToString())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        guard(bytes(content))
        read = onnx.load_from_string(bytes(content))
    except Exception:
        return
    assert not any(t.external_data or t.data_location for t in read.graph.initializer)


def test_a_plain_model_passes() -> None:
    """The toy model, with nested graphs of standard operators, is accepted."""
    model = toys.graph()
    branch = helper.make_graph([helper.make_node("Constant", [], ["c"], value_float=1.0)], "branch", [], [])
    model.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch))
    guard(model.SerializeToString())
