"""What can go wrong at the edge.

EdgeError
├── SettingsError        the environment or a model folder does not let the service start
└── Refusal              a request that is not answered with cards; carries its HTTP status
    ├── BadRequest           400  the body cannot be read or lacks something
    ├── UnknownService       404
    ├── MissingData          412  a model needs data that the client did not provide
    ├── TooLarge             413
    ├── NotJson              415
    ├── ModelFailed          500  a model raised; never told as an empty list of cards
    └── RecordUnavailable    503  the ledger cannot be written, so no answer is given

No message holds a value from a request.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar

__all__ = [
    "BadRequest",
    "EdgeError",
    "MissingData",
    "ModelFailed",
    "NotJson",
    "RecordUnavailable",
    "Refusal",
    "SettingsError",
    "TooLarge",
    "UnknownService",
]


class EdgeError(Exception):
    """Base of every error that the edge raises on purpose."""


class SettingsError(EdgeError):
    """The service cannot start; the message names the variable or file and the remedy."""


class Refusal(EdgeError):
    """A request that gets no cards: one sentence per problem, and the element that each is about.

    `code` is a FHIR issue type (https://hl7.org/fhir/R4/valueset-issue-type.html).
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "exception"

    def __init__(self, *sentences: str, expression: str | None = None, code: str | None = None) -> None:
        super().__init__("; ".join(sentences))
        self.sentences: Sequence[str] = sentences
        self.expression = expression
        self.issue_code = code or self.code


class BadRequest(Refusal):
    """The client must send something else."""

    status = HTTPStatus.BAD_REQUEST
    code = "invalid"


class UnknownService(Refusal):
    """There is no such service or model."""

    status = HTTPStatus.NOT_FOUND
    code = "not-found"


class MissingData(Refusal):
    """Data that a model cannot do without was not provided (cds-hooks_2.0@54)."""

    status = HTTPStatus.PRECONDITION_FAILED
    code = "required"


class TooSlow(Refusal):
    """The request did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "timeout"


class Busy(Refusal):
    """There was no room for all requests that arrived at once."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "throttled"


class TooLarge(Refusal):
    """The body is over the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too-long"


class NotJson(Refusal):
    """The body is not declared as JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "not-supported"


class ModelFailed(Refusal):
    """A model could not be run, so the clinician is not told that there is nothing to say."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "exception"


class RecordUnavailable(Refusal):
    """The answer could not be recorded, and an answer without a record is not given."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "transient"
