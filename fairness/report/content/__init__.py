"""What a fairness report says and in which order, for every writer alike."""

from collections.abc import Iterator, Mapping, Sequence

from fairness.report.content.blocks import Block, Document, Section
from fairness.report.content.closing import limits, method, reproducibility
from fairness.report.content.curves import calibration_blocks, decision_blocks, risk_blocks
from fairness.report.content.figures import figure_blocks, intersections, sections_keys, threshold_section
from fairness.report.content.gaps import gaps
from fairness.report.content.over_time import trend
from fairness.report.content.sample_size import needed
from fairness.report.content.summary import summary
from fairness.report.content.verdicts import verdicts
from fairness.report.model import Report

__all__ = ["document"]


def document(
    report: Report, *, earlier: Sequence[Report] = (), made_with: Mapping[str, str] | None = None
) -> Document:
    """A report in reading order.

    `earlier`: former reports on the same model, oldest first, for the trend. `made_with`: names and values
    for reproducibility, such as digests of the data, seeds and versions.
    """
    return Document(report.title, tuple(_facts(report)), tuple(_sections(report, earlier, made_with or {})))


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    if report.model is not None:
        yield "Model", " ".join(filter(None, (report.model, report.version)))
    yield "Data", report.source
    if report.created is not None:
        yield "Made", report.created


def _sections(report: Report, earlier: Sequence[Report], made_with: Mapping[str, str]) -> Iterator[Section]:
    keys = sections_keys(report)
    yield summary(report)
    yield verdicts(report)
    yield from _section("discrimination", "Discrimination",
                        figure_blocks(report, "Discrimination", keys["discrimination"]))  # fmt: skip
    yield from _section("calibration", "Calibration", [
        *calibration_blocks(report), *figure_blocks(report, "Calibration", keys["calibration"])
    ])  # fmt: skip
    yield from _section("net-benefit", "Net benefit", [
        *decision_blocks(report), *figure_blocks(report, "Net benefit", keys["net-benefit"])
    ])  # fmt: skip
    yield from _section("risk", "Scores and outcomes", [
        *risk_blocks(report), *figure_blocks(report, "Further figures", keys["other"])
    ])  # fmt: skip
    yield from threshold_section(report, keys["thresholds"])
    yield from _section("silence", "Who got no answer", figure_blocks(report, "No answer", keys["silence"]))
    yield from gaps(report)
    yield from intersections(report, [key for found in keys.values() for key in found])
    yield from needed(report)
    yield from trend([*earlier, report])
    yield limits(report)
    yield method(report)
    yield reproducibility(report, made_with)


def _section(anchor: str, title: str, blocks: Sequence[Block]) -> Iterator[Section]:
    """A section unless it would be empty."""
    if blocks:
        yield Section(anchor, title, tuple(blocks))
