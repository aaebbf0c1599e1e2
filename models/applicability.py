"""Whether a model may speak about a patient: its rules, its required features, its training domain."""

from collections.abc import Sequence

from fhir_mapping.spec import FeatureSpec
from fhir_mapping.terminology.readable import readable_unit
from fhir_mapping.values import NAMED, REASONS, UNREADABLE, FeatureValue, FeatureVector
from models.manifest import Rule, When
from models.prediction import Applicability


class Gate:
    """The checks of one model, in order: rules, required features, domain; the first that says no decides.

    Only before a rule that fires because something is unclear, what is required and missing is told first:
    when half a problem list is there, the reason is the list and not what might have stood in it. A rule
    about the required feature itself knows better what is unclear, unless only half of its list is there.
    """

    def __init__(self, rules: Sequence[Rule], specs: Sequence[FeatureSpec]) -> None:
        self._rules = [(rule.when, _of_rule(rule)) for rule in rules]
        self._required = [spec for spec in specs if spec.required]
        self._bounded = [spec for spec in specs if spec.domain is not None and spec.input]

    def verdict(self, vector: FeatureVector) -> Applicability | None:
        """Why the model does not score this patient; None when it does."""
        for when, verdict in self._rules:
            if fires(when, vector[when.feature]):
                is_unclear = when.unreadable or when.named
                return (is_unclear and self._lacking(vector, but=when.feature)) or verdict
        lacking = self._lacking(vector)
        if lacking is not None:
            return lacking
        for spec in self._bounded:
            outside = _outside_domain(spec, vector[spec.name])
            if outside is not None:
                return outside
        return None

    def _lacking(self, vector: FeatureVector, but: str | None = None) -> Applicability | None:
        for spec in self._required:
            value = vector[spec.name]
            if value.state == "missing" and (spec.name != but or value.reason == "incomplete"):
                return _required_missing(spec, value)
        return None


def fires(when: When, value: FeatureValue) -> bool:
    """Whether a value satisfies a rule's test. A missing value satisfies `present: false`, and
    `unreadable: true` when something was recorded in the window but could not be used, `named: true` when
    that is an entry which names what is asked for.

    An assumed value counts in comparisons and is not `present`.
    """
    if when.present is not None:
        return when.present == (value.state in ("ok", "none-recorded"))
    if when.unreadable is not None:
        return when.unreadable == (value.state == "missing" and value.reason in UNREADABLE)
    if when.named is not None:
        return when.named == (value.state == "missing" and value.reason in NAMED)
    if value.state == "missing":
        return False
    if when.equals is not None:
        return value.value == when.equals
    if when.below is not None:
        return value.value < when.below
    return when.above is not None and value.value > when.above


def checks(rules: Sequence[Rule], specs: Sequence[FeatureSpec]) -> tuple[str, ...]:
    """Names of the features that are no inputs and whose value can forbid a score, in order of the rules."""
    inputs = {spec.name for spec in specs if spec.input}
    compared = (rule.when for rule in rules if not _is_of_gaps(rule.when))
    return tuple(dict.fromkeys(when.feature for when in compared if when.feature not in inputs))


def unchecked(vector: FeatureVector, names: Sequence[str]) -> tuple[FeatureValue, ...]:
    """What would have forbidden a score, of `names`, and of which nobody can tell whether it is so: data that
    was not sent, or entries that cannot be read."""
    values = (vector[name] for name in names)
    return tuple(
        one
        for one in values
        if one.state == "missing" and (one.reason == "not-provided" or one.reason in UNREADABLE)
    )


def _is_of_gaps(when: When) -> bool:
    """Whether a rule asks about a missing value, and not what a value is."""
    return (when.present, when.unreadable, when.named) != (None, None, None)


def _of_rule(rule: Rule) -> Applicability:
    return Applicability(rule.outcome, rule.reason, rule.text, rule.card)


def _required_missing(spec: FeatureSpec, value: FeatureValue) -> Applicability:
    why = REASONS.get(value.reason or "", "not recorded")
    text = f"{spec.label} is needed for an estimate and is missing ({why})."
    return Applicability("silent", f"required-missing:{spec.name}", text)


def _outside_domain(spec: FeatureSpec, value: FeatureValue) -> Applicability | None:
    if value.state == "missing" or spec.domain is None:
        return None
    low, high = spec.domain
    if low <= value.value <= high:
        return None
    unit = readable_unit(spec.unit or value.unit or "1")
    found, span = f"{value.value:g} {unit}".rstrip(), f"{low:g} to {high:g} {unit}".rstrip()
    text = f"No estimate: {spec.label} is {found}; the model was made for {span}."
    return Applicability("outside", f"outside-domain:{spec.name}", text, card=True)
