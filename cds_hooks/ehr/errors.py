"""What can go wrong when an EHR is played.

EhrError
├── UnusableFile        a file that cannot be played: not JSON, no Bundle, no single patient, no orders
├── UnsupportedQuery    a prefetch template asks for more than the simulated FHIR server can answer
├── UnresolvedToken     a prefetch template has a token that this hook's context does not fill
├── CannotPlay          the hook, the service or the address cannot be played as asked
└── ServiceError        the exchange with the CDS service went wrong
    ├── ServiceUnreachable   nothing answered
    ├── ServiceRefused       HTTP 4xx
    ├── ServiceFailed        HTTP 5xx
    └── BrokenAnswer         an answer that CDS Hooks 2.0 does not allow

No message quotes patient data: files are described by position, queries by the name of their parameter.
"""

from __future__ import annotations

__all__ = [
    "BrokenAnswer",
    "CannotPlay",
    "EhrError",
    "ServiceError",
    "ServiceFailed",
    "ServiceRefused",
    "ServiceUnreachable",
    "UnresolvedToken",
    "UnsupportedQuery",
    "UnusableFile",
]


class EhrError(Exception):
    """Base of everything that this package raises on purpose."""


class UnusableFile(EhrError):
    """A file cannot be played; the message names it, says what is wrong and what to do."""

    def __init__(self, name: str, problem: str) -> None:
        """Keep the problem apart: a file's name may be a patient's, so not every message may tell it."""
        super().__init__(f"{name}: {problem}")
        self.problem = problem


class UnsupportedQuery(EhrError):
    """A FHIR query is outside the subset that CDS Hooks 2.0 recommends for prefetch."""


class UnresolvedToken(EhrError):
    """A prefetch token has no value in this hook's context."""


class CannotPlay(EhrError):
    """The hook cannot be played as asked: unknown hook or service, missing draft orders, bad address."""


class ServiceError(EhrError):
    """The exchange with the CDS service went wrong; `status` is None when there was no HTTP answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        """Keep the HTTP status beside the sentence that explains it."""
        super().__init__(message)
        self.status = status


class ServiceUnreachable(ServiceError):
    """No answer came from the address."""


class ServiceRefused(ServiceError):
    """The service answered with a 4xx status."""


class ServiceFailed(ServiceError):
    """The service answered with a 5xx status."""


class BrokenAnswer(ServiceError):
    """The answer cannot be read as CDS Hooks 2.0."""
