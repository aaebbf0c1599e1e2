"""What a manifest must also satisfy beyond the types of its fields: names that refer to each other."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import ManifestError

if TYPE_CHECKING:
    from models.manifest import Manifest, Rule

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
SHA256 = re.compile(r"[0-9a-f]{64}\Z")
FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
TYPICAL = "typical100"
FIGURES = ("of100", "low100", "high100", TYPICAL)
MODEL_FILE = "model.onnx"
_BRACES = re.compile(r"\{([^{}]*)\}")
_TESTS = ("equals", "below", "above", "present", "unreadable", "named")

Problem = tuple[str, str]


def placeholders(text: str) -> tuple[tuple[str, str], ...]:
    """The placeholders of a card's text as (output, figure): `{diabetes.of100}` is ("diabetes", "of100").

    Raises ValueError with a plain sentence when a brace does not belong to a known figure.
    """
    if "{" in _BRACES.sub("", text) or "}" in _BRACES.sub("", text):
        raise ValueError("holds a brace without its partner")
    found = []
    for inside in _BRACES.findall(text):
        output, _, figure = inside.partition(".")
        if figure not in FIGURES:
            raise ValueError(
                f"holds {{{inside}}}; write {{<output>.<figure>}} with one of {', '.join(FIGURES)}"
            )
        found.append((output, figure))
    return tuple(found)


def check_manifest(manifest: "Manifest", path: Path | str) -> None:
    """Raise ManifestError for the first thing that does not fit together."""
    checks = (_identity, _outputs, _features, _rules, _explanation, _card, _fairness, _files)
    for check in checks:
        for field, remedy in check(manifest):
            raise ManifestError(path, field, remedy)


def _identity(manifest: "Manifest") -> Iterator[Problem]:
    if not SLUG.match(manifest.id):
        yield "id", "use lower-case words joined by hyphens"
    if not SLUG.match(manifest.service_id):
        yield "service", "use lower-case words joined by hyphens"
    if not manifest.version:
        yield "version", "give the model a version"
    if not manifest.hooks:
        yield "hooks", "name at least one hook"


def _outputs(manifest: "Manifest") -> Iterator[Problem]:
    if not manifest.outputs:
        yield "outputs", "name at least one output"
    yield from _names("outputs", manifest.output_names)


def _features(manifest: "Manifest") -> Iterator[Problem]:
    if not manifest.features or len(manifest.feature_names) != len(manifest.features):
        yield "features", "give a list of features, each with its fields"
    yield from _names("features", manifest.feature_names)


def _names(field: str, names: tuple[str, ...]) -> Iterator[Problem]:
    for name in names:
        if not NAME.match(name):
            yield field, f"`{name}` must be snake_case, 1 to 63 characters"
        if names.count(name) > 1:
            yield field, f"`{name}` is defined twice; give each a name of its own"


def _rules(manifest: "Manifest") -> Iterator[Problem]:
    for i, rule in enumerate(manifest.rules):
        yield from _rule(rule, f"rules[{i}]", manifest.feature_names)


def _rule(rule: "Rule", field: str, features: tuple[str, ...]) -> Iterator[Problem]:
    if rule.when.feature not in features:
        yield f"{field}.when.feature", f"`{rule.when.feature}` is not a feature; name one of `features`"
    if sum(getattr(rule.when, test) is not None for test in _TESTS) != 1:
        yield f"{field}.when", f"give exactly one of {', '.join(_TESTS)}"
    if not SLUG.match(rule.reason):
        yield f"{field}.reason", "use lower-case words joined by hyphens"
    if rule.outcome == "silent" and rule.card:
        yield f"{field}.card", "a silent rule shows no card; use outcome `outside`, or leave card out"


def _explanation(manifest: "Manifest") -> Iterator[Problem]:
    yield from _known("explanation.anchors", manifest.explanation.anchors, manifest.feature_names, "features")


def _card(manifest: "Manifest") -> Iterator[Problem]:
    card, outputs = manifest.card, manifest.output_names
    for name in ("headline", "lead", "outside_headline"):
        yield from _text(f"card.{name}", getattr(card, name), outputs)
    if card.outside_headline and placeholders(card.outside_headline):
        yield "card.outside_headline", "has no figures to show; leave the placeholders out"
    yield from _known("card.thresholds", card.thresholds, outputs, "outputs")
    yield from _known("card.speak_when", card.speak_when, card.thresholds, "card.thresholds")
    for name, threshold in card.thresholds.items():
        if not 0.0 < threshold.at < 1.0:
            yield f"card.thresholds.{name}.at", "must lie between 0 and 1"
    for i, suggestion in enumerate(card.suggestions):
        if not isinstance(suggestion.resource.get("resourceType"), str):
            yield f"card.suggestions[{i}].resource", "needs a resourceType"
    if card.top_factors < 0:
        yield "card.top_factors", "must be 0 or more"


def _text(field: str, text: str | None, outputs: tuple[str, ...]) -> Iterator[Problem]:
    try:
        found = placeholders(text or "")
    except ValueError as error:
        yield field, str(error)
        return
    yield from _known(field, (output for output, _ in found), outputs, "outputs")


def _fairness(manifest: "Manifest") -> Iterator[Problem]:
    yield from _known("fairness.output", (manifest.fairness.output,), manifest.output_names, "outputs")


def _files(manifest: "Manifest") -> Iterator[Problem]:
    if MODEL_FILE not in manifest.files:
        yield "files", f"the SHA-256 of {MODEL_FILE} is missing; `bedside models seal FOLDER` writes it"
    for name, digest in manifest.files.items():
        if not FILE.match(name):
            yield "files", f"`{name}` must be the plain name of a file in the folder"
        if not SHA256.match(digest):
            yield f"files.{name}", "must be a SHA-256 in 64 lower-case hexadecimal digits"


def _known(field: str, names: Iterable[str], known: Iterable[str], where: str) -> Iterator[Problem]:
    allowed = tuple(known)
    for name in names:
        if name not in allowed:
            yield field, f"`{name}` is not in `{where}`; use one of: {', '.join(allowed) or 'none'}"
