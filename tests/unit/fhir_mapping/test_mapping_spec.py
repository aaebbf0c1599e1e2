"""The feature language: errors that lead to the place, and a digest of what a model sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mapping_samples import LOINC, SNOMED, Resource, feature, features

from fhir_mapping.errors import SpecError
from fhir_mapping.features import FeatureSet

WRONG: list[tuple[str, Resource, str]] = [
    ("unknown kind", {"kind": "vibe"}, "kind"),
    ("unknown field", {"untis": {}}, "untis"),
    ("unknown analyte", {"analyte": "phlogiston"}, "phlogiston"),
    ("unknown value set", {"kind": "condition", "valueset": "humours"}, "humours"),
    ("window in weeks", {"window": "6w"}, "window: must be"),
    ("negative window", {"window": "-5d"}, "window: must be"),
    ("unknown aggregate", {"value": "median"}, "value"),
    ("unit of another analyte", {"unit": "mg/dL"}, "unit mg/dL differs"),
    ("no codes", {"kind": "procedure"}, "`valueset` or `codes`"),
    ("no unit", {"codes": [{"system": LOINC, "code": "1-8"}]}, "needs `unit`"),
    ("range of one number", {"range": [1]}, "range"),
    ("range upside down", {"range": [400, 20]}, "range: must be"),
    ("domain upside down", {"domain": [400, 20]}, "domain: must be"),
    ("input that is no feature", {"kind": "any_of", "inputs": ["ghost"]}, "inputs are not features"),
    ("formula that is unknown", {"kind": "derived", "formula": "product", "inputs": ["a", "b"]}, "formula"),
    ("label that is missing", {"label": 5}, "label"),
]


@pytest.mark.parametrize(("fields", "element"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_error_names_file_feature_and_field(fields: Resource, element: str) -> None:
    """An error in a spec says in which file, at which feature and at which field it is."""
    with pytest.raises(SpecError) as refused:
        features(feature(name="weight_f", **fields))
    text = str(refused.value)
    assert text.startswith("model.yaml: ")
    assert "`weight_f`" in text
    assert element in text


def test_name_twice_is_refused() -> None:
    """Two features of one name are an error that gives the name."""
    with pytest.raises(SpecError, match=r"model\.yaml: feature `f` is defined twice"):
        features(feature(), feature(kind="age"))


def test_circular_features_are_refused() -> None:
    """Features that need each other are an error that names all of them."""
    ring = [feature(name=a, kind="any_of", inputs=[b]) for a, b in ("ab", "bc", "ca")]
    with pytest.raises(SpecError, match=r"model\.yaml: `a`, `b`, `c`: .*need each other"):
        features(*ring)


def test_name_must_be_snake_case() -> None:
    """A name with capitals or spaces is refused, for it becomes a key in tables and records."""
    with pytest.raises(SpecError, match="snake_case"):
        features(feature(name="Body Weight"))


def test_code_in_two_levels_is_refused() -> None:
    """A nominal feature whose levels share a code is ambiguous by construction and refused."""
    shared = [{"system": SNOMED, "code": "254637007"}]
    levels = [{"value": 1, "label": "one", "codes": shared}, {"value": 2, "label": "two", "codes": shared}]
    with pytest.raises(SpecError, match="code 254637007 is in `one` and `two`"):
        features({"name": "f", "label": "F", "kind": "condition", "categories": levels})


@pytest.mark.parametrize(
    "document", ["", "features: {}", "features: []", "[]", "features: [5]", "a: [", "id: x"]
)
def test_file_without_features_is_refused(tmp_path: Path, document: str) -> None:
    """A model file whose features are absent or no list is refused with the name of the file."""
    path = tmp_path / "model.yaml"
    path.write_text(document, encoding="utf-8")
    with pytest.raises(SpecError, match=r"model\.yaml"):
        FeatureSet.load(path)


def test_file_that_is_absent_is_refused(tmp_path: Path) -> None:
    """A model file that is not there is a SpecError with its name."""
    with pytest.raises(SpecError, match=r"model\.yaml: cannot be read"):
        FeatureSet.load(tmp_path / "model.yaml")


EXPLICIT: dict[str, Any] = {"codes": [{"system": LOINC, "code": "1-8"}], "unit": "kg", "units": {"g": 0.001}}


@pytest.mark.parametrize(
    "change",
    [
        {"codes": [{"system": LOINC, "code": "2-6"}]},
        {"codes": [{"system": SNOMED, "code": "22298006"}]},
        {"unit": "kg", "units": {"g": 0.001, "mg": 0.000001}},
        {"unit": "t", "units": {}},
        {"units": {}},
        {"window": "30d"},
        {"range": [1, 2]},
        {"domain": [1, 2]},
        {"value": "mean"},
        {"statuses": ["final"]},
        {"at_least": 3},
        {"when_missing": "nan"},
        {"input": False},
        {"name": "other"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_digest_changes_with_what_the_model_sees(change: Resource) -> None:
    """Another code, unit, factor, window, range, aggregate or status gives another digest."""
    assert features(feature(**EXPLICIT)).sha256 != features(feature(**EXPLICIT | change)).sha256


@pytest.mark.parametrize(
    "change",
    [
        {"label": "Other words"},
        {"note": "A remark"},
        {"codes": [{"system": LOINC, "code": "1-8", "display": "Shown"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_digest_does_not_change_with_words(change: Resource) -> None:
    """Label, note and display are for people, and leave the digest alone."""
    assert features(feature(**EXPLICIT)).sha256 == features(feature(**EXPLICIT | change)).sha256


def test_digest_depends_on_the_order_of_features() -> None:
    """Columns in another order are another input, so the digest differs."""
    one, two = feature(), feature(name="g", kind="age")
    assert features(one, two).sha256 != features(two, one).sha256


def test_inputs_keep_the_order_of_the_spec() -> None:
    """Columns are the input features in spec order, also when computed ones stand first."""
    specs = [
        feature(name="b", kind="any_of", inputs=["a"]),
        feature(name="a", input=False),
        feature(name="c", kind="age"),
    ]
    assert features(*specs).inputs == ("b", "c")
