"""What a manifest may say, and what it is told when it says something else."""

from typing import Any

import pytest
import toy_models as toys
import yaml

from models.errors import ManifestError
from models.manifest import Manifest
from models.manifest_checks import placeholders

FILES = {"model.onnx": "0" * 64}
FAIRNESS = {"dataset": "cohort", "output": "death"}


def parse(**changes: Any) -> Manifest:
    """The toy manifest with changes."""
    return Manifest.parse(yaml.safe_dump({"files": FILES, **toys.manifest(**changes)}), "folder/model.yaml")


def card(**changes: Any) -> dict[str, Any]:
    """A card block with changes."""
    return {"headline": "About {death.of100} in 100", **changes}


def rule(**changes: Any) -> list[dict[str, Any]]:
    """One rule with changes."""
    return [
        {
            "when": {"feature": "age", "below": 18},
            "outcome": "silent",
            "reason": "young",
            "text": "x",
            **changes,
        }
    ]


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("idd", {"idd": 1}),
    ("card.indicator", {"card": card(indicator="critical")}),
    ("card.headline", {"card": card(headline="{death.percent}")}),
    ("card.headline", {"card": card(headline="{stroke.of100}")}),
    ("card.headline", {"card": card(headline="{death.of100")}),
    ("card.lead", {"card": card(lead="{}")}),
    ("card.outside_headline", {"card": card(outside_headline="{death.of100}")}),
    ("card.thresholds", {"card": card(thresholds={"stroke": {"at": 0.1, "why": "x"}})}),
    ("card.thresholds.death.at", {"card": card(thresholds={"death": {"at": 1.0, "why": "x"}})}),
    ("card.speak_when", {"card": card(speak_when=["death"])}),
    ("card.suggestions[0].resource", {"card": card(suggestions=[{"label": "x", "resource": {}}])}),
    ("rules[0].when.feature", {"rules": rule(when={"feature": "weight", "below": 1})}),
    ("rules[0].when", {"rules": rule(when={"feature": "age"})}),
    ("rules[0].when", {"rules": rule(when={"feature": "age", "below": 1, "present": True})}),
    ("rules[0].reason", {"rules": rule(reason="Too Young")}),
    ("rules[0].card", {"rules": rule(card=True)}),
    ("explanation.anchors", {"explanation": {"anchors": ["weight"]}}),
    ("fairness.output", {"fairness": {**FAIRNESS, "output": "stroke"}}),
    ("exactly one of at_least", {"fairness": {**FAIRNESS, "claims": [{"metric": "auroc"}]}}),
    ("files", {"files": {"evaluation.json": "0" * 64}}),
    ("files", {"files": {**FILES, "../secret": "0" * 64}}),
    ("files.model.onnx", {"files": {"model.onnx": "abc"}}),
    ("outputs", {"outputs": []}),
    ("outputs", {"outputs": [toys.MANIFEST["outputs"][0]] * 2}),
    ("id", {"id": "Toy Risk"}),
    ("hooks", {"hooks": []}),
    ("hooks[0]", {"hooks": ["chart-open"]}),
    ("top level", {"developer": None}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "changes"), FAULTS)
def test_a_fault_is_told_with_file_and_field(field: str, changes: dict[str, Any]) -> None:
    """Each fault is refused, and the error names the file and the field."""
    with pytest.raises(ManifestError) as caught:
        parse(**changes)
    assert caught.value.file == "folder/model.yaml"
    assert field in f"{caught.value.field} {caught.value.remedy}"


def test_text_that_is_not_yaml_is_refused_with_its_line() -> None:
    """A syntax error is told by its line, without the text."""
    with pytest.raises(ManifestError, match="line 2"):
        Manifest.parse("id: toy\n\tversion: 1", "model.yaml")


def test_the_service_defaults_to_the_id() -> None:
    """A model speaks for a service of its own unless the manifest names one."""
    assert (parse().service_id, parse(service="risks").service_id) == ("toy-risk", "risks")


def test_placeholders_are_read() -> None:
    """A text gives its outputs and figures in order."""
    text = "{death.of100} ({icu.low100} to {icu.high100})"
    assert placeholders(text) == (("death", "of100"), ("icu", "low100"), ("icu", "high100"))
