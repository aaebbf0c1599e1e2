"""Whether a Condition counts: verification, clinical status, and what was active on the index date."""

from typing import cast

from fhir_mapping.readers.statuses import IGNORED, by_concept, refuted, statuses
from fhir_mapping.resources import Condition as ConditionResource
from fhir_mapping.resources import Resource
from fhir_mapping.spec import Condition
from fhir_mapping.times import DateError, IndexTime, bounds

ACTIVE = frozenset(("active", "recurrence", "relapse"))


class ConditionJudge:
    """Compiled form of what a `condition` feature asks of an entry's statuses."""

    __slots__ = ("active", "clinical", "statuses", "verification")

    def __init__(self, spec: Condition) -> None:
        self.active = spec.active
        self.clinical = frozenset(spec.clinical)
        self.verification = frozenset(spec.verification)
        known = statuses()
        self.statuses = known.clinical["Condition"], known.verification["Condition"]

    def __call__(self, resource: Resource, index: IndexTime) -> str | None:
        """None when it counts, IGNORED when it does not, else the reason why nobody can tell.

        Refuted and erroneous entries never count. An entry without clinical status counts: encounter
        diagnoses have none. One without verification status counts unless certain ones are asked for.
        """
        condition = cast(ConditionResource, resource)
        clinical, verification = self.statuses
        standing = refuted(condition.verificationStatus, verification)
        if standing is None and self.verification:
            standing = by_concept(
                condition.verificationStatus, self.verification, verification, absent="detail-missing"
            )
        if standing is not None:
            return standing
        if self.active:
            return self._was_active(condition, index)
        return by_concept(condition.clinicalStatus, self.clinical, clinical)

    def _was_active(self, condition: ConditionResource, index: IndexTime) -> str | None:
        """Active on the index date: not abated before it, and either active still or abated only after it."""
        status = by_concept(condition.clinicalStatus, ACTIVE, self.statuses[0])
        if condition.abated is None:
            return status
        try:
            first, last = bounds(condition.abated)
        except DateError as error:
            return error.code
        if last < index.moment:
            return IGNORED
        if status != IGNORED or first > index.moment:
            return None if status == IGNORED else status
        return "date-partial"
