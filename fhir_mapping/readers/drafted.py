"""Features that ask what is being ordered: draft orders of the hook."""

from fhir_mapping.drafts import Draft as DraftOrder
from fhir_mapping.issues import Issue
from fhir_mapping.readers.entries import PRODUCT_UNKNOWN, carries, resolve_codes
from fhir_mapping.record import PatientRecord
from fhir_mapping.spec import Code, Draft
from fhir_mapping.terminology.code_systems import meant
from fhir_mapping.terminology.products import RXNORM, ingredients, is_known, with_products
from fhir_mapping.times import IndexTime
from fhir_mapping.values import FeatureValue, missing


class DraftReader:
    """Compiled form of a `draft` feature."""

    kinds: tuple[str, ...] = ()
    __slots__ = ("codes", "ingredients", "name", "spec")

    def __init__(self, spec: Draft, own: tuple[Code, ...] | None = None) -> None:
        """Raises SpecError when there are no codes; `own` are those that the manifest names one by one."""
        self.spec = spec
        self.name = spec.name
        named = tuple((one.code, one.system) for one in (spec.codes if own is None else own))
        self.ingredients = ingredients(named)
        self.codes = frozenset((*resolve_codes(spec.valueset, spec.codes), *with_products(named)))

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """1 when a draft has one of the codes, else 0.

        Missing when a draft is for another subject, or does not tell which drug it orders.
        """
        theirs = [draft for draft in record.drafts if record.concerns(draft)]
        for draft in theirs:
            if any(carries(concept, self.codes) for concept in draft.concepts):
                return FeatureValue(self.name, 1.0, source=f"{draft.kind}/{draft.id}")
        if len(theirs) < len(record.drafts):
            return missing(self.name, "other-subject")
        nameless = [draft for draft in theirs if self._may_be_meant(draft)]
        for draft in nameless:
            told = "has a code without its system, so that nobody can tell what it orders"
            record.issues.append(Issue(draft.path, "not-coded", told))
        if nameless or any(draft.is_untold for draft in theirs):
            return missing(self.name, "not-coded")
        if self.ingredients and any(_is_unknown_product(draft) for draft in theirs):
            return missing(self.name, PRODUCT_UNKNOWN)
        return FeatureValue(self.name, 0.0, "none-recorded")

    def _may_be_meant(self, draft: DraftOrder) -> bool:
        """Whether a draft carries one of the codes without its system."""
        bare = {code for code, _ in self.codes}
        codings = (coding for concept in draft.concepts for coding in concept.coding or ())
        return any(not coding.system and coding.code in bare for coding in codings)


def _is_unknown_product(draft: DraftOrder) -> bool:
    """Whether a draft names RxNorm products, of none of which it is known what they are made of."""
    pairs = (meant(coding) for concept in draft.concepts for coding in concept.coding or ())
    products = [code for code, system in pairs if system == RXNORM and code]
    return bool(products) and not any(is_known(code) for code in products)
