"""Features that ask what is being ordered: draft orders of the hook."""

from fhir_mapping.drafts import Draft as DraftOrder
from fhir_mapping.readers.entries import carries, resolve_codes
from fhir_mapping.record import PatientRecord
from fhir_mapping.spec import Draft
from fhir_mapping.times import IndexTime
from fhir_mapping.values import FeatureValue, missing


class DraftReader:
    """Compiled form of a `draft` feature."""

    kinds: tuple[str, ...] = ()
    __slots__ = ("codes", "name", "spec")

    def __init__(self, spec: Draft) -> None:
        """Raises SpecError when there are no codes."""
        self.spec = spec
        self.name = spec.name
        self.codes = frozenset(resolve_codes(spec.valueset, spec.codes))

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """1 when a draft has one of the codes, else 0; missing when a draft does not tell which drug."""
        theirs = [draft for draft in record.drafts if record.concerns(draft)]
        for draft in theirs:
            if any(carries(concept, self.codes) for concept in draft.concepts):
                return FeatureValue(self.name, 1.0, source=f"{draft.kind}/{draft.id}")
        if any(draft.is_untold for draft in theirs) or any(map(_is_for_nobody, record.drafts)):
            return missing(self.name, "not-coded")
        return FeatureValue(self.name, 0.0, "none-recorded")


def _is_for_nobody(draft: DraftOrder) -> bool:
    """Whether a draft names its subject in a way that cannot be checked."""
    return draft.subject is not None and draft.subject.reference is None
