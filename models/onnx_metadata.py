"""Writes properties into the bytes of an ONNX model, without the package that makes such models.

A model is one protobuf message, and its `metadata_props` are entries of field 14, each a key (1) and a value
(2). All other fields are copied as they are, so weights and graph do not change by a bit.
"""

from collections.abc import Iterator, Mapping

from models.errors import ModelRefused
from models.onnx_guard import Field, fields

_VARINT, _BYTES = 0, 2
_METADATA, _KEY, _VALUE = 14, 1, 2


def with_metadata(model: bytes, properties: Mapping[str, str]) -> bytes:
    """The model's bytes with these properties, in order of their names, after those that it had under other
    names; the same bytes when it had them so already.

    Raises ModelRefused for bytes that are no ONNX model.
    """
    kept = b"".join(_written(field) for field in _others(model, properties))
    return kept + b"".join(_entry(key, properties[key]) for key in sorted(properties))


def _others(model: bytes, properties: Mapping[str, str]) -> Iterator[Field]:
    for field in fields(memoryview(model)):
        if field.field != _METADATA or _key(field) not in properties:
            yield field


def _key(entry: Field) -> str:
    keys = [bytes(part.content) for part in fields(entry.content) if part.field == _KEY]
    return keys[-1].decode("utf-8", "replace") if keys else ""


def _written(field: Field) -> bytes:
    if field.wire == _VARINT:
        return _varint(field.field << 3 | _VARINT) + _varint(field.number)
    if field.wire == _BYTES:
        return _delimited(field.field, bytes(field.content))
    raise ModelRefused("model is not a valid ONNX file: it has a field that ONNX does not know")


def _entry(key: str, value: str) -> bytes:
    return _delimited(_METADATA, _delimited(_KEY, key.encode()) + _delimited(_VALUE, value.encode()))


def _delimited(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*groups, value))
