"""`bedside models seal`: an unsealed folder becomes one that the service loads, or is told why not."""

import json
import shutil
from pathlib import Path

import pytest
import toy_models as toys
import yaml
from click.testing import CliRunner, Result

from cds_hooks.cli.main import cli
from models.loader import load_model
from models.registry import CATALOG

CASE = """\
- name: one
  index: "2025-06-10T09:00:00Z"
  patient: {gender: female, birthDate: "1960-01-01"}
  facts:
    - {observation: 2524-7, value: 3, ucum: mmol/L, date: "2025-06-01"}
"""


def seal(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["models", "seal", str(folder), *more])


@pytest.fixture
def unsealed(tmp_path: Path) -> Path:
    """The toy folder as an exporter leaves it: no metadata in the model, no digests in the manifest."""
    folder = toys.write_folder(tmp_path / "toy", toys.manifest(), toys.graph().SerializeToString())
    content = yaml.safe_load((folder / "model.yaml").read_text())
    del content["files"]
    (folder / "model.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return folder


def test_an_unsealed_folder_is_told_the_command(unsealed: Path) -> None:
    """Verification of a manifest without digests names the command that writes them."""
    told = CliRunner().invoke(cli, ["models", "--models", str(unsealed.parent), "verify"])
    assert told.exit_code == 1
    assert "`bedside models seal FOLDER` writes it" in told.output


def test_a_sealed_folder_loads(unsealed: Path) -> None:
    """Sealing alone makes the folder one that the service takes."""
    told = seal(unsealed)
    assert (told.exit_code, told.output) == (
        0,
        "sealed  toy-risk 0.1.0: evaluation.json, model.onnx, reference.json\n",
    )
    assert load_model(unsealed).manifest.id == "toy-risk"


@pytest.mark.parametrize("model", ["type2-diabetes-risk", "immunotherapy-response"])
def test_sealing_a_bundled_model_again_changes_no_byte(tmp_path: Path, model: str) -> None:
    """Neither model, manifest nor golden cases: what training wrote is what sealing writes."""
    shutil.copytree(CATALOG / model, tmp_path / model)
    assert seal(tmp_path / model, "--golden").exit_code == 0
    for path in (CATALOG / model).iterdir():
        if path.is_file():
            assert (tmp_path / model / path.name).read_bytes() == path.read_bytes(), path.name


def test_golden_cases_are_made_from_the_short_form(unsealed: Path) -> None:
    """golden_cases.yaml becomes golden.json, which is sealed too and then holds."""
    (unsealed / "golden_cases.yaml").write_text(CASE)
    told = seal(unsealed, "--golden")
    assert "1 golden cases written" in told.output
    assert "golden.json, model.onnx" in told.output
    found = json.loads((unsealed / "golden.json").read_text())[0]
    assert (found["status"], found["features"]["lactate"]) == ("inside", 3.0)


def test_what_changed_in_the_golden_cases_is_told(unsealed: Path) -> None:
    """Another model under the same cases: each output with its figure then and now."""
    (unsealed / "golden_cases.yaml").write_text(CASE)
    seal(unsealed, "--golden")
    graph = toys.graph()
    graph.graph.node[0].input[1] = "weights"
    graph.graph.initializer[1].CopyFrom(
        toys.numpy_helper.from_array(toys.np.float32([-4.0, -1.5]), "intercepts")
    )
    (unsealed / "model.onnx").write_bytes(graph.SerializeToString())
    told = seal(unsealed, "--golden")
    assert told.exit_code == 0
    assert "changed case `one`: output `death` is" in told.output
    assert "output `icu`" not in told.output


FAULTS = {
    ": features: feature `lactate`: kind: ": ("model.yaml", "kind: observation", "kind: observed"),
    "model.yaml: version: ": ("model.yaml", "version: 0.1.0", "version: 0.1"),
    "model.yaml: outputs: ": ("model.yaml", "name: icu", "name: Intensive Care"),
}


@pytest.mark.parametrize("message", list(FAULTS))
def test_a_manifest_that_cannot_be_used_is_left_as_it_is(unsealed: Path, message: str) -> None:
    """The field is named, and neither file is touched."""
    name, old, new = FAULTS[message]
    text = (unsealed / name).read_text()
    (unsealed / name).write_text(text.replace(old, new, 1))
    before = {path.name: path.read_bytes() for path in unsealed.iterdir()}
    told = seal(unsealed)
    assert told.exit_code == 1
    assert message in told.output
    assert {path.name: path.read_bytes() for path in unsealed.iterdir()} == before


def test_a_folder_without_a_model_is_told_what_to_do(unsealed: Path) -> None:
    """The file that the exporter has to write is named."""
    (unsealed / "model.onnx").unlink()
    told = seal(unsealed)
    assert told.exit_code == 1
    assert "model.onnx: cannot be read (FileNotFoundError); export the model to that file" in told.output


@pytest.mark.parametrize("content", ["", "- 1", "- {name: x}", "- {name: [", "a: 1", CASE.replace("Z", "")])
def test_golden_cases_that_cannot_be_read_are_named(unsealed: Path, content: str) -> None:
    """By file and number of the case, without a traceback."""
    (unsealed / "golden_cases.yaml").write_text(content)
    told = seal(unsealed, "--golden")
    assert (told.exit_code, type(told.exception)) == (1, SystemExit)
    assert "golden_cases.yaml: " in told.output


def test_golden_cases_that_are_not_there_are_asked_for(unsealed: Path) -> None:
    """`--golden` without a case is no silent success."""
    told = seal(unsealed, "--golden")
    assert told.exit_code == 1
    assert "describe at least one patient in it" in told.output
