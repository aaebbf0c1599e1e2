"""Every view is made from the record alone: each figure is in it, and the open items are shown."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import re
from pathlib import Path

import pytest
from evidence_records import DIABETES, MODELS, RESPONSE, audit, declared, record, sources

import fairness.evidence
from fairness.evidence import chai, inventory
from fairness.evidence.record import Record, Sources, build
from fairness.evidence.views import VIEWS

NUMBER = re.compile(r"\d+(?:\.\d+)?")
FIXED = Path(fairness.evidence.__file__).parent
# What a view counts itself: how many of its own items are open.
COUNTED = re.compile(r"(?:open|Open)[^()\n]*\((\d+)(?: of (\d+))?\)")


def words_of(name: str, content: bytes) -> str:
    """The text that a reader sees; style sheets and attachments are left out, attachments read apart."""
    text = content.decode().replace(chai.NAMESPACE, "")
    if name.endswith(".html"):
        text = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
        return html.unescape(re.sub(r"<[^>]+>", " ", text))
    if name == "ai-transparency.json":
        return fhir_words(json.loads(text))
    return text


def fhir_words(bundle: dict[str, object]) -> str:
    card = bundle["entry"][1]["resource"]  # type: ignore[index]
    words = ""
    for part in card["content"]:
        words += base64.b64decode(part["attachment"].pop("data")).decode()
        for computed in ("size", "hash"):
            part["attachment"].pop(computed)
    words = words.replace(chai.NAMESPACE, "")
    return words + re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", json.dumps(bundle))


def fixed_numbers() -> set[str]:
    """Numbers of the frameworks' own texts and of the templates: items, sections of law, versions."""
    files = [*FIXED.glob("data/*.yaml"), *FIXED.glob("templates/*.html")]
    return {number for file in files for number in NUMBER.findall(file.read_text(encoding="utf-8"))}


def known_numbers(found: Record) -> set[str]:
    text = found.encode().decode()
    texts = {
        *NUMBER.findall(text),
        *NUMBER.findall(found.sha256),
        *NUMBER.findall(json.dumps(json.loads(text))),
    }
    return texts | fixed_numbers()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", VIEWS)
def test_each_figure_of_a_view_is_in_the_record(model: str, name: str) -> None:
    """No view computes, rounds or invents a number."""
    found = record(model)
    text = words_of(name, VIEWS[name].make(found))
    counted = {number for pair in COUNTED.findall(text) for number in pair}
    assert set(NUMBER.findall(text)) - known_numbers(found) - counted == set()


@pytest.mark.parametrize("name", VIEWS)
def test_each_figure_of_an_audit_in_a_view_is_in_the_record(name: str) -> None:
    """Also with a report attached."""
    found = record(audits=[audit()])
    text = words_of(name, VIEWS[name].make(found))
    counted = {number for pair in COUNTED.findall(text) for number in pair}
    assert set(NUMBER.findall(text)) - known_numbers(found) - counted == set()


@pytest.mark.parametrize("model", MODELS)
def test_the_check_finds_an_invented_figure(model: str) -> None:
    """A figure that was changed on its way into a view would be seen."""
    assert not {"0.7823", "4380", "31.4159"} & known_numbers(record(model))


@pytest.mark.parametrize("name", VIEWS)
def test_each_view_shows_the_open_items(name: str) -> None:
    """Whoever reads one view alone still learns what is not known."""
    found = record(RESPONSE)
    text = words_of(name, VIEWS[name].make(found)).replace("\\", "")
    assert [one["what"] for one in found.open_items if one["what"] not in text] == []


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_the_same_each_time(name: str) -> None:
    """Two renderings are equal byte by byte."""
    assert VIEWS[name].make(record()) == VIEWS[name].make(build(Sources(**sources())))


@pytest.mark.parametrize("name", [name for name in VIEWS if name.endswith(".html")])
def test_a_page_escapes_what_a_manifest_says(name: str) -> None:
    """A manifest cannot put live HTML on a page."""
    told = sources()
    told["manifest"]["title"] = "<script>alert(1)</script>"
    told["manifest"]["intended_use"]["purpose"] = "<img src=x onerror=alert(1)>"
    page = VIEWS[name].make(build(Sources(**told)))
    assert b"<script" not in page
    assert b"<img" not in page


@pytest.mark.parametrize("name", [name for name in VIEWS if name.endswith(".html")])
def test_a_page_is_self_contained(name: str) -> None:
    """A page loads nothing: no link, script, image or address."""
    page = VIEWS[name].make(record()).decode()
    assert re.search(r"<(?:link|script|img|iframe)\b|\bsrc=|url\(", page) is None


def test_markdown_escapes_what_a_manifest_says() -> None:
    """A manifest's text is no markup in Markdown."""
    told = sources()
    told["manifest"]["intended_use"]["purpose"] = "[click](http://x) <b>"
    page = VIEWS["model-card.md"].make(build(Sources(**told))).decode()
    assert "[click]" not in page.replace("\\[click\\]", "")
    assert "<b>" not in page.replace("\\<b\\>", "")


def test_the_inventory_derives_the_bases_from_the_inputs() -> None:
    """Both models by age, one by sex; none by race."""
    rows = {row["model"]: row for row in inventory.inventory([record(name) for name in MODELS])}
    assert rows[DIABETES]["uses"] == ["sex", "age"]
    assert rows[RESPONSE]["uses"] == ["age"]
    assert rows[DIABETES]["owner"] is None


def test_the_inventory_says_the_same_as_csv_and_json() -> None:
    """Cell by cell."""
    records = [record(name) for name in MODELS]
    told = json.loads(inventory.as_json(records))["tools"]
    rows = list(csv.DictReader(io.StringIO(inventory.as_csv(records).decode(), newline="")))
    for row, one in zip(rows, told, strict=True):
        wanted = {
            k: "; ".join(v) if isinstance(v, list) else "" if v is None else str(v) for k, v in one.items()
        }
        assert row == wanted


def test_no_cell_of_the_inventory_is_a_formula() -> None:
    """A spreadsheet runs nothing that a manifest says."""
    text = inventory.as_csv([declared(discrimination={"owner": "=1+1", "mitigation": []})]).decode()
    assert ",'=1+1," in text
