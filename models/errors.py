"""Errors of the room `models`.

    ModelError
    ├── ManifestError       a model.yaml that cannot be used; names file, field and remedy
    ├── ModelRefused        a model folder whose files are not what the manifest says, or not safe to run
    ├── EvaluationError     an evaluation.json that cannot be read
    └── PredictionError     the model ran and gave something that is not a probability

No message quotes a value that came with a patient.
"""

from pathlib import Path


class ModelError(Exception):
    """Base of every error that this room raises on purpose."""


class ManifestError(ModelError):
    """A manifest that cannot be used: `file`, `field` and what to do about it."""

    def __init__(self, file: Path | str, field: str, remedy: str) -> None:
        super().__init__(f"{file}: {field}: {remedy}")
        self.file = str(file)
        self.field = field
        self.remedy = remedy


class ModelRefused(ModelError):
    """A model folder that the service does not run; the message names the file and what is wrong with it."""


class EvaluationError(ModelError):
    """An evaluation.json that does not have the agreed form."""


class PredictionError(ModelError):
    """The model's numbers are not probabilities (NaN, or outside 0 to 1); nothing is shown for it."""
