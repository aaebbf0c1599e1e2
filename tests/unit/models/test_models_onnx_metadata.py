"""Properties written into a model's bytes, against the onnx package."""

import onnx
import pytest
import toy_models as toys
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from models.errors import ModelRefused
from models.onnx_metadata import with_metadata

WANTED = {"bedside.version": "2", "bedside.model": "toy"}
NAMES = st.dictionaries(st.text(max_size=20), st.text(max_size=200), max_size=5)


def plain(**properties: str) -> onnx.ModelProto:
    """The toy graph with some properties of its own."""
    model = toys.graph()
    helper.set_model_props(model, properties)
    return model


@given(before=NAMES, wanted=NAMES)
def test_the_bytes_read_back_as_the_onnx_package_would_have_written_them(
    before: dict[str, str], wanted: dict[str, str]
) -> None:
    """Whatever was there and whatever is wanted; the graph and every other field are the same."""
    model = plain(**before)
    found = onnx.load_from_string(with_metadata(model.SerializeToString(), wanted))
    assert {one.key: one.value for one in found.metadata_props} == {**before, **wanted}
    del found.metadata_props[:], model.metadata_props[:]
    assert found == model


def test_writing_twice_changes_nothing() -> None:
    """A sealed model stays the same file."""
    once = with_metadata(plain(author="somebody").SerializeToString(), WANTED)
    assert with_metadata(once, WANTED) == once


@pytest.mark.parametrize("content", [b"\x00", b"\x0a\x05ab", b"\x0d\x00\x00\x00\x00", b"{}"])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    """Cut, foreign or fixed-width bytes are not copied on."""
    with pytest.raises(ModelRefused, match="not a valid ONNX file"):
        with_metadata(content, WANTED)
