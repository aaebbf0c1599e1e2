"""The PDF shows what the page shows, and has the same bytes whenever it is made."""

import re
from pathlib import Path

import msgspec
import pytest
from pypdf import PdfReader
from view_samples import sample

from fairness.report import pdf
from fairness.report.content.closing import digest
from fairness.report.model import Report
from fairness.report.words import number


@pytest.fixture(scope="module")
def report() -> Report:
    return sample(1500, 5)


@pytest.fixture(scope="module")
def short(report: Report) -> Report:
    """The same with a few groups, for what does not depend on how many there are."""
    return msgspec.structs.replace(report, gaps=(), groups=report.groups[:4], curves=report.curves[:2])


def _text(path: Path) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(path).pages))


@pytest.fixture(scope="module")
def text(report: Report, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    pdf.write(report, path, earlier=[sample(1500, 6)], made_with={"Seed": "1729"})
    return _text(path)


def test_pdf_is_the_same_when_made_again(short: Report, tmp_path: Path) -> None:
    """Writing a report twice gives the same bytes, since no clock is read."""
    for name in ("a.pdf", "b.pdf"):
        pdf.write(short, tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_pdf_shows_every_figure_with_its_limits(report: Report, text: str) -> None:
    """The value and interval of each figure of the JSON stand together in the text."""
    for group in report.groups:
        for row in group.metrics:
            if row.value is not None and row.low is not None and row.high is not None:
                value, low, high = (number(one, row.name) for one in (row.value, row.low, row.high))
                assert f"{value} {low} to {high}" in text


def test_pdf_shows_the_verdicts_in_words(report: Report, text: str) -> None:
    """Each outcome of a claim is written out."""
    words = {"pass": "Pass", "fail": "Fail", "insufficient evidence": "Insufficient evidence"}
    assert all(words[row.outcome] in text for row in report.verdicts if row.outcome in words)


def test_pdf_has_the_data_of_folded_tables(text: str) -> None:
    """What the page folds away is an appendix."""
    assert "Appendix: data behind the charts" in text
    assert "Points of the calibration curves" in text


def test_pdf_says_what_it_was_made_with(report: Report, text: str) -> None:
    """Seeds and digests that the caller gives are in it, and the digest of the figures."""
    assert "1729" in text
    assert digest(report)[:16] in text


def test_pdf_carries_no_date_of_its_own(short: Report, tmp_path: Path) -> None:
    """Its dates are the fixed ones of a file that reads no clock."""
    pdf.write(short, tmp_path / "a.pdf")
    found = PdfReader(tmp_path / "a.pdf").metadata
    assert found is not None
    assert found.creation_date is not None
    assert found.creation_date.year == 2000


def test_pdf_has_a_language_and_bookmarks(short: Report, tmp_path: Path) -> None:
    """A reader can jump to a section, and a voice knows the language."""
    pdf.write(short, tmp_path / "a.pdf")
    reader = PdfReader(tmp_path / "a.pdf")
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert "Summary in plain words" in [mark.title for mark in reader.outline]


@pytest.mark.parametrize("title", ["Ünïcode <b>&", "漢字", "x" * 3000, "\x00\x1b[2J", "a" + " word" * 500])
def test_any_title_can_be_printed(short: Report, tmp_path: Path, title: str) -> None:
    """Markup, foreign scripts, control characters and endless titles all give a readable file."""
    changed = msgspec.structs.replace(short, title=title, curves=(), groups=short.groups[:1])
    pdf.write(changed, tmp_path / "a.pdf")
    assert "Summary in plain words" in _text(tmp_path / "a.pdf")
