"""The first page: what a committee has to know, in natural frequencies and short sentences."""

from collections.abc import Iterator, Sequence

from fairness.report import charts
from fairness.report.content.blocks import Banner, Block, Charts, Paragraph, Points, Section
from fairness.report.content.tables import group_name, metric_of
from fairness.report.content.verdicts import verdict_name
from fairness.report.model import GroupRow, Report, VerdictOutcome, VerdictRow
from fairness.report.words import VERDICTS, attribute_name, count, listed, metric_name, plural

_MOST_NAMES = 6
_MEANING = {
    "pass": "Each claim about this model holds in this data.",
    "fail": "At least one claim about this model does not hold.",
    "insufficient evidence": "The data are too thin to say that this model is fair. They do not show that "
    "it is unfair.",
    "no claim": "No limits were set before this check. So the model can neither pass nor fail.",
}
_OF_HUNDRED = {
    "o_e": "for each 100 cases that we expected, {} took place",
    "sensitivity": "of 100 people with the outcome, {} are flagged",
    "specificity": "of 100 people without the outcome, {} are not flagged",
    "ppv": "of 100 people who are flagged, {} have the outcome",
    "npv": "of 100 people who are not flagged, {} do not have the outcome",
    "selection_rate": "of 100 people, {} are flagged",
}
_NAMES = (
    "with the outcome, and flagged",
    "with the outcome, but missed",
    "without the outcome, but flagged",
    "without the outcome, and not flagged",
)


def summary(report: Report) -> Section:
    """The page for the committee."""
    blocks: list[Block] = [Banner(report.outcome, VERDICTS[report.outcome][0], _MEANING[report.outcome])]
    blocks += [Paragraph(text) for text in _who(report)]
    for threshold in report.thresholds[:1]:
        blocks += _hundred(report, threshold)
    blocks += [Paragraph(text) for text in _fit(report)]
    blocks += [Paragraph(text) for text in _unanswered(report)]
    blocks += _verdicts(report)
    blocks += _silent(report)
    blocks.append(Paragraph("What this check cannot tell you stands near the end. Please read it before "
                            "you decide."))  # fmt: skip
    return Section("summary", "Summary in plain words", tuple(blocks))


def shares_of_hundred(prevalence: float, sensitivity: float, specificity: float) -> tuple[int, int, int, int]:
    """Of 100 people: found, missed, false alarms, rightly left alone; rounded so that they add up."""
    exact = [
        100.0 * prevalence * sensitivity,
        100.0 * prevalence * (1.0 - sensitivity),
        100.0 * (1.0 - prevalence) * (1.0 - specificity),
        100.0 * (1.0 - prevalence) * specificity,
    ]
    whole = [int(value) for value in exact]
    order = sorted(range(4), key=lambda at: whole[at] - exact[at])
    for at in order[: 100 - sum(whole)]:
        whole[at] += 1
    return whole[0], whole[1], whole[2], whole[3]


def _who(report: Report) -> Iterator[str]:
    if report.n is None:
        yield "How many people the data hold is withheld."
        return
    told = f"We checked how well the model works for {count(report.n)} people, group by group."
    if report.events is not None:
        told += f" Of them, {count(report.events)} had the outcome."
    yield told


def _hundred(report: Report, threshold: float) -> list[Block]:
    found = [_value(report, name, threshold) for name in ("sensitivity", "specificity")]
    prevalence = _value(report, "prevalence", None)
    if prevalence is None or found[0] is None or found[1] is None:
        return []
    counts = shares_of_hundred(prevalence, found[0], found[1])
    ill = counts[0] + counts[1]
    text = (
        f"Think of 100 people like these. About {ill} of them have the outcome. The model flags those with "
        f"a score of {threshold:g} or more. It finds {counts[0]} of the {ill} and misses {counts[1]}. It "
        f"also flags {counts[2]} of the {100 - ill} who do not have the outcome."
    )
    return [Paragraph(text), Charts((charts.hundred("100 people like these", counts, _NAMES),))]


