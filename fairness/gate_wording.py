"""The words of the gate: labels, one text per group, and the one line that goes on the card."""

from collections.abc import Iterator, Sequence

from fairness.cells import OVERALL, Cell
from fairness.errors import GroupError
from fairness.gate_records import Evidence, Verdict
from fairness.groups import attribute_label, label
from fairness.metric import Metric

LONGEST = 220
DETAIL = (3, 2, 1, 0)
_UNEXAMINED: tuple[Verdict, ...] = ("insufficient", "no-cases")
_NOUNS = {"sex": "sex", "age_band": "age", "race": "race", "ethnicity": "ethnicity"}


def group_label(attribute: str, value: str) -> str:
    """A group in plain words; attributes of a model's own are spelt out from their names."""
    if attribute == OVERALL:
        return "Everybody"
    try:
        return attribute_label(attribute) if value == "all" else label(attribute, value)
    except GroupError:
        return attribute.replace("_", " ") if value == "all" else value.replace("-", " ")


def evidence_text(
    label: str, verdict: Verdict, attribute: str, cell: Cell | None = None, ratio: Metric | None = None
) -> str:
    """One sentence on one group."""
    noun = _noun(attribute)
    if verdict == "not-collected":
        return f"{noun.capitalize()} was not recorded in the data; fairness by it is unknown."
    if verdict == "not-recorded":
        return f"{noun.capitalize()} is not on record for this patient, so nothing is said about it."
    if cell is None or ratio is None:
        return f"{label}: nobody of this group was studied."
    figures = f"{label}: {cell.n:,} studied, {cell.events:,} with the outcome"
    if ratio.value is not None:
        figures += f", observed/expected {_ratio(ratio.value, ratio.low, ratio.high)}"
    return f"{figures}; too few to judge." if verdict == "insufficient" else f"{figures}."


def line(evidence: Sequence[Evidence]) -> str:
    """One sentence of at most 220 characters: what is off first, then what is unknown, then what is in line.

    Details that do not fit are left out, from the least important on; `evidence` holds them all.
    """
    for detail in DETAIL:
        clauses = [clause for clause in _clauses(evidence, detail) if clause]
        text = "; ".join(clauses)
        sentence = f"{text[:1].upper()}{text[1:]}."
        if len(sentence) <= LONGEST:
            return sentence
    return f"{sentence[: LONGEST - 3].rsplit(' ', 1)[0]} …"


def _clauses(evidence: Sequence[Evidence], detail: int) -> Iterator[str]:
    """Clauses by importance. `detail` 3: all; 2: shorter in line; 1: nothing in line; 0: bare figures."""
    yield _shifted("estimate tends to be too low for", _off(evidence, up=True), detail)
    yield _shifted("estimate tends to be too high for", _off(evidence, up=False), detail)
    broken = [one for one in evidence if one.verdict == "off" and one.claim != "o_e"]
    yield _listed("declared performance not reached for", [f"{one.label} ({one.claim})" for one in broken])
    yield _unexamined(evidence, detail)
    unknown = [_noun(one.attribute) for one in evidence if one.verdict == "not-collected"]
    if unknown:
        verb, pronoun = ("were", "them") if len(unknown) > 1 else ("was", "it")
        yield f"{_joined(unknown)} {verb} not recorded in the data, fairness by {pronoun} is unknown"
    unsaid = [_noun(one.attribute) for one in evidence if one.verdict == "not-recorded"]
    if unsaid:
        yield f"nothing is said about {_joined(list(dict.fromkeys(unsaid)))} (not on record)"
    if detail > 1:
        yield _in_line(evidence, detail)


def _off(evidence: Sequence[Evidence], up: bool) -> list[Evidence]:
    calibration = (one for one in evidence if one.verdict == "off" and one.claim == "o_e")
    return [one for one in calibration if one.observed_expected and (one.observed_expected > 1) == up]


def _shifted(words: str, groups: Sequence[Evidence], detail: int) -> str:
    if detail:
        return _listed(words, _with_figures(groups))
    return _listed(words, [f"{one.label} ({_per_100(one)})" for one in groups])


def _unexamined(evidence: Sequence[Evidence], detail: int) -> str:
    groups = [one for one in evidence if one.verdict in _UNEXAMINED]
    if any(one.attribute == OVERALL for one in groups):
        return "the model has not been tested on enough people to judge it"
    nobody = [one.label for one in groups if not one.n]
    few = [one for one in groups if one.n]
    counted = [f"{one.label} ({one.n:,}, {one.events or 0} with the outcome)" for one in few]
    told = (
        _listed("too few studied to judge", counted if detail else [one.label for one in few]),
        _listed("nobody studied among", nobody),
    )
    return "; ".join(clause for clause in told if clause)


def _in_line(evidence: Sequence[Evidence], detail: int) -> str:
    everybody = all(one.attribute == OVERALL or one.n is None for one in evidence)
    groups = [one for one in evidence if one.verdict == "in-line" and (everybody or one.attribute != OVERALL)]
    if detail == max(DETAIL):
        return _listed("no shift shown for", _with_figures(groups))
    return _listed("no shift shown for", [f"{one.label} ({one.n:,} studied)" for one in groups])


def _with_figures(groups: Sequence[Evidence]) -> list[str]:
    return [f"{one.label} ({_figures(one, first=at == 0)})" for at, one in enumerate(groups)]


def _figures(one: Evidence, first: bool) -> str:
    if one.observed_expected is None:
        return f"{one.n or 0:,} studied"
    span = "" if one.low is None or one.high is None else f", {100 * one.low:.0f}-{100 * one.high:.0f}"
    return f"{one.n or 0:,} studied, {_per_100(one, named=first)}{span}"


def _per_100(one: Evidence, named: bool = True) -> str:
    """The observed to expected ratio as a clinician counts."""
    found = 100 * (one.observed_expected or 0.0)
    return f"{found:.0f} found per 100 predicted" if named else f"{found:.0f} per 100"


def _ratio(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f}, {low:.2f}-{high:.2f}"


def _listed(words: str, groups: Sequence[str]) -> str:
    return f"{words} {', '.join(groups)}" if groups else ""


def _joined(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _noun(attribute: str) -> str:
    return _NOUNS.get(attribute, attribute.replace("_", " "))
