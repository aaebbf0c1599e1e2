"""Errors of a model.yaml lead to the line; systems, units and statuses that do not exist are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import CATALOG, MODELS, Resource, catalog_features, feature, features

from fhir_mapping.errors import SpecError
from fhir_mapping.features import FeatureSet
from fhir_mapping.spec import LATER
from fhir_mapping.yamlfile import line_of
from models.errors import ManifestError
from models.loader import load_model

HEAD = "id: toy\n\nfeatures:\n  - name: age\n    label: Age\n    kind: age\n  - name: gout\n    label: Gout\n"
GOUT = "    kind: condition\n    codes: [{system: http://snomed.info/sct, code: '90560007'}]\n"
MASS = "    kind: observation\n    codes: [{system: http://loinc.org, code: 1-8}]\n"
# What follows the head (8 lines), the line of the mistake, and what is said of it.
MISTAKES: list[tuple[str, int, str]] = [
    (GOUT + "    window: 6w\n", 11, "feature `gout`: window: must be"),
    (GOUT + "    windw: 6m\n", 11, "windw: is no field of this kind"),
    (GOUT + "    clinical:\n      - active\n      - done\n", 13, "clinical[1]: `done`"),
    ("    kind: vibe\n", 9, "kind"),
    ("    kind: condition\n    valueset: humours\n", 10, "valueset: value set `humours`"),
    ("    kind: condition\n", 7, "needs `valueset` or `codes`"),
    (
        "    kind: condition\n    codes:\n      - {system: http://snomed.org/sct,\n         code: '1'}\n",
        11,
        "mean",
    ),
    ("    kind: condition\n    codes:\n      - system: urn:oid:1\n        cod: '1'\n", 12, "codes[0].cod"),
    ("    kind: observation\n    analyte: phlogiston\n", 10, "analyte: analyte `phlogiston`"),
    (MASS + "    unit: mg/dl/min/x\n", 11, "UCUM"),
    (MASS + "    unit: g\n    units:\n      kg: 1000\n      lbs: 453\n", 14, "`lbs` is no UCUM unit"),
    ("    kind: any_of\n    inputs: [ghost]\n", 10, "inputs are not features"),
    ("    kind: age\n  - name: gout\n    label: Twice\n    kind: age\n", 10, "defined twice"),
]


@pytest.mark.parametrize(("tail", "line", "words"), MISTAKES, ids=[words for _, _, words in MISTAKES])
def test_error_names_file_and_line(tmp_path: Path, tail: str, line: int, words: str) -> None:
    """A mistake in a model.yaml is reported with file, line, feature and field."""
    path = tmp_path / "model.yaml"
    path.write_text(HEAD + tail, encoding="utf-8")
    with pytest.raises(SpecError) as refused:
        FeatureSet.load(path)
    assert str(refused.value).startswith(f"model.yaml:{line}: ")
    assert words in str(refused.value)


def test_service_tells_the_line_too(tmp_path: Path) -> None:
    """A model that is loaded to be served is refused with the same line."""
    text = (CATALOG / MODELS[0] / "model.yaml").read_text(encoding="utf-8")
    line = text[: text.index("kind: age")].count("\n") + 1
    (tmp_path / "model.yaml").write_text(text.replace("kind: age", "kind: aeg", 1), encoding="utf-8")
    with pytest.raises(ManifestError, match=rf"model\.yaml:{line}: features: feature `age`: kind"):
        load_model(tmp_path)


WRONG: list[tuple[str, Resource, str]] = [
    ("status of another type", {"kind": "procedure", "statuses": ["finished"]}, "none of FHIR's"),
    ("not done", {"kind": "procedure", "statuses": ["not-done"]}, "never counts"),
    ("not taken", {"kind": "medication", "statuses": ["not-taken"]}, "never counts"),
    ("entered in error", {"kind": "encounter", "statuses": ["entered-in-error"]}, "never counts"),
    ("refuted", {"kind": "condition", "verification": ["refuted"]}, "never counts"),
    ("clinical status", {"kind": "allergy", "clinical": ["remission"]}, "none of FHIR's"),
    ("criticality", {"kind": "allergy", "criticality": ["severe"]}, "none of FHIR's"),
    ("class", {"kind": "encounter", "classes": ["ER"]}, "none of FHIR's"),
    ("degree", {"kind": "family_history", "degree": "third"}, "degree"),
    ("onset", {"kind": "family_history", "onset_before": 0}, "onset_before"),
    ("active and clinical", {"kind": "condition", "active": True, "clinical": ["active"]}, "leave this out"),
    ("active and statuses", {"kind": "medication", "active": True, "statuses": ["active"]}, "leave this out"),
    ("time since an allergy", {"kind": "allergy", "value": "days_since"}, "value"),
    (
        "answer in an unknown system",
        {"answers": [{"system": "urn:x", "code": "1", "value": 1}]},
        "answers[0].system",
    ),
]


@pytest.mark.parametrize(("fields", "words"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_field_that_makes_no_sense_is_refused(fields: Resource, words: str) -> None:
    """Statuses that FHIR does not know or that never count, and fields that exclude each other."""
    codes = (
        {} if "answers" in fields else {"codes": [{"system": "http://snomed.info/sct", "code": "90560007"}]}
    )
    with pytest.raises(SpecError) as refused:
        features(feature(**codes, **fields))
    assert words in str(refused.value)


def test_counted_categories_are_refused() -> None:
    """A level of the newest entry is neither counted nor timed."""
    level = {"value": 1, "label": "x", "codes": [{"system": "http://snomed.info/sct", "code": "90560007"}]}
    with pytest.raises(SpecError, match="value: `categories`"):
        features(feature(kind="condition", categories=[level], value="count"))


def test_oid_of_a_code_system_is_accepted() -> None:
    """A code system that has no URL is named by its OID."""
    codes = [{"system": "urn:oid:2.16.840.1.113883.6.42", "code": "250.00"}]
    assert features(feature(kind="condition", codes=codes)).inputs == ("f",)


@pytest.mark.parametrize("kind", ["condition", "medication"])
def test_new_fields_at_their_defaults_keep_the_digest(kind: str) -> None:
    """A field that the first models did not have changes a digest only when it is used."""
    spec = feature(kind=kind, codes=[{"system": "http://snomed.info/sct", "code": "90560007"}])
    plain = features(spec).sha256
    assert features(spec | {"active": False}).sha256 == plain
    assert features(spec | {"active": True}).sha256 != plain


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("allergy", {"criticality": ["high"]}),
        ("allergy", {"clinical": ["active", "resolved"]}),
        ("family_history", {"degree": "first"}),
        ("family_history", {"onset_before": 50}),
        ("encounter", {"classes": ["EMER"]}),
        ("procedure", {"value": "days_since"}),
        ("condition", {"verification": ["confirmed"]}),
    ],
)
def test_digest_changes_with_a_field_that_is_used(kind: str, change: Resource) -> None:
    """Another meaning is another digest."""
    spec = feature(kind=kind, codes=[{"system": "http://snomed.info/sct", "code": "90560007"}])
    assert features(spec).sha256 != features(spec | change).sha256


def test_digests_of_the_catalog_hold() -> None:
    """The features of the shipped models mean what they meant when the models were sealed."""
    assert [load_model(CATALOG / name).features.sha256 for name in MODELS] == [
        catalog_features(name).sha256 for name in MODELS
    ]
    assert {"active", "verification"} <= LATER.keys()


DOCUMENTS = st.recursive(
    st.integers() | st.booleans() | st.text(st.characters(codec="ascii"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(DOCUMENTS, st.lists(st.integers(-2, 3) | st.sampled_from(["a", "b", "ab", "?"]), max_size=4))
def test_line_of_any_path_is_within_the_document(document: Any, path: list[str | int]) -> None:
    """Whatever the document and the path, the answer is one of its lines."""
    text = yaml.safe_dump(document)
    line = line_of(text, path)
    assert line is not None
    assert 1 <= line <= text.count("\n")


@pytest.mark.parametrize("text", ["", "a: [", "\t"])
def test_no_yaml_has_no_line(text: str) -> None:
    """Text that is empty or no YAML has no line to name."""
    assert line_of(text, ("a",)) is None
