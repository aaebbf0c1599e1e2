"""The words of a report: names of figures, states and verdicts, and how numbers are written."""

from collections.abc import Sequence
from typing import NamedTuple

from fairness.report.model import Outcome, Report, State, VerdictOutcome
from fairness.report.names import attribute_title

NO_VALUE = "–"
WITHHELD = "withheld"


class Term(NamedTuple):
    """A figure by its name, in one plain sentence, and how many decimals it is written with."""

    name: str
    meaning: str
    decimals: int = 3


METRICS: dict[str, Term] = {
    "auroc": Term("AUROC", "The chance that a person with the outcome has a higher score than one without. "
                  "0.5 is a coin toss, 1 is perfect."),
    "survival_auc": Term("AUC at the horizon", "The chance that a person with the outcome up to a point in "
                         "time has a higher score than one without. 0.5 is a coin toss, 1 is perfect."),
    "concordance": Term("Concordance", "The chance that of two people the one with the earlier outcome has "
                        "the higher score."),
    "prevalence": Term("Outcome share", "The share of people with the outcome."),
    "o_e": Term("Observed / expected", "Cases that happened for each case that was expected. Above 1 the "
                "score is too low, below 1 it is too high."),
    "survival_o_e": Term("Observed / expected", "Cases up to a point in time for each that was expected. "
                         "Above 1 the score is too low, below 1 it is too high."),
    "calibration_intercept": Term("Calibration intercept", "0 is ideal. Above 0 the score is too low on "
                                  "average, below 0 too high."),
    "calibration_slope": Term("Calibration slope", "1 is ideal. Below 1 high scores are too high and low "
                              "scores too low."),
    "ici": Term("ICI", "Mean distance of score and observed risk (integrated calibration index). "
                "0 is ideal."),
    "brier": Term("Brier score", "Mean squared error of the score. 0 is perfect. It depends on how common "
                  "the outcome is, so do not compare it across groups."),
    "survival_brier": Term("Brier score", "Mean squared error of the score at a point in time. 0 is perfect. "
                           "It depends on how common the outcome is."),
    "net_benefit": Term("Net benefit", "True cases found, less a penalty for false alarms that the threshold "
                        "implies, per person.", 4),
    "selection_rate": Term("Flagged", "The share of people at or above the threshold."),
    "sensitivity": Term("Sensitivity", "The share of people with the outcome who are flagged."),
    "specificity": Term("Specificity", "The share of people without the outcome who are not flagged."),
    "ppv": Term("PPV", "The share of flagged people who have the outcome."),
    "npv": Term("NPV", "The share of people not flagged who do not have the outcome."),
    "false_positive_rate": Term("False positive rate", "One minus specificity."),
    "false_negative_rate": Term("False negative rate", "One minus sensitivity."),
    "accuracy": Term("Accuracy", "The share of people who are put on the right side of the threshold."),
    "bias": Term("Bias", "Predicted less observed, on average. 0 is ideal."),
    "mae": Term("Mean absolute error", "How far the prediction is off, on average."),
    "rmse": Term("Root mean squared error", "As above, with more weight on large errors."),
    "interval_coverage": Term("Interval coverage", "The share of people whose value lies in the interval "
                              "that was predicted."),
    "within_one": Term("Within one class", "The share of people who are given their class or a "
                       "neighbour of it."),
    "level_bias": Term("Mean step", "Predicted less observed class in steps, on average. 0 is ideal."),
    "level_error": Term("Mean distance", "How many steps the predicted class is off, on average."),
    "weighted_kappa": Term("Weighted kappa", "Agreement beyond chance, more for near misses than far ones. "
                           "1 is perfect, 0 is chance."),
    "unmatured_rate": Term("Outcome not known", "The share of people with a score whose outcome is not known "
                           "(yet). They are not in the other figures."),
    "missing_input_rate": Term("Missing input", "The share of encounters with an input missing."),
    "no_card_rate": Term("No card", "The share of people or encounters without a card."),
    "abstained_rate": Term("No score", "The share of people for whom the model gave no answer. They are "
                           "not in the other figures."),
    "acceptance_rate": Term("Accepted", "The share of cards that were accepted."),
    "override_rate": Term("Overridden", "The share of cards that were overridden."),
    "no_response_rate": Term("No response", "The share of cards without a response."),
}  # fmt: skip

_OF_CLASS = {
    "auroc": "The chance that a person of this class has a higher score for it than one of another class.",
    "o_e": "People of this class for each that the scores add up to. Above 1 the score is too low.",
    "sensitivity": "The share of people of this class who are given it.",
    "ppv": "The share of people who are given this class who have it.",
}

VERDICTS: dict[Outcome | VerdictOutcome, tuple[str, str]] = {
    "pass": ("Pass", "The data show that this holds."),
    "fail": ("Fail", "The data show that this does not hold."),
    "insufficient evidence": ("Insufficient evidence", "The data do not settle it."),
    "beyond chance": ("Beyond chance", "The gap is larger than chance explains. No limit was set for it."),
    "no claim": ("No claim", "No claim was made, so nothing was passed or failed."),
}

# Beside every group of every chart there is no room for the full name, which stands with the method.
_SHORT = {
    "race": "Race",
    "race_combination": "Race, one or several",
    "race_ethnicity_2024": "Race and ethnicity",
    "language": "Language",
    "coverage": "Insurance",
}

STATES: dict[State, str] = {
    "ok": "enough data",
    "insufficient": "insufficient data",
    "undefined": "undefined",
    "masked": WITHHELD,
}


def term(name: str) -> Term:
    """The words of a figure; those of a figure that is not listed are spelt out from its name."""
    base, _, one = name.partition(":")
    if one and base in METRICS:
        return METRICS[base]._replace(name=f"{METRICS[base].name} ({one})", meaning=_OF_CLASS.get(base, ""))
    return METRICS.get(name) or Term(name.replace("_", " ").capitalize(), "")


def metric_name(name: str, threshold: float | None) -> str:
    """`Sensitivity at 0.2`."""
    return term(name).name if threshold is None else f"{term(name).name} at {threshold:g}"


def attribute_name(attribute: str) -> str:
    """An attribute or intersection in a word or two: `Sex × Age`; `attribute_title` has the full name."""
    return " × ".join(_SHORT.get(part) or _spelt(part) for part in attribute.split(" × "))


def number(value: float | None, name: str = "", *, signed: bool = False) -> str:
    """A figure in the decimals of its metric, with a true minus sign; a dash for None."""
    if value is None:
        return NO_VALUE
    decimals = term(name).decimals
    text = f"{value:+.{decimals}f}" if signed else f"{value:.{decimals}f}"
    zero = f"{0:.{decimals}f}"
    return zero if text.lstrip("+-") == zero else text.replace("-", "−")


def count(value: int | None) -> str:
    """A count with thousands apart; a dash for None."""
    return NO_VALUE if value is None else f"{value:,}"


def interval(low: float | None, high: float | None, name: str = "") -> str:
    """`0.612 to 0.745`; empty without limits."""
    if low is None or high is None:
        return ""
    return f"{number(low, name)} to {number(high, name)}"


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def plural(value: int, noun: str) -> str:
    """`1 claim`, `3 claims`."""
    return f"{value:,} {noun}{'' if value == 1 else 's'}"


def withheld_note(report: Report) -> str:
    """What "withheld" means in a table or chart."""
    return (
        f"Withheld: fewer than {report.minimum_cell} people, or a figure that would give such a small "
        "number away."
    )


def _spelt(attribute: str) -> str:
    title = attribute_title((attribute,)).replace("_", " ")
    return title[:1].upper() + title[1:]
