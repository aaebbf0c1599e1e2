"""The grid of an evaluation."""

import json

import msgspec
import numpy as np
import pytest
from cohorts import Cohort

from fairness import Cell, Metric, auroc, evaluate_cells, evaluate_metrics, group_columns
from fairness.cells import GroupColumn, rounded
from fairness.errors import GroupError

NAMES = ["auroc", "brier", "calibration_intercept", "calibration_slope", "o_e", "ici"]
AT_THRESHOLD = ["selection_rate", "sensitivity", "specificity", "ppv", "npv", "net_benefit"]


def evaluated(cohort: Cohort, groups: dict[str, GroupColumn]) -> dict[tuple[str, str], Cell]:
    """Cells by attribute and value, without bootstrap."""
    cells = evaluate_cells(*cohort, groups, "test", "score", (0.2,), replicates=0)
    return {(cell.attribute, cell.value): cell for cell in cells}


def test_overall_cell_comes_first_and_holds_everybody(cohort: Cohort) -> None:
    """The first cell is the whole sample."""
    first = evaluate_cells(*cohort, {"sex": ["F"] * 400}, "test", "score", replicates=0)[0]
    assert (first.attribute, first.value, first.n, first.events) == (
        "overall",
        "all",
        400,
        int(cohort.y.sum()),
    )


def test_group_cell_is_the_metric_of_its_rows(cohort: Cohort) -> None:
    """A group's figure is the figure of its members alone, at six digits."""
    sex = np.where(np.arange(400) % 3 == 0, "female", "male")
    cell = evaluated(cohort, {"sex": list(sex)})["sex", "female"]
    value = auroc(cohort.y[sex == "female"], cohort.p[sex == "female"]).value
    assert value is not None
    assert cell.metric("auroc").value == round(value, 6)


def test_missing_values_form_the_group_absent(cohort: Cohort) -> None:
    """None, NaN, an empty string and an empty set are one group of their own."""
    column = ["female"] * 300 + [None, float("nan"), "", frozenset()] * 25
    cells = evaluated(cohort, {"sex": column})
    assert [(key, cell.n) for key, cell in cells.items()] == [
        (("overall", "all"), 400),
        (("sex", "absent"), 100),
        (("sex", "female"), 300),
    ]


def test_person_of_two_groups_counts_in_both(cohort: Cohort) -> None:
    """A multi-select answer puts one person into several cells."""
    column = [{"asian", "white"}] * 100 + [{"white"}] * 300
    cells = evaluated(cohort, {"race": column})
    assert (cells["race", "asian"].n, cells["race", "white"].n) == (100, 400)


def test_columns_of_group_definitions_are_accepted(cohort: Cohort) -> None:
    """What `group_columns` returns can be evaluated as it is."""
    columns = group_columns(sex=["F", "M"] * 200, age=[30.0, 75.0] * 200)
    cells = evaluate_cells(*cohort, columns, "test", "score", replicates=0)
    assert [(cell.attribute, cell.value) for cell in cells[1:]] == [
        ("sex", "female"),
        ("sex", "male"),
        ("age_band", "18-39"),
        ("age_band", "70-79"),
    ]


def test_every_metric_is_in_every_cell(cohort: Cohort) -> None:
    """Each cell holds all metrics, those with a threshold once per threshold."""
    cells = evaluate_cells(*cohort, {"sex": ["F"] * 399 + ["M"]}, "test", "score", (0.1, 0.2), replicates=0)
    for cell in cells:
        assert [metric.name for metric in cell.metrics] == NAMES + AT_THRESHOLD * 2


def test_group_of_one_is_reported_and_marked(cohort: Cohort) -> None:
    """A group of a single person is neither dropped nor `ok`."""
    cell = evaluated(cohort, {"sex": ["F"] * 399 + ["M"]})["sex", "M"]
    assert cell.n == 1
    assert {metric.state for metric in cell.metrics} <= {"insufficient", "undefined"}


def test_encoded_cells_have_the_shape_of_an_evaluation(cohort: Cohort) -> None:
    """The keys are those of `results` in evaluation.json, and the text is strict JSON."""
    cells = evaluate_cells(*cohort, {"sex": ["F"] * 399 + ["M"]}, "test", "score", (0.2,), replicates=20)
    text = msgspec.json.encode(cells, order="sorted")
    record = json.loads(text, parse_constant=pytest.fail)[0]
    assert list(record) == ["attribute", "dataset", "events", "metrics", "n", "output", "value"]
    assert list(record["metrics"][0]) == ["high", "low", "name", "state", "threshold", "value", "why"]


def test_encoded_cells_are_identical_on_a_second_run(cohort: Cohort) -> None:
    """The same data and seed give the same bytes."""
    runs = [
        msgspec.json.encode(
            evaluate_cells(*cohort, {}, "test", "score", seed=9, replicates=20), order="sorted"
        )
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_encoded_cells_can_be_read_back(cohort: Cohort) -> None:
    """A stored evaluation decodes to the cells that were written."""
    cells = evaluate_cells(*cohort, {"sex": ["F", None] * 200}, "test", "score", (0.2,), replicates=0)
    assert msgspec.json.decode(msgspec.json.encode(cells), type=list[Cell]) == cells


def test_rounding_leaves_six_digits_and_no_negative_zero() -> None:
    """Figures are cut to six digits, and a tiny negative one becomes plain 0."""
    metric = rounded(Metric("net_benefit", -1e-9, -0.12345678, 0.98765432, "ok", None, 0.1))
    assert msgspec.json.encode([metric.value, metric.low, metric.high]) == b"[0.0,-0.123457,0.987654]"


def test_metrics_of_one_sample_are_those_of_its_cell(cohort: Cohort) -> None:
    """Comparators and missing-input rows use the same metric list as the grid."""
    cell = evaluate_cells(*cohort, {}, "test", "score", (0.2,), replicates=0)[0]
    assert evaluate_metrics(*cohort, (0.2,), replicates=0) == cell.metrics


def test_metric_that_a_cell_does_not_hold_is_a_key_error(cohort: Cohort) -> None:
    """Asking for a threshold that was not evaluated fails instead of answering with another one."""
    cell = evaluate_cells(*cohort, {}, "test", "score", (0.2,), replicates=0)[0]
    with pytest.raises(KeyError):
        cell.metric("sensitivity", 0.3)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"sex": ["F"]}, "1 entries for 400 people"),
        ({"sex": [1] * 400}, "neither a string nor a collection"),
        ({"sex": [{1}] * 400}, "is not a string"),
        ({"overall": ["F"] * 400}, "kept for everybody"),
    ],
)
def test_malformed_group_column_is_refused(
    groups: dict[str, GroupColumn], message: str, cohort: Cohort
) -> None:
    """A column of another length or type, or with the reserved name, is refused by name."""
    with pytest.raises(GroupError, match=message):
        evaluated(cohort, groups)
