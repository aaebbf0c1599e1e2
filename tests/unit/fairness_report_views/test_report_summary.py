"""The first page can be read by a committee."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_samples import sample

from fairness.report.content.blocks import Banner, Paragraph, Points
from fairness.report.content.summary import shares_of_hundred, summary
from fairness.report.model import Outcome, Report

_SHARE = st.floats(0.0, 1.0)
HIGHEST_GRADE = 9.0


def _sentences(report: Report) -> list[str]:
    texts: list[str] = []
    for block in summary(report).blocks:
        if isinstance(block, Banner):
            texts.append(f"{block.title}. {block.text}")
        elif isinstance(block, Paragraph):
            texts.append(block.text)
        elif isinstance(block, Points):
            texts += list(block.points)
    return [part for text in texts for part in re.split(r"(?<=[.?!])\s+", text) if re.search(r"\w", part)]


def _syllables(word: str) -> int:
    """Groups of vowels, less a silent final e; at least one."""
    found = len(re.findall(r"[aeiouy]+", word.lower()))
    silent = re.search(r"[^aeiouyl]e[sd]?$", word.lower()) and not re.search(r"[td]ed$", word.lower())
    return max(1, found - (1 if silent else 0))


def _grade(report: Report) -> float:
    """Flesch-Kincaid grade: Kincaid JP et al. Research Branch Report 8-75 (1975)."""
    sentences = _sentences(report)
    words = [word for sentence in sentences for word in re.findall(r"[A-Za-z]+|\d[\d,.]*", sentence)]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(_syllables, words)) / len(words) - 15.59


@pytest.mark.parametrize(
    ("word", "syllables"),
    [("model", 2), ("people", 2), ("evidence", 3), ("flagged", 1), ("insufficient", 4), ("tested", 2)],
)
def test_syllables_are_counted_as_they_are_spoken(word: str, syllables: int) -> None:
    """The counter behind the reading grade agrees with a dictionary on words of the summary."""
    assert _syllables(word) == syllables


@pytest.mark.parametrize("outcome", ["pass", "fail", "insufficient evidence", "no claim"])
def test_summary_reads_at_ninth_grade_or_below(outcome: Outcome) -> None:
    """The summary needs no more than nine years of school, whatever the audit came to."""
    report = msgspec.structs.replace(sample(claims=outcome != "no claim"), outcome=outcome)
    assert _grade(report) <= HIGHEST_GRADE


def test_summary_names_groups_that_failed() -> None:
    """A group for which a claim did not hold is named on the first page, as a natural frequency."""
    text = " ".join(_sentences(sample(8000, 3)))
    assert "Race: Black or African American: for each 100 cases that we expected," in text


def test_summary_does_not_call_a_withheld_group_too_small() -> None:
    """A large group that is withheld to protect another is said to be withheld, not to be thin."""
    texts = _sentences(sample())
    masked = texts.index("We may not show these groups.")
    assert any("Sex: Male" in text for text in texts[masked:])


@given(_SHARE, _SHARE, _SHARE)
def test_a_hundred_people_are_a_hundred(prevalence: float, sensitivity: float, specificity: float) -> None:
    """The four kinds of people add up to 100, and none is off by one or more."""
    found = shares_of_hundred(prevalence, sensitivity, specificity)
    exact = (100 * prevalence * sensitivity, 100 * prevalence * (1 - sensitivity),
             100 * (1 - prevalence) * (1 - specificity), 100 * (1 - prevalence) * specificity)  # fmt: skip
    assert sum(found) == 100
    assert all(abs(one - other) <= 1.0 + 1e-9 for one, other in zip(found, exact, strict=True))
