"""A card's detail in GitHub-flavoured Markdown, short enough for ten seconds.

In this order: the absolute risk with its range, the findings that move it, what is not known, what the gate
says, and for whom the model is not meant.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from cds_hooks import wording
from cds_hooks.decision import Subject
from cds_hooks.wording import escape, escape_fixed
from fairness.gate import Clearance
from fhir_mapping.features import FeatureSet
from fhir_mapping.spec import (
    Age,
    AlleleCarried,
    AnyOf,
    Assumption,
    Condition,
    Derived,
    Diplotype,
    FeatureSpec,
    Questionnaire,
    Sex,
    VariantPresent,
)
from fhir_mapping.values import REASONS, UNREADABLE, FeatureValue, FeatureVector
from models.manifest import Manifest
from models.manifest_checks import placeholders
from models.prediction import Contribution, OutputValue, Prediction

__all__ = ["outside_detail", "prediction_detail"]

RESEARCH_LINE = "Research model, not for clinical decisions on its own."
RECORDED_LIMIT = 60  # characters of a record's own text in a table cell
_AMOUNTS = ("count", "days_since", "days_since_first")
NEGLIGIBLE = 0.01  # log odds: less does not change any count out of 100


def prediction_detail(model: Subject, prediction: Prediction, clearance: Clearance) -> str:
    """The detail of a card with a score; every part that has nothing to say is left out."""
    manifest, features = model.manifest, model.features
    lead = wording.fill(manifest.card.lead or "", prediction.outputs) or ""
    told = _told(manifest.card.lead) if lead else frozenset()
    strongest = _strongest(prediction, manifest.card.top_factors)
    risks = [_risk(output, model, told=output.name in told) for output in prediction.outputs]
    gaps = [
        *_gaps(features, prediction.vector, {one.name for one in strongest}),
        *_unchecked(features, prediction),
    ]
    parts = [
        escape(lead),
        "\n".join(f"- {risk}" for risk in risks if risk),
        _factors(features, prediction.vector, strongest),
        "\n".join(f"- {line}" for line in gaps),
        _reliability(clearance),
        _purpose(manifest),
    ]
    return "\n\n".join(part for part in parts if part)


def outside_detail(model: Subject, vector: FeatureVector, why: str) -> str:
    """The detail of a card without a score: why there is none, what of the chart could not be read, and what
    the model is for."""
    parts = (escape(why), _unread(model.features, vector), _purpose(model.manifest))
    return "\n\n".join(part for part in parts if part)


def _unread(features: FeatureSet, vector: FeatureVector) -> str:
    """The inputs that are missing although the chart holds something about them."""
    unread = [value for value in vector.missing() if _is_unread(features, vector, value)]
    return f"In the chart, but not read: {_reasons(features, vector, unread)}." if unread else ""


def _is_unread(features: FeatureSet, vector: FeatureVector, value: FeatureValue) -> bool:
    spec = features.spec(value.name)
    if isinstance(spec, Derived | AnyOf) and value.state == "missing":
        return any(_is_unread(features, vector, vector[name]) for name in spec.inputs)
    return value.state == "missing" and value.reason in UNREADABLE


def _told(lead: str | None) -> frozenset[str]:
    """Outputs that a lead tells together with their interval, so that it need not be said twice."""
    named = frozenset(placeholders(lead or ""))
    return frozenset(
        name for name, _ in named if {(name, "of100"), (name, "low100"), (name, "high100")} <= named
    )


def _risk(output: OutputValue, model: Subject, *, told: bool) -> str:
    """`Undiagnosed diabetes: about 9 in 100 people like this; the data allow 6 to 13.` and what compares.

    Of an output that the lead has told, only what the lead does not say; a risk under 1 % is always told,
    since a lead counts in hundreds.
    """
    of = wording.denominator(output.probability)
    sentences = []
    if not told or of != 100:
        people = f"{wording.about(wording.count(output.probability, of))} in {of}"
        # A model that gives no interval says nothing of what its data allow.
        has_range = output.low < output.high
        allowed = f"; the data allow {wording.span(output.low, output.high, of)}" if has_range else ""
        sentences.append(f"**{people}** people like this{allowed}.")
    if output.typical is not None:
        anchors, usual = _anchors(model.manifest, model.features), wording.count(output.typical, of)
        first = f"{usual} in {of} would be typical{anchors}."
        sentences.append(f"Typical{anchors}: {usual} in {of}." if sentences else first)
    threshold = model.manifest.card.thresholds.get(output.name)
    if threshold is not None:
        of = wording.denominator(threshold.at)
        sentences.append(f"Threshold: {wording.count(threshold.at, of)} in {of}.")
    horizon = next((one.horizon for one in model.manifest.outputs if one.name == output.name), None)
    name = escape_fixed(", ".join(filter(None, (output.label, None if told else horizon))))
    text = " ".join(sentences)
    return f"{name}: {_lower_first(text)}" if text else ""


def _anchors(manifest: Manifest, features: FeatureSet) -> str:
    names = [_anchor(features.spec(name)) for name in manifest.explanation.anchors]
    return f" for the same {wording.listing(names)}" if names else ""


def _anchor(spec: FeatureSpec) -> str:
    if isinstance(spec, Sex):
        return "sex"
    return "age" if isinstance(spec, Age) else escape_fixed(_lower_first(spec.label))


def _strongest(prediction: Prediction, top: int) -> list[Contribution]:
    known = (one for one in prediction.contributions if prediction.vector[one.name].known)
    felt = [one for one in known if abs(one.effect) >= NEGLIGIBLE]
    return sorted(felt, key=lambda one: -abs(one.effect))[:top]


def _factors(features: FeatureSet, vector: FeatureVector, strongest: Sequence[Contribution]) -> str:
    """A table of the known findings that move the primary output most, strongest first."""
    if not strongest:
        return ""
    rows = ["| Finding | Value | Date | Effect |", "| --- | --- | --- | --- |"]
    for one in strongest:
        spec, value = features.spec(one.name), vector[one.name]
        effect = "raises" if one.effect > 0 else "lowers"
        cells = (escape_fixed(spec.label), shown(spec, value), wording.day(value.date), effect)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def shown(spec: FeatureSpec, value: FeatureValue) -> str:
    """A known value in words, escaped: `male`, `Melanoma`, `yes`, `3.8 g/dL (recorded as 38 g/L)`."""
    if isinstance(spec, Sex):
        return "male" if value.value == 1 else "female"
    if isinstance(spec, Condition) and spec.categories:
        labels = {level.value: level.label for level in spec.categories}
        return escape(labels.get(value.value, value.text or ""))
    if value.state == "none-recorded":
        return "none recorded"
    if isinstance(spec, Diplotype) and value.text:
        return escape(value.text, RECORDED_LIMIT)
    if _is_yes_or_no(spec):
        text = "yes" if value.value >= 1 else "no"
    else:
        text = escape(wording.quantity(value.value, value.unit or spec.unit))
    return f"{text}{_as_recorded(value)}{', assumed' if value.state == 'assumed' else ''}"


def _is_yes_or_no(spec: FeatureSpec) -> bool:
    if isinstance(spec, Derived | Age) or getattr(spec, "value", "") in _AMOUNTS:
        return False
    if getattr(spec, "at_least", None) is not None or isinstance(spec, AnyOf):
        return True
    if isinstance(spec, AlleleCarried | VariantPresent):
        return True
    answers = () if isinstance(spec, Questionnaire) else getattr(spec, "answers", ())
    if answers:
        return {answer.value for answer in answers} <= {0.0, 1.0}
    return getattr(spec, "valueset", None) is not None or getattr(spec, "value", "") == "any"


def _as_recorded(value: FeatureValue) -> str:
    if value.original_value is None:
        return f" ({escape(value.text, RECORDED_LIMIT)})" if value.text else ""
    sent = wording.quantity(value.original_value, value.original_unit)
    return f" (recorded as {escape(sent, RECORDED_LIMIT)})"


def _gaps(features: FeatureSet, vector: FeatureVector, in_table: AbstractSet[str]) -> Iterator[str]:
    """One line each for inputs averaged over, passed on as unknown, counted as no, and assumed.

    What the table already shows as not recorded is not said again.
    """
    missing = vector.missing()
    averaged = [v for v in missing if features.spec(v.name).when_missing == "integrate"]
    if averaged:
        names = _reasons(features, vector, averaged)
        yield f"Not known: {names}. Averaged over similar people; the range includes this."
    unknown = [v for v in missing if features.spec(v.name).when_missing == "nan"]
    if unknown:
        yield f"Not known, and taken so by the model: {_reasons(features, vector, unknown)}."
    inputs = [vector[name] for name in vector.inputs]
    unlisted = [v.name for v in inputs if v.state == "none-recorded" and v.name not in in_table]
    absent = [escape_fixed(features.spec(name).label) for name in unlisted]
    if absent:
        yield f"No entry in the record, counted as no: {', '.join(absent)}."
    for value in inputs:
        rule = features.spec(value.name).when_missing
        if value.state == "assumed" and isinstance(rule, Assumption):
            yield _assumption(features.spec(value.name), value, rule)


def _unchecked(features: FeatureSet, prediction: Prediction) -> Iterator[str]:
    """One line for what would have forbidden the score, and of which nobody can tell whether it is so."""
    if prediction.unchecked:
        yield f"Not checked: {_reasons(features, prediction.vector, prediction.unchecked)}."


def _assumption(spec: FeatureSpec, value: FeatureValue, rule: Assumption) -> str:
    why = f"{REASONS[value.reason]}; " if value.reason and value.reason in REASONS else ""
    because = escape_fixed(rule.because).rstrip(".")
    taken = shown(spec, value).removesuffix(", assumed")
    return f"Assumed: {escape_fixed(spec.label)} {taken} ({why}{because})."


def _reasons(features: FeatureSet, vector: FeatureVector, missing: Sequence[FeatureValue]) -> str:
    return ", ".join(
        f"{escape_fixed(features.spec(value.name).label)} ({_reason(features, vector, value)})"
        for value in missing
    )


def _reason(features: FeatureSet, vector: FeatureVector, value: FeatureValue) -> str:
    """Why a value is missing; for a computed one, why those inputs are missing that it lacks."""
    spec = features.spec(value.name)
    if isinstance(spec, Derived | AnyOf) and value.reason == "input-missing":
        lacking = [vector[name] for name in spec.inputs if not vector[name].known]
        if lacking:
            labels = [_lower_first(escape_fixed(features.spec(one.name).label)) for one in lacking]
            return "; ".join(f"{label} {_cause(one)}" for label, one in zip(labels, lacking, strict=True))
    return _cause(value)


def _cause(value: FeatureValue) -> str:
    return REASONS.get(value.reason or "", "unknown")


def _reliability(clearance: Clearance) -> str:
    line = escape_fixed(clearance.line)
    return f"**Use with caution:** {line}" if clearance.action == "caution" and line else line


def _purpose(manifest: Manifest) -> str:
    use = manifest.intended_use
    lines = [f"{escape_fixed(use.decision_role).rstrip('.')}."]
    if use.not_for:
        lines.append(f"Not for: {_lower_first(escape_fixed(use.not_for[0])).rstrip('.')}.")
    if manifest.status == "research":
        lines.append(f"*{RESEARCH_LINE}*")
    lines.append(f"{escape_fixed(manifest.title)} {escape_fixed(manifest.version)}.")
    return " ".join(lines)


def _lower_first(text: str) -> str:
    """`Serum albumin` as `serum albumin`; `HDL cholesterol` and `PD-L1` as they are."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
