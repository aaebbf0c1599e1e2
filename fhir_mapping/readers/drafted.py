"""Features that ask what is being ordered: draft orders of the hook."""

from fhir_mapping.code_index import has_code_in
from fhir_mapping.drafts import Draft as DraftOrder
from fhir_mapping.issues import Issue
from fhir_mapping.readers.entries import NOT_CODED, PRODUCT_UNKNOWN, carries, resolve_codes, systems_of
from fhir_mapping.readers.words import displays_of, says_another
from fhir_mapping.record import PatientRecord
from fhir_mapping.spec import Code, Draft
from fhir_mapping.terminology.code_systems import meant
from fhir_mapping.terminology.names import Naming
from fhir_mapping.terminology.products import RXNORM, ingredients, is_known, with_products
from fhir_mapping.times import IndexTime
from fhir_mapping.values import FeatureValue, missing
from fhir_mapping.wire import CodeableConcept

_RXNORM = frozenset((RXNORM,))
_TOLD = {
    NOT_CODED: "does not tell in a code that can be compared what it orders",
    PRODUCT_UNKNOWN: "orders a product of which nobody knows what it is made of",
}


class DraftReader:
    """Compiled form of a `draft` feature."""

    kinds: tuple[str, ...] = ()
    __slots__ = ("bare", "codes", "ingredients", "name", "naming", "spec", "systems")

    def __init__(self, spec: Draft, own: tuple[Code, ...] | None = None) -> None:
        """Raises SpecError when there are no codes; `own` are those that the manifest names one by one."""
        self.spec = spec
        self.name = spec.name
        single = spec.codes if own is None else own
        named = tuple((one.code, one.system) for one in single)
        self.ingredients = ingredients(named)
        self.codes = frozenset((*resolve_codes(spec.valueset, spec.codes), *with_products(named)))
        self.systems = systems_of(self.codes)
        self.bare = frozenset(code for code, _ in self.codes)
        self.naming = Naming(self.codes, displays_of(single))

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """1 when a draft has one of the codes, else 0.

        Missing when a draft is for another subject, or nobody can tell whether it orders what is asked for:
        see `fhir_mapping.readers.words` for drafts in words and in other code systems.
        """
        theirs = [draft for draft in record.drafts if record.concerns(draft)]
        for draft in theirs:
            if any(carries(concept, self.codes) for concept in (*draft.concepts, *draft.parts)):
                return FeatureValue(self.name, 1.0, source=f"{draft.kind}/{draft.id}")
        if len(theirs) < len(record.drafts):
            return missing(self.name, "other-subject")
        doubts = [(draft, reason) for draft in theirs if (reason := self._doubt(draft)) is not None]
        for draft, reason in doubts:
            record.issues.append(Issue(draft.path, reason, f"{_TOLD[reason]} (feature {self.name})"))
        if doubts:
            reasons = {reason for _, reason in doubts}
            return missing(self.name, NOT_CODED if NOT_CODED in reasons else PRODUCT_UNKNOWN)
        return FeatureValue(self.name, 0.0, "none-recorded")

    def _doubt(self, draft: DraftOrder) -> str | None:
        """Why nobody can tell that a draft, which carries none of the codes, does not order what is asked."""
        if draft.is_untold or self._may_be_meant(draft):
            return NOT_CODED
        if self._is_comparable(draft):
            unknown = bool(self.ingredients) and _is_unknown_product(draft)
            return PRODUCT_UNKNOWN if unknown and not self._is_another(draft) else None
        if RXNORM in self.systems and not draft.kind.startswith("Medication"):
            return None  # what is no medication order is not one of these drugs, whatever its codes
        return None if self._is_another(draft) else NOT_CODED

    def _is_comparable(self, draft: DraftOrder) -> bool:
        if any(has_code_in(concept, self.systems) for concept in draft.concepts):
            return True
        return bool(draft.parts) and all(has_code_in(part, self.systems) for part in draft.parts)

    def _is_another(self, draft: DraftOrder) -> bool:
        untold = [part for part in draft.parts if not has_code_in(part, self.systems)]
        return says_another((*draft.concepts, *untold), self.naming)

    def _may_be_meant(self, draft: DraftOrder) -> bool:
        """Whether a draft carries one of the codes without its system."""
        codings = (one for concept in (*draft.concepts, *draft.parts) for one in concept.coding or ())
        return any(not coding.system and coding.code in self.bare for coding in codings)


def _is_unknown_product(draft: DraftOrder) -> bool:
    """Whether a draft names RxNorm products, of none of which it is known what they are made of."""
    if draft.parts and all(has_code_in(part, _RXNORM) for part in draft.parts):
        return False
    products = [code for concept in draft.concepts for code in _rxnorm(concept)]
    return bool(products) and not any(is_known(code) for code in products)


def _rxnorm(concept: CodeableConcept) -> list[str]:
    pairs = (meant(coding) for coding in concept.coding or ())
    return [code for code, system in pairs if system == RXNORM and code]
