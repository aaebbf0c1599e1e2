"""Errors of reading predictions.

AuditError (also FairnessError, ValueError)  the file, the column and the remedy are in the message
"""

from fairness.errors import FairnessError


class AuditError(FairnessError, ValueError):
    """A file of predictions cannot be audited; the message names file, column and remedy, and no value."""
