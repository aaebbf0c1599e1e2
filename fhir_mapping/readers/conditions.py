"""Whether a Condition counts: verification, clinical status, and what was active on the index date."""

from typing import cast

from fhir_mapping.readers.lifetimes import IN_WORDS, abatement
from fhir_mapping.readers.statuses import IGNORED, UNKNOWN, by_concept, refuted, statuses
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Condition as ConditionResource
from fhir_mapping.resources import Resource
from fhir_mapping.spec import Condition
from fhir_mapping.times import DateError, IndexTime

_OVER = frozenset(("inactive", "remission", "resolved"))
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

    def __call__(self, resource: Resource, index: IndexTime, record: PatientRecord) -> str | None:
        """None when it counts, IGNORED when it does not, else the reason why nobody can tell.

        Refuted and erroneous entries never count. An entry without clinical status counts: encounter
        diagnoses have none. Where only what is active is asked for, an abatement ends an entry, whatever its
        clinical status: many an entry is never closed, and the date says more than a status left as it was.
        One without verification status counts unless certain ones are asked for.
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
            return self._was_active(condition, index, record)
        standing = by_concept(condition.clinicalStatus, self.clinical, clinical)
        if standing is None and self.clinical.isdisjoint(_OVER):
            return self._was_active(condition, index, record)
        return standing

    def _was_active(
        self, condition: ConditionResource, index: IndexTime, record: PatientRecord
    ) -> str | None:
        """Active on the index date: not abated before it, and either active still or abated only after it.

        An abatement in words was written down when it was over; beside a status of being active it says
        nothing. Where an abatement may lie on either side of the index time, an active status decides.
        """
        status = by_concept(condition.clinicalStatus, ACTIVE, self.statuses[0])
        try:
            over = abatement(record, condition)
        except DateError as error:
            return error.code
        if over is None or status == UNKNOWN:
            return status
        is_active = status is None and condition.clinicalStatus is not None
        if over == IN_WORDS:
            return UNKNOWN if is_active else IGNORED
        if isinstance(over, str):
            return over
        if over.last < index.moment:
            return IGNORED
        return None if is_active or over.first > index.moment else "date-partial"
