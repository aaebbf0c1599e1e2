"""What can be wrong with what an evidence record is made of."""

from fairness.errors import FairnessError


class EvidenceError(FairnessError, ValueError):
    """A declaration that cannot stand, or a part of another model; names it and the remedy."""
