"""Errors of the mapping room.

MappingError
├── SpecError            a feature spec, analyte table or value set that cannot be used
└── PayloadError         a FHIR payload that cannot be read at all
    └── WrongPatient     the payload is about another patient than the one asked for

A bad *entry* is never an error: it becomes an `Issue` and the rest is read.
No message quotes a value that came with a patient.
"""


class MappingError(Exception):
    """Base of every error that this room raises on purpose."""


class SpecError(MappingError):
    """A feature spec, analyte or value set that cannot be used; names the file, the feature and the remedy.

    `path` leads to the offending field from where the error was raised: names of fields and positions in
    lists; empty when there is no such field.
    """

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


class PayloadError(MappingError):
    """A payload that cannot be read at all; `path` names the element, never its content."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


class WrongPatient(PayloadError):
    """The payload is about another patient than the one that the caller named."""
