"""CHAI's Applied Model Card: valid against the published schema, which the environment has to bring."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from evidence_records import MODELS, declared, record, sources

from fairness.evidence import chai
from fairness.evidence.record import Record, Sources, build

MC = f"{{{chai.NAMESPACE}}}"


@pytest.fixture(scope="module")
def schema() -> Any:
    """The published schema, unmodified, from outside; its licence (CC BY-ND) forbids changes."""
    xmlschema = pytest.importorskip("xmlschema", reason="the package xmlschema is not installed")
    given = (
        os.environ.get("BEDSIDE_CHAI_SCHEMA") or f"{os.environ.get('BEDSIDE_DATA', '')}/chai/v0.2/schema.xsd"
    )
    if not Path(given).is_file():
        pytest.skip("BEDSIDE_CHAI_SCHEMA must name v0.2/schema.xsd of coalition-for-health-ai/mc-schema")
    dsig = Path(xmlschema.__file__).parent / "schemas" / "DSIG" / "xmldsig-core-schema.xsd"
    return xmlschema.XMLSchema(given, locations={"http://www.w3.org/2000/09/xmldsig#": str(dsig)})


@pytest.mark.parametrize("model", MODELS)
def test_the_card_is_valid(schema: Any, model: str) -> None:
    """Every element in its place."""
    schema.validate(chai.as_xml(record(model)).decode())


def test_a_card_of_a_model_that_declares_nothing_is_valid(schema: Any) -> None:
    """What is not known is said to be open, in the element where it belongs."""
    told = sources()
    told |= {"evaluation": None, "features": told["features"]}
    schema.validate(chai.as_xml(build(Sources(**told))).decode())


def test_the_schema_refuses_a_card_with_a_part_left_out(schema: Any) -> None:
    """The check can fail."""
    root = ET.fromstring(chai.as_xml(record()))
    root.remove(next(iter(root)))
    assert not schema.is_valid(ET.tostring(root).decode())


def text(found: Record, name: str) -> str:
    element = ET.fromstring(chai.as_xml(found)).find(f".//{MC}{name}")
    assert element is not None
    return element.text or ""


def test_what_is_not_stated_is_said_to_be_open() -> None:
    """Nobody reads an empty element as `none`."""
    assert text(record(), "ClinicalRiskLevel") == chai.OPEN
    assert text(declared(clinical_risk="Low, by A. Person"), "ClinicalRiskLevel") == "Low, by A. Person"


def test_the_open_items_are_in_the_card() -> None:
    """The card alone tells what is missing."""
    assert "Whether the model is a medical device has not been decided" in text(record(), "Bibliography")


@pytest.mark.parametrize("model", MODELS)
def test_json_and_xml_say_the_same(model: str) -> None:
    """Leaf by leaf, in the same order."""
    root = ET.fromstring(chai.as_xml(record(model)))
    leaves = [element.text or "" for element in root.iter() if len(element) == 0]
    assert list(_leaves(json.loads(chai.as_json(record(model)))[chai.ROOT])) == leaves


def _leaves(node: Any) -> Any:
    if isinstance(node, dict):
        for value in node.values():
            yield from _leaves(value)
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value)
    else:
        yield node


def test_each_result_is_json() -> None:
    """`ValueJson` holds JSON with the people behind the figure."""
    values = ET.fromstring(chai.as_xml(record())).iter(f"{MC}ValueJson")
    assert all({"value", "n", "events"} <= json.loads(one.text or "").keys() for one in values)


def test_a_text_with_markup_stays_text() -> None:
    """A manifest cannot add an element."""
    told = sources()
    told["manifest"]["title"] = "</ModelName><Evil/>"
    assert text(build(Sources(**told)), "ModelName") == "</ModelName><Evil/>"
