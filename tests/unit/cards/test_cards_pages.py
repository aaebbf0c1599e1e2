"""The model's page, as JSON and as HTML."""

import json
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from card_examples import Example, example

from cds_hooks.pages import model_document, model_page, models_document, models_page

NAMES = ("type2-diabetes-risk", "immunotherapy-response")
VOID = {"meta", "br", "link", "img", "input", "hr"}


class _Page(HTMLParser):
    """Elements with their attributes; remembers what was closed out of order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.disorder: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.disorder.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest) -> Example:
    """Each model of the catalogue."""
    return example(request.param)


@pytest.fixture(scope="module")
def document(model: Example) -> dict[str, Any]:
    """Its JSON document."""
    return model_document(model)


@pytest.fixture(scope="module")
def page(model: Example) -> _Page:
    """Its HTML page."""
    return _Page(model_page(model))


def test_the_document_names_every_feature_with_its_codes(model: Example, document: dict[str, Any]) -> None:
    """A third party can build input from it alone: codes, or the elements and inputs a feature is made of."""
    features = {one["name"]: one for one in document["features"]}
    assert list(features) == [spec.name for spec in model.features.specs]
    for one in features.values():
        assert {"label", "kind", "window", "input", "required"} <= set(one)
        assert any(key in one for key in ("codes", "categories", "element", "inputs"))


def test_measured_features_have_units_and_ranges(document: dict[str, Any]) -> None:
    """Every quantity tells the canonical unit, the accepted ones and what is plausible."""
    measured = [one for one in document["features"] if one["kind"] == "observation" and "answers" not in one]
    assert measured
    for one in measured:
        assert one["unit"]
        assert one["acceptedUnits"]
        assert len(one["range"]) == 2


def test_the_document_holds_the_whole_evaluation(model: Example, document: dict[str, Any]) -> None:
    """No cell of any group is left out."""
    assert len(document["evaluation"]["results"]) == len(model.evaluation["results"])


def test_the_document_is_strict_json_with_digests(model: Example, document: dict[str, Any]) -> None:
    """The digests identify model, feature definitions and files."""
    json.dumps(document, allow_nan=False)
    assert document["digests"]["featureSpec"] == model.features.sha256
    assert document["digests"]["files"] == model.manifest.files


def test_the_list_names_each_model() -> None:
    """One entry a model, and an empty list when there is none."""
    models = [example(name) for name in NAMES]
    assert [one["id"] for one in models_document(models)["models"]] == list(NAMES)
    assert models_document([]) == {"models": []}


def test_the_list_page_links_to_each_model() -> None:
    """Every model can be reached from the list."""
    page = _Page(models_page([example(name) for name in NAMES]))
    assert {f"models/{name}" for name in NAMES} <= {link.get("href") for link in page.all("a")}


def test_the_page_is_well_formed(page: _Page) -> None:
    """Every element is closed in order."""
    assert (page.disorder, page.open) == ([], [])


def test_the_page_can_be_navigated_without_eyes(page: _Page) -> None:
    """Language, one main heading, no skipped heading level, a skip link, and a target for every link."""
    assert page.all("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    links = [str(link["href"]) for link in page.all("a")]
    assert links[0] == "#content"
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_tables_have_captions_and_scopes(page: _Page) -> None:
    """A screen reader can tell what a cell is about."""
    assert page.all("table")
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(heading.get("scope") in ("col", "row") for heading in page.all("th"))


def test_the_page_fetches_nothing(page: _Page) -> None:
    """No script, image, style sheet or font comes from anywhere."""
    assert not page.all("script", "img", "link", "iframe", "object")
    assert not [one for _, one in page.elements if "src" in one or "style" in one]


def test_thin_evidence_is_said_in_words(page: _Page) -> None:
    """A figure from too few people is marked by words, not by colour."""
    assert "too few to count as evidence" in page.text


def test_the_page_says_what_the_model_is_not_for(model: Example, page: _Page) -> None:
    """Every exclusion, limit and risk of the manifest can be read."""
    use = model.manifest.intended_use
    text = " ".join(page.text.split())
    for sentence in (*use.not_for, *use.limits, *use.risks):
        assert " ".join(sentence.split()) in text


def test_markup_in_a_manifest_stays_text(model: Example) -> None:
    """A third party's manifest cannot add an element."""
    hostile = msgspec.structs.replace(
        model.manifest, title="<script>x</script>", citations=('"><img src=x>',)
    )
    page = _Page(model_page(Example(hostile, model.features, model.evaluation)))
    assert not page.all("script", "img")
    assert "<script>x</script>" in page.text


def test_a_model_without_evaluation_says_so(model: Example) -> None:
    """The absence of evidence is visible."""
    bare = Example(model.manifest, model.features, None)
    assert "No evaluation comes with this model." in model_page(bare)
    assert "evaluation" not in model_document(bare)
