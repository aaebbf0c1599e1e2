"""The manifest of a model, `model.yaml`: everything that is known and declared about a model, in data.

A field that is not listed here is refused, so that a spelling mistake never passes as a setting.
`features` stays raw; `fhir_mapping.features.FeatureSet` reads it.
"""

from pathlib import Path
from typing import Any, Literal

import msgspec

from fairness.gate import Policy
from fhir_mapping.yamlfile import YAMLError, read_yaml
from models.errors import ManifestError
from models.manifest_checks import check_manifest
from models.regulatory import Regulatory

MANIFEST = "model.yaml"
Hook = Literal["patient-view", "order-select", "order-sign", "encounter-start", "encounter-discharge"]


class _Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every block: immutable, and a field it does not know is refused."""


class Developer(_Block, frozen=True):
    """Who made the model and who paid for it."""

    name: str
    contact: str
    funding: str


class IntendedUse(_Block, frozen=True):
    """What the model is for, for whom, and where it must not be used."""

    purpose: str
    users: str
    population: str
    decision_role: str
    not_for: tuple[str, ...]
    risks: tuple[str, ...]
    limits: tuple[str, ...] = ()


class Training(_Block, frozen=True):
    """What the model learnt from. `n` counts people after exclusions."""

    data: str
    n: int
    period: str
    inclusion: str
    exclusion: str
    licence_note: str
    script: str | None = None
    defects: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Output(_Block, frozen=True):
    """One probability that the model gives; the first output of a manifest is its primary one."""

    name: str
    label: str
    horizon: str
    kind: Literal["probability"] = "probability"


class When(_Block, frozen=True):
    """Condition of a rule on one feature: exactly one of the six tests.

    A missing value satisfies `present: false`, `unreadable: true` when something was recorded in the window
    that could not be used, and `named: true` when an entry that could not be used names what is asked for, by
    code or in words ("Keytruda" where checkpoint inhibitors are); nothing else.
    """

    feature: str
    equals: float | None = None
    below: float | None = None
    above: float | None = None
    present: bool | None = None
    unreadable: bool | None = None
    named: bool | None = None


class Rule(_Block, frozen=True):
    """A reason not to score: `silent` (nothing to say) or `outside` (not made for this patient)."""

    when: When
    outcome: Literal["silent", "outside"]
    reason: str
    text: str
    card: bool = False


class Explanation(_Block, frozen=True):
    """How the contributions are computed; the typical patient shares the patient's `anchors`."""

    method: Literal["additive", "permutation", "none"] = "none"
    anchors: tuple[str, ...] = ()


class Threshold(_Block, frozen=True):
    """A decision threshold on a probability, in (0, 1), and its justification."""

    at: float
    why: str


class Coding(_Block, frozen=True):
    """A code with its system and display."""

    system: str
    code: str
    display: str


class Suggestion(_Block, frozen=True):
    """A draft resource that the clinician may accept; `{{context.patientId}}` is filled in by the card."""

    label: str
    resource: dict[str, Any]
    description: str | None = None
    recommended: bool = False


class CardPolicy(_Block, frozen=True):
    """What the card says and when. Texts may hold `{<output>.of100}`, `.low100`, `.high100`, `.typical100`.

    A card appears when any output of `speak_when` reaches its threshold; an empty list means always.
    """

    headline: str
    lead: str | None = None
    outside_headline: str | None = None
    indicator: Literal["info", "warning"] = "info"
    thresholds: dict[str, Threshold] = {}
    speak_when: tuple[str, ...] = ()
    topic: Coding | None = None
    suggestions: tuple[Suggestion, ...] = ()
    override_reasons: tuple[Coding, ...] = ()
    top_factors: int = 5


class Manifest(_Block, frozen=True):
    """One model.yaml. `files` maps the names of the folder's files to their SHA-256 (hexadecimal)."""

    id: str
    version: str
    title: str
    status: Literal["research", "shadow", "active", "retired"]
    hooks: tuple[Hook, ...]
    description: str
    developer: Developer
    intended_use: IntendedUse
    training: Training
    citations: tuple[str, ...]
    features: list[Any]
    outputs: tuple[Output, ...]
    card: CardPolicy
    fairness: Policy
    files: dict[str, str] = {}
    engine: Literal["onnx"] = "onnx"
    service: str = ""
    rules: tuple[Rule, ...] = ()
    explanation: Explanation = Explanation()
    regulatory: Regulatory = Regulatory()

    @property
    def service_id(self) -> str:
        """Id of the CDS service that speaks for the model: `service`, or the model's own id."""
        return self.service or self.id

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of all features, in the order of the manifest."""
        return tuple(str(f.get("name")) for f in self.features if isinstance(f, dict))

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs, primary first."""
        return tuple(output.name for output in self.outputs)

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """Read and check a model.yaml; raises ManifestError with file, field and remedy."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise ManifestError(path, "file", "cannot be read; it must be a file of UTF-8 text") from None
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path | str = MANIFEST) -> "Manifest":
        """Read and check the text of a model.yaml; `path` names the file in messages."""
        try:
            content = read_yaml(text)
        except YAMLError as error:
            line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
            raise ManifestError(path, f"line {line}", "is not YAML; mend the syntax there") from None
        try:
            manifest = msgspec.convert(content, cls)
        except msgspec.ValidationError as error:
            message, _, where = str(error).partition(" - at ")
            field = where.strip("`").removeprefix("$.") or "top level"
            raise ManifestError(
                path,
                field,
                f"{message}; mend the field, or take it out if the manifest has none of that name",
            ) from None
        check_manifest(manifest, path)
        return manifest
