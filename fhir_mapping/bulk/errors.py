"""Errors of bulk reading.

MappingError
└── BulkError            the run cannot start or go on; the message names the folder or file and the remedy

A line or file that cannot be read is never an error: it is a `Problem` of the run, and the rest is read.
"""

from fhir_mapping.errors import MappingError


class BulkError(MappingError):
    """A run that cannot start or go on."""
