"""Reads a model's bytes before ONNX Runtime does, and refuses what could reach beyond them.

ONNX Runtime opens external data by path, follows links and runs every operator domain that it was built
with. This walks the protobuf wire format (protobuf.dev/programming-guides/encoding) along the messages of
onnx.proto that can hold tensors, nodes or graphs, at any depth, and refuses external data, other operator
domains, functions, training graphs and the runtime's own flatbuffer format. Bytes that it cannot read it
refuses too.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from models.errors import ModelRefused

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 40
MAX_FIELDS = 4_000_000
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
# A flatbuffer model carries this at byte 4; the runtime would choose that reader by itself.
ORT_FORMAT = b"ORTM"

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_TAG = 2**32 - 1

# Field numbers of onnx.proto (ONNX 1.23): message -> field -> message held there.
CHILDREN: Mapping[str, Mapping[int, str]] = {
    "Model": {7: "Graph", 8: "Opset", 14: "Entry"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {},
    "Opset": {},
    "Entry": {},
}
FORBIDDEN: Mapping[str, Mapping[int, str]] = {
    "Model": {20: "training graphs", 25: "functions", 26: "device configurations"},
    "Node": {10: "device configurations"},
    "Tensor": {13: "external data"},
}
DOMAIN_FIELDS: Mapping[str, int] = {"Opset": 1, "Node": 7}
TENSOR_LOCATION = 14


class Field(NamedTuple):
    """One field on the wire: `number` for varints and fixed values, `content` for length-delimited ones."""

    field: int
    wire: int
    number: int
    content: memoryview


def guard(model: bytes) -> None:
    """Raise ModelRefused unless the bytes are one self-contained ONNX model of standard operators."""
    if len(model) > MAX_BYTES:
        raise ModelRefused(f"model is larger than {MAX_BYTES // 2**20} MiB")
    if model[4:8] == ORT_FORMAT:
        raise ModelRefused("model is in the runtime's own format; give a plain ONNX file")
    walker = _Walker()
    walker.walk("Model", memoryview(model), 0)
    if not walker.graphs:
        raise ModelRefused("model has no graph")


class _Walker:
    """Counts what it has read, so that no input keeps it busy for long."""

    def __init__(self) -> None:
        self.fields = 0
        self.graphs = 0

    def walk(self, kind: str, content: memoryview, depth: int) -> None:
        """Check one message and all that it holds."""
        if depth > MAX_DEPTH:
            raise ModelRefused("model is nested too deeply")
        self.graphs += kind == "Graph"
        children, forbidden = CHILDREN[kind], FORBIDDEN.get(kind, {})
        for field in fields(content):
            self.fields += 1
            if self.fields > MAX_FIELDS:
                raise ModelRefused("model has too many fields to be checked")
            if field.field in forbidden:
                raise ModelRefused(f"model uses {forbidden[field.field]}, which is not accepted")
            _check(kind, field)
            child = children.get(field.field)
            if child is not None:
                self.walk(child, _length_delimited(field), depth + 1)


def _check(kind: str, field: Field) -> None:
    if kind == "Tensor" and field.field == TENSOR_LOCATION and (field.wire != _VARINT or field.number != 0):
        raise ModelRefused("model uses external data, which is not accepted")
    if DOMAIN_FIELDS.get(kind) == field.field:
        domain = _text(_length_delimited(field))
        if domain not in DOMAINS:
            raise ModelRefused("model uses operators outside ai.onnx and ai.onnx.ml, which is not accepted")


def _length_delimited(field: Field) -> memoryview:
    if field.wire != _BYTES:
        raise ModelRefused("model is not a valid ONNX file: a field has the wrong wire type")
    return field.content


def _text(content: memoryview) -> str:
    try:
        return str(content, "utf-8")
    except UnicodeDecodeError:
        raise ModelRefused("model is not a valid ONNX file: a text is not UTF-8") from None


def fields(content: memoryview) -> Iterator[Field]:
    """The fields of one message in order; raises ModelRefused on anything that is not wire format."""
    at, end, nothing = 0, len(content), content[:0]
    while at < end:
        tag, at = _varint(content, at)
        field, wire = tag >> 3, tag & 7
        if field == 0 or tag > _MAX_TAG:
            raise ModelRefused("model is not a valid ONNX file: field number out of range")
        number, part = 0, nothing
        if wire == _VARINT:
            number, at = _varint(content, at)
        elif wire == _BYTES:
            length, start = _varint(content, at)
            at = start + length
            part = content[start:at]
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        else:
            raise ModelRefused("model is not a valid ONNX file: unknown wire type")
        if at > end:
            raise ModelRefused("model is not a valid ONNX file: it ends too early")
        yield Field(field, wire, number, part)


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    """Value and next position of a varint of at most ten bytes."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            raise ModelRefused("model is not a valid ONNX file: it ends too early")
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ModelRefused("model is not a valid ONNX file: a number is too long")