def _fit(report: Report) -> Iterator[str]:
    ratio = _value(report, "survival_o_e" if report.kind == "survival" else "o_e", None)
    if ratio is None:
        return
    happened = round(100.0 * ratio)
    yield f"For each 100 cases that the model led us to expect, {happened} took place."


def _unanswered(report: Report) -> Iterator[str]:
    """How many people got no score, and how far that differs between groups that are told."""
    share = _value(report, "abstained_rate", None)
    if not share:
        return
    rates = [
        (row.value, group)
        for group in report.groups
        if len(group.members) == 1 and (row := metric_of(group, ("abstained_rate", None))) is not None
        and row.value is not None and row.state == "ok"
    ]  # fmt: skip
    yield f"Of 100 people, {_of_hundred(share)} got no score from the model."
    if len(rates) > 1:
        most, group = max(rates, key=lambda one: one[0])
        named = group_name(group.attribute, group.label)
        yield f"Most often that was so in the group {named}: {_of_hundred(most)} of 100."


def _of_hundred(share: float) -> str:
    """`15`; `fewer than 1` rather than 0."""
    return f"{round(100.0 * share)}" if share >= 0.005 else "fewer than 1"


def _value(report: Report, name: str, threshold: float | None) -> float | None:
    """A figure of everybody that rests on enough data."""
    row = metric_of(report.groups[0], (name, threshold)) if report.groups else None
    return row.value if row is not None and row.state == "ok" else None


def _verdicts(report: Report) -> list[Block]:
    claims = [row for row in report.verdicts if row.kind != "screen"]
    tally = {name: sum(row.outcome == name for row in claims) for name in VERDICTS}
    blocks: list[Block] = []
    if claims:
        blocks.append(
            Paragraph(
                f"We put {plural(len(claims), 'claim')} to the test: {tally['pass']} passed, "
                f"{tally['fail']} failed, and for {tally['insufficient evidence']} the data do not settle it."
            )
        )
    blocks += _named(report, "fail", "These did not hold:")
    blocks += _named(report, "beyond chance", "These gaps are larger than chance explains:")
    return blocks


def _named(report: Report, outcome: VerdictOutcome, intro: str) -> list[Block]:
    rows = [row for row in report.verdicts if row.outcome == outcome]
    if not rows:
        return []
    items = [f"{verdict_name(row)}: {_finding(row)}" for row in rows]
    return [Paragraph(intro), Points(_some(list(dict.fromkeys(items))))]


def _finding(row: VerdictRow) -> str:
    """What was found in a group as a natural frequency where there is one, else the name of the figure."""
    plain = _OF_HUNDRED.get(row.metric)
    if plain is None or row.kind != "level" or row.estimate is None:
        return metric_name(row.metric, row.threshold)
    return plain.format(round(100.0 * row.estimate))


def _silent(report: Report) -> list[Block]:
    """The groups about which the data say too little; with many of them, how many there are."""
    single = [row for row in report.groups if len(row.members) == 1]
    crossed = sum(row.state != "ok" and len(row.members) > 1 for row in report.groups)
    blocks: list[Block] = []
    if thin := [row for row in single if row.state in ("insufficient", "undefined")]:
        blocks.append(Paragraph("We cannot judge these groups. The data hold too few of their people:"))
        blocks.append(Points(_some(_by_attribute(thin))))
    if masked := [row for row in single if row.state == "masked"]:
        blocks.append(Paragraph("We may not show these groups. A small count could point to a person:"))
        blocks.append(Points(_some(_by_attribute(masked))))
    if crossed:
        blocks.append(Paragraph(f"We cannot judge or show {plural(crossed, 'smaller group')} where two "
                                "traits meet."))  # fmt: skip
    return blocks


def _by_attribute(rows: Sequence[GroupRow]) -> list[str]:
    names: dict[str, list[str]] = {}
    for row in rows:
        names.setdefault(attribute_name(row.attribute), []).append(row.label)
    return [f"{attribute}: {listed(labels)}" for attribute, labels in names.items()]


def _some(items: Sequence[str]) -> tuple[str, ...]:
    if len(items) <= _MOST_NAMES:
        return tuple(items)
    return (*items[:_MOST_NAMES], f"and {len(items) - _MOST_NAMES} more, listed below")
