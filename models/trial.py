"""Tries a model out before it is served: on rows with missing inputs, and at the edges of what it accepts.

A graph that gives NaN for an input that the manifest lets go missing would fail request after request. It is
refused here instead, with the name of the input. Rows that the manifest's own rules keep from the model are
not tried, because no patient brings them to it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fhir_mapping.spec import Age, Answer, Assumption, Bounds, Category, Condition, FeatureSpec, Observation
from fhir_mapping.values import FeatureValue, FeatureVector, missing
from models.applicability import fires
from models.errors import ManifestError, PredictionError
from models.manifest import MANIFEST
from models.runtime import Model

_NEVER = "not-recorded"
# Summaries of several values: the plausible range of one value says nothing about them.
_SUMMARIES = ("any", "count", "trend", "days_since", "days_since_first")
_AGES = (0.0, 130.0)
_MANY_ROWS = "the graph must score many rows at once as it scores each one alone"
_PLAIN = (
    "the graph must give probabilities for a row without gaps, with every input in the middle of its range"
)
_WITHOUT = (
    "the graph gives no probability when {what} missing; let it take NaN there, or state `integrate` (with "
    "reference.json), an assumed value, or `required: true`"
)
_AT = (
    "the graph gives no probability at {value:g}, which may reach it; mend the graph, or narrow the "
    "feature's `domain`"
)


class Trial(NamedTuple):
    """One invented patient, and what the manifest's author is told when the graph fails on her."""

    vector: FeatureVector
    field: str
    remedy: str


def try_out(model: Model) -> None:
    """Run the model on every trial; raises ManifestError with the feature and the remedy at the first that
    gives no probability."""
    found = list(trials(model))
    try:
        model.predict_many([one.vector for one in found])
        model.predict(found[0].vector)  # with the rows of its explanation
    except PredictionError:
        _blame(model, found)


def _blame(model: Model, found: list[Trial]) -> None:
    path = (model.folder or Path()) / MANIFEST
    for one in found:
        try:
            model.predict(one.vector)
        except PredictionError as error:
            raise ManifestError(path, one.field, f"{one.remedy} ({error})") from None
    raise ManifestError(path, "files.model.onnx", _MANY_ROWS)


def trials(model: Model) -> Iterator[Trial]:
    """A plain row; each optional input missing, all but one of them, and all; each input at its edges."""
    plain = _plain(model)
    yield Trial(_vector(model, plain), "files.model.onnx", _PLAIN)
    optional = [spec for spec in model.features.specs if spec.input and not spec.required]
    for spec in optional:
        yield _gap(model, plain, [spec], f"`{spec.name}` is")
    for kept in optional if len(optional) > 2 else ():
        gone = [spec for spec in optional if spec is not kept]
        yield _gap(model, plain, gone, f"all optional inputs but `{kept.name}` are")
    if len(optional) > 1:
        yield _gap(model, plain, optional, "all optional inputs are")
    for spec in (spec for spec in model.features.specs if spec.input):
        for value in edges(spec, model.features.readers[spec.name]):
            vector = _vector(model, {**plain, spec.name: FeatureValue(spec.name, value, unit=spec.unit)})
            yield Trial(vector, f"features.{spec.name}", _AT.format(value=value))


def _gap(model: Model, plain: Mapping[str, FeatureValue], gone: list[FeatureSpec], what: str) -> Trial:
    field = f"features.{gone[0].name}.when_missing" if len(gone) == 1 else "features.when_missing"
    vector = _vector(model, {**plain, **{spec.name: _absent(spec) for spec in gone}})
    return Trial(vector, field, _WITHOUT.format(what=what))


def _absent(spec: FeatureSpec) -> FeatureValue:
    if isinstance(spec.when_missing, Assumption):
        return FeatureValue(spec.name, spec.when_missing.value, "assumed", unit=spec.unit)
    return missing(spec.name, _NEVER, spec.unit)


def edges(spec: FeatureSpec, reader: Any) -> tuple[float, ...]:
    """The outermost values of a feature that can reach the model, in its unit; every level of a coded one.

    Ends that nothing bounds are left out; a feature without any bound is tried at 0 and 1.
    """
    levels: Sequence[Answer | Category] = ()
    if isinstance(spec, Observation) and spec.value not in _SUMMARIES:
        levels = spec.answers
    elif isinstance(spec, Condition):
        levels = spec.categories
    if levels:
        return tuple(sorted({one.value for one in levels}))
    limits = [*filter(None, (spec.domain, _plausible(spec, reader)))]
    low = max((limit[0] for limit in limits), default=-math.inf)
    high = min((limit[1] for limit in limits), default=math.inf)
    return tuple(end for end in (low, high) if math.isfinite(end)) or (0.0, 1.0)


def _plausible(spec: FeatureSpec, reader: Any) -> Bounds | None:
    if isinstance(spec, Observation):
        is_one_value = spec.at_least is None and spec.value not in _SUMMARIES
        return reader.range if is_one_value else None
    return spec.range or (_AGES if isinstance(spec, Age) else None)


def _plain(model: Model) -> dict[str, FeatureValue]:
    """Values of the features that are not computed from others, such that no rule fires on them alone."""
    middle = model.middle()
    found = {}
    for spec in model.features.specs:
        reader = model.features.readers[spec.name]
        if spec.input:
            ends = edges(spec, reader)
            value = middle.get(spec.name, ends[0] if len(ends) != 2 else (ends[0] + ends[1]) / 2)
            found[spec.name] = FeatureValue(spec.name, min(max(value, ends[0]), ends[-1]), unit=spec.unit)
        elif not hasattr(reader, "compute"):
            found[spec.name] = _quiet(model, spec, edges(spec, reader))
    return found


def _quiet(model: Model, spec: FeatureSpec, ends: tuple[float, ...]) -> FeatureValue:
    """A value of a feature that only rules look at, with which none of them fires, if there is one."""
    tests = [rule.when for rule in model.manifest.rules if rule.when.feature == spec.name]
    candidates = [
        FeatureValue(spec.name, 0.0, "none-recorded", unit=spec.unit),
        *([] if spec.required else [missing(spec.name, _NEVER, spec.unit)]),
        *(FeatureValue(spec.name, value, unit=spec.unit) for value in (*ends, sum(ends) / len(ends))),
    ]
    calm = (one for one in candidates if not any(fires(test, one) for test in tests))
    return next(calm, candidates[0])


def _vector(model: Model, given: Mapping[str, FeatureValue]) -> FeatureVector:
    found = dict(given)

    def value_of(name: str) -> FeatureValue:
        if name not in found:
            reader: Any = model.features.readers[name]
            found[name] = reader.compute({need: value_of(need) for need in reader.needs})
        return found[name]

    values = {name: value_of(name) for name in model.features.readers}
    return FeatureVector(values, model.features.inputs, [])
