"""What a key's failure means: may the models do without the key, and may they use a part of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fhir_mapping import prefetch
from fhir_mapping.features import FeatureSet

__all__ = ["KeyPolicy", "policies"]


_SINGLE = ("Observation", "Patient")
"""Types of which features read one value, and not whether there is an entry."""


@dataclass(frozen=True)
class KeyPolicy:
    """Policy of one prefetch key, derived from the features that read it.

    `required`: a feature that a model cannot do without reads it, so the call fails (412) when the key can be
    had from nowhere; an optional key is left out, and its features are missing. `partial`: what becomes of a
    search that could not be read to its end. `omit`: what came is used and the rest is left out, because
    features only ask whether something is there, and half a list never says that nothing is. `fail`: a part
    is no answer, because the newest value, or a count, may be in the part that lacks.
    """

    required: bool
    partial: Literal["fail", "omit"]


def policies(sets: Sequence[FeatureSet]) -> dict[str, KeyPolicy]:
    """Prefetch key -> policy, for one service with the features of all its models.

    The key of the patient is always required: without it there is neither age nor sex.
    """
    return {key: _policy(kind, sets) for key, kind in prefetch.KEYS.items()}


def _policy(kind: str, sets: Sequence[FeatureSet]) -> KeyPolicy:
    readers = [reader for one in sets for reader in one.readers.values() if kind in reader.kinds]
    required = kind == "Patient" or any(reader.spec.required for reader in readers)
    presence = kind not in _SINGLE and all(getattr(reader, "which", None) == "any" for reader in readers)
    return KeyPolicy(required, "omit" if presence else "fail")
