"""Figures of evaluation.json, found by group."""

import json

import pytest
import toy_models as toys

from models.errors import EvaluationError
from models.evaluation import Evaluation


def read() -> Evaluation:
    return Evaluation.read(json.dumps(toys.evaluation()).encode())


def test_a_group_is_found() -> None:
    """A cell is found by data set, output, attribute and value."""
    found = read().find("cohort", "death", "sex", "female")
    assert found is not None
    assert (found.n, found.metric("o_e").value) == (250, 1.0)


def test_everybody_is_the_default() -> None:
    """Without a group, the cell of everybody is found."""
    found = read().find("cohort", "death")
    assert found is not None
    assert found.attribute == "overall"


@pytest.mark.parametrize("key", [("other", "death"), ("cohort", "icu"), ("cohort", "death", "sex", "male")])
def test_a_group_without_cell_is_none(key: tuple[str, ...]) -> None:
    """What was not evaluated is None, never a neighbouring cell."""
    assert read().find(*key) is None


def test_a_data_set_is_found_by_name() -> None:
    """Data sets carry their role and defects."""
    found = read().dataset("cohort")
    assert found is not None
    assert found.role == "external"


def test_bytes_that_are_no_evaluation_are_refused() -> None:
    """Anything but the agreed form raises EvaluationError."""
    with pytest.raises(EvaluationError):
        Evaluation.read(b'{"model": 1}')
