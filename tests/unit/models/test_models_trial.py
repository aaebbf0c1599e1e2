"""A model that would fail request after request is refused before it is served."""

import copy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_models as toys
from click.testing import CliRunner
from onnx import helper, numpy_helper

from cds_hooks.cli.main import cli
from models.errors import ManifestError
from models.loader import load_model
from models.registry import CATALOG
from models.trial import edges, trials

TITLE = {"headline": "About {death.of100} in 100"}


def features(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The toy's features with fields of some of them changed;"""
    changed = copy.deepcopy(toys.FEATURES)
    return [{**one, **changes.get(one["name"], {})} for one in changed]


def test_a_graph_that_gives_nan_for_a_gap_is_refused_by_the_input(tmp_path: Path) -> None:
    """The manifest says that `score` may reach the graph as NaN, and the graph then gives NaN."""
    content = toys.manifest(features=features(score={"when_missing": "nan"}))
    with pytest.raises(
        ManifestError, match=r"features\.score\.when_missing: .*when `score` is missing.*required"
    ):
        load_model(toys.write_folder(tmp_path / "toy", content))


def test_verification_names_the_input_that_may_not_be_missing(tmp_path: Path) -> None:
    """`bedside models verify` no longer says ok for a model that fails every request with a gap."""
    content = toys.manifest(features=features(lactate={"when_missing": "nan"}))
    toys.write_folder(tmp_path / "toy", content)
    told = CliRunner().invoke(cli, ["models", "--models", str(tmp_path), "verify"])
    assert told.exit_code == 1
    assert "FAILED  toy" in told.output
    assert "features.lactate.when_missing" in told.output


def test_a_gap_in_a_required_input_is_no_reason(tmp_path: Path) -> None:
    """The graph never sees a row without a required input."""
    needed = features(score={"when_missing": "nan", "required": True})
    assert load_model(toys.write_folder(tmp_path / "toy", toys.manifest(features=needed)))


def test_gaps_that_only_together_break_the_graph_are_found(tmp_path: Path) -> None:
    """Each input alone may be missing; without both there is no probability."""
    both = features(lactate={"when_missing": "nan"}, score={"when_missing": "nan"})
    with pytest.raises(ManifestError, match=r"features\.when_missing: .*all optional inputs are missing"):
        load_model(toys.write_folder(tmp_path / "toy", toys.manifest(features=both), toys.filling(1.0)))


@pytest.mark.parametrize(("name", "column", "at"), [("age", 0, 90), ("lactate", 1, 30), ("score", 2, 15.5)])
def test_a_graph_that_fails_at_an_edge_is_refused_with_the_value(
    tmp_path: Path, name: str, column: int, at: float
) -> None:
    """The largest value that the domain or the plausible range lets through is tried."""
    content = toys.manifest(rules=[])
    with pytest.raises(ManifestError, match=rf"features\.{name}: .*narrow the feature's `domain`"):
        load_model(toys.write_folder(tmp_path / "toy", content, toys.failing(column, at)))


def test_a_row_that_a_rule_keeps_away_is_not_tried(tmp_path: Path) -> None:
    """A score above 15 gets no estimate, so the graph may fail there."""
    assert load_model(toys.write_folder(tmp_path / "toy", model=toys.failing(2, 15.5)))


def test_a_graph_that_always_fails_is_told_so(tmp_path: Path) -> None:
    """A plain row without gaps is the first to be tried."""
    with pytest.raises(ManifestError, match="for a row without gaps"):
        load_model(toys.write_folder(tmp_path / "toy", model=toys.failing(0, 0)))


def test_a_graph_that_fails_on_many_rows_is_refused(tmp_path: Path) -> None:
    """A missing input is averaged over many rows at once, which a graph for single rows cannot do."""
    graph = toys.graph()
    graph.graph.node[0].input[0] = "one_row"
    graph.graph.node.insert(0, helper.make_node("Reshape", ["features", "shape"], ["one_row"]))
    graph.graph.initializer.append(numpy_helper.from_array(np.array([1, 3]), "shape"))
    content = toys.manifest(
        features=features(lactate={"required": True}, score={"required": True}), card=TITLE
    )
    folder = toys.write_folder(tmp_path / "toy", content, graph, {"reference.json": None})
    with pytest.raises(ManifestError, match="many rows at once"):
        load_model(folder)


def test_the_bundled_models_pass_and_most_of_their_trials_are_run(tmp_path: Path) -> None:
    """No rule of theirs turns the trials into nothing."""
    for folder in sorted(CATALOG.glob("*/model.yaml")):
        model = load_model(folder.parent)
        found = [model.predict(one.vector, explain=False).applicability.status for one in trials(model)]
        assert found[0] == "inside"
        assert found.count("inside") > 0.7 * len(found)


def test_edges_are_what_both_domain_and_range_let_through(tmp_path: Path) -> None:
    """Domain within range; every level of a coded answer; 0 and 1 where nothing is stated."""
    shutil.copytree(CATALOG / "type2-diabetes-risk", tmp_path / "copy")
    found = load_model(tmp_path / "copy").features
    told = {name: edges(found.spec(name), found.readers[name]) for name in found.inputs}
    assert told["age"] == (18, 110)
    assert told["bmi"] == (15, 67)
    assert told["ever_smoker"] == told["male"] == told["active"] == (0, 1)
