"""The plain-language page: grade, natural frequencies, and no verdict without figures."""

from __future__ import annotations

import html
import re

import pytest
from evidence_records import DIABETES, MODELS, RESPONSE, declared, record, sources

from fairness.evidence.plain import MOST_GRADE
from fairness.evidence.readability import reading_grade, syllables
from fairness.evidence.record import Sources, build
from fairness.evidence.views import VIEWS


def sentences(model: str) -> list[str]:
    """The list entries of the page as a reader sees them, open items too."""
    page = VIEWS["summary.html"].make(record(model)).decode()
    return [html.unescape(text) for text in re.findall(r"<li>(.*?)</li>", page)]


@pytest.mark.parametrize("model", MODELS)
def test_the_page_reads_at_school_grade_eight(model: str) -> None:
    """All of it, the open items included."""
    assert reading_grade(sentences(model)) <= MOST_GRADE


@pytest.mark.parametrize("model", MODELS)
def test_the_page_fits_on_one_page(model: str) -> None:
    """About five hundred words at most."""
    assert len(" ".join(sentences(model)).split()) <= 500


def test_the_grade_of_a_known_sentence() -> None:
    """Six words of one syllable: 0.39 * 6 + 11.8 * 1 - 15.59."""
    assert reading_grade(["The cat sat on the mat."]) == pytest.approx(-1.45)


def test_the_grade_of_a_hard_sentence() -> None:
    """A much quoted example has 13 words and 24 syllables; one syllable may be miscounted."""
    text = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."
    assert reading_grade([text]) == pytest.approx(0.39 * 13 + 11.8 * 24 / 13 - 15.59, abs=1.0)


def test_nothing_to_read_has_no_grade() -> None:
    """No division by zero."""
    assert reading_grade(["", "..."]) == 0.0


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("cat", 1), ("people", 2), ("tested", 2), ("cancer", 2), ("disease", 2), ("pressure", 2),
        ("finds", 1), ("pairs", 1), ("checked", 1), ("makes", 1),
        ("diabetes", 4), ("idea", 3), ("patient", 2), ("table", 2),
        ("numbers", 2), ("rhythm", 1), ("the", 1), ("insurance", 3), ("medication", 4),
    ],
)  # fmt: skip
def test_syllables_of_common_words(word: str, count: int) -> None:
    """As a dictionary parts them."""
    assert syllables(word) == count


def test_figures_are_natural_frequencies_of_the_evaluation() -> None:
    """70 of 100 is the sensitivity of the evaluation, 31 of 100 its selection rate."""
    overall = next(
        one for one in record(DIABETES).document["evaluation"]["results"] if one["output"] == "diabetes"
    )
    rates = {one["name"]: one["value"] for one in overall["metrics"] if one["threshold"] == 0.04}
    text = " ".join(record(DIABETES).document["plain"]["parts"]["how_well"])
    assert f"points to about {round(100 * rates['sensitivity'])} and misses" in text
    assert f"points to about {round(100 * rates['selection_rate'])}." in text


def test_a_model_without_evaluation_says_that_nobody_knows() -> None:
    """No figure, and no silence about it."""
    page = VIEWS["summary.html"].make(record(RESPONSE, evaluation=None)).decode()
    assert "No one has tested yet how well it works." in page


def test_a_hard_text_is_an_open_item() -> None:
    """A plain summary that is not plain is told."""
    hard = (
        "Multidimensional hyperparameter optimisation necessitates considerable computational sophistication."
    )
    parts = {name: [hard] for name in ("what", "who", "not_for", "learnt_from", "care")}
    assert "plain/grade" in {one["at"] for one in declared(plain=parts).open_items}


def test_a_page_without_plain_text_still_shows_figures_and_gaps() -> None:
    """Nobody declared a summary; the page says what it can."""
    told = sources(DIABETES)
    told["manifest"]["regulatory"]["plain"] = None
    page = VIEWS["summary.html"].make(build(Sources(**told))).decode()
    assert "There is no summary in plain language" in page
    assert "It was tested on" in page
