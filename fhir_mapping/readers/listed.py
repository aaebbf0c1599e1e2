"""Features that ask whether a list holds certain codes: conditions, medications, procedures."""

from collections.abc import Callable, Sequence

from fhir_mapping.code_index import CodeIndex, Drug, has_code_in
from fhir_mapping.errors import SpecError
from fhir_mapping.readers.conditions import ConditionJudge
from fhir_mapping.readers.entries import (
    NAMED_IN_WORDS,
    NOT_CODED,
    PRODUCT_UNKNOWN,
    EntryReader,
    resolve_codes,
    systems_of,
)
from fhir_mapping.readers.medications import MedicationJudge
from fhir_mapping.readers.statuses import IGNORED, UNKNOWN, by_code, statuses
from fhir_mapping.readers.words import displays_of, is_another, names_member
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Resource
from fhir_mapping.spec import Category, Code, Condition, Medication, Procedure
from fhir_mapping.terminology.code_systems import meant
from fhir_mapping.terminology.names import Naming
from fhir_mapping.terminology.products import RXNORM, ingredients, is_known, with_products
from fhir_mapping.times import IndexTime
from fhir_mapping.values import FeatureValue, missing

_RXNORM = frozenset((RXNORM,))
Judge = Callable[[Resource, IndexTime, PatientRecord], str | None]


class ListReader(EntryReader):
    """Compiled form of a `condition`, `medication` or `procedure` feature; entries are found by the index of
    codes."""

    __slots__ = (
        "_has_products",
        "_is_of_drugs",
        "_judge",
        "_of_kind",
        "bare",
        "codes",
        "ingredients",
        "naming",
        "systems",
    )

    def __init__(self, spec: Condition | Medication | Procedure, own: tuple[Code, ...] | None = None) -> None:
        """Raises SpecError when there are no codes; `own` are those that the manifest names one by one."""
        super().__init__(spec, _kinds(spec))
        listed = resolve_codes(spec.valueset, spec.codes)
        # A value set enumerates what it means; single codes may be ingredients, and stand for their products.
        single = (spec.codes if own is None else own) if isinstance(spec, Medication) else ()
        named = tuple((one.code, one.system) for one in single)
        self.ingredients = ingredients(named)
        self.codes = frozenset((*listed, *with_products(named)))
        self.systems = systems_of(self.codes)
        self.bare = frozenset(code for code, _ in self.codes)
        self.naming = Naming(self.codes, displays_of(spec.codes if own is None else own))
        self._is_of_drugs = isinstance(spec, Medication)
        self._has_products = self._is_of_drugs and RXNORM in self.systems
        self._of_kind = frozenset(self.kinds)
        self._judge = _judge(spec)

    def candidates(self, record: PatientRecord) -> Sequence[tuple[int, str | None]]:
        """Entries that carry a code of the list, and those of which nobody can tell whether they do.

        These have no code in any of the list's code systems, or one of the list's codes without its system;
        where single ingredients are asked for, also a product of which nobody knows what it is made of. Words
        that surely name something else settle each of them (`fhir_mapping.readers.words`). A drug whose words
        hold the name of a member is `named-in-words`, also where it is a product in no table or one that was
        not sent along.
        """
        index = record.codes
        carried = index.within(self.codes, self.systems)
        unclear = index.beyond(self.kinds, self.systems)
        unsent = index.unresolved if self._is_of_drugs else ()
        if not (carried or unclear or unsent or self.ingredients or self._has_products or index.has_nameless):
            return ()
        doubts = dict.fromkeys(unclear, NOT_CODED)
        if self.ingredients:
            doubts |= dict.fromkeys(self._unknown_products(index).difference(doubts), PRODUCT_UNKNOWN)
        kinds, resources = self._of_kind, record.resources
        found: dict[int, str | None] = {
            at: reason
            for at, reason in doubts.items()
            if resources[at].kind in kinds and not is_another(record, at, self.naming, self.systems)
        }
        near = index.nameless_among(self.bare) if index.has_nameless else ()
        found |= {at: NOT_CODED for at in near if resources[at].kind in kinds}
        if self._is_of_drugs:
            branded = self._unknown_products(index) if self._has_products else set()
            found |= {
                at: NAMED_IN_WORDS
                for at in branded.union(found, unsent)
                if resources[at].kind in kinds and names_member(record, at, self.naming)
            }
        found |= {at: None for at in carried if resources[at].kind in kinds}
        return sorted(found.items())

    @staticmethod
    def _unknown_products(index: CodeIndex) -> set[int]:
        """Positions of RxNorm products of which nobody knows what is in them; their Medication may tell."""
        products = index.positions_of.get(RXNORM, {})
        known = {at for code, places in products.items() if is_known(code) for at in places}
        known.difference_update(at for at in known & index.drugs.keys() if not _is_known(index.drugs[at]))
        itemised = {at for at, drug in index.drugs.items() if _has_coded_parts(drug)}
        unknown = {at for places in products.values() for at in places}
        return unknown.difference(known, itemised, index.unresolved)

    def standing(self, record: PatientRecord, at: int, index: IndexTime) -> str | None:
        """What the kind of list makes of an entry's statuses."""
        return self._judge(record.resources[at], index, record)


class CategoryReader:
    """Compiled form of a nominal `condition` feature."""

    kinds = ("Condition",)
    __slots__ = ("levels", "name", "spec")

    def __init__(self, spec: Condition) -> None:
        """Raises SpecError when a level has no codes or a code belongs to two levels."""
        self.spec = spec
        self.name = spec.name
        self.levels = tuple(
            (level, self._reader(spec, level, at)) for at, level in enumerate(spec.categories)
        )
        # An entry is compared with the levels as a whole: what is coded as one of them is none of the others.
        systems = frozenset[str]().union(*(reader.systems for _, reader in self.levels))
        seen: dict[tuple[str, str], str] = {}
        for level, reader in self.levels:
            reader.systems = systems
            for code in reader.codes:
                if seen.setdefault(code, level.label) != level.label:
                    raise SpecError(f"code {code[0]} is in `{seen[code]}` and `{level.label}`", "categories")

    @staticmethod
    def _reader(spec: Condition, level: Category, at: int) -> ListReader:
        one = Condition(
            name=spec.name,
            label=level.label,
            valueset=level.valueset,
            codes=level.codes,
            clinical=spec.clinical,
            verification=spec.verification,
            active=spec.active,
            window=spec.window,
        )
        try:
            return ListReader(one)
        except SpecError as error:
            raise SpecError(str(error), "categories", at, *error.path) from None

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """The level of the newest matching entry; two levels of the same date are ambiguous.

        An entry with a listed code that cannot be used could be the newest, and gives no value; one without
        a code only where nothing else is found.
        """
        seen = [(level, reader.gather(record, index)) for level, reader in self.levels]
        troubles = [one.trouble for _, one in seen if one.trouble is not None]
        found = [(*one.found[0], level) for level, one in seen if one.found]
        listed = [trouble for trouble in troubles if trouble != NOT_CODED]
        if listed or (troubles and not found):
            return missing(self.name, (listed or troubles)[0])
        if not found and record.doubts(("Condition",)):
            return missing(self.name, "incomplete")
        if not found:
            return missing(self.name, "not-listed" if record.provides(("Condition",)) else "not-provided")
        found.sort(key=lambda one: one[0], reverse=True)
        when, at, level = found[0]
        if len(found) > 1 and found[1][0] == when:
            return missing(self.name, "ambiguous")
        return FeatureValue(
            self.name,
            level.value,
            date=record.resources[at].began,
            source=record.source(at),
            text=level.label,
        )


def _kinds(spec: Condition | Medication | Procedure) -> tuple[str, ...]:
    if isinstance(spec, Medication):
        return spec.resources
    return ("Condition",) if isinstance(spec, Condition) else ("Procedure",)


def _judge(spec: Condition | Medication | Procedure) -> Judge:
    if isinstance(spec, Condition):
        return ConditionJudge(spec)
    if isinstance(spec, Medication):
        return _of_drugs(MedicationJudge(spec))
    accepted, known = frozenset(spec.statuses), statuses().status["Procedure"]
    return lambda resource, _, __: by_code(resource.status, accepted, known)


def _of_drugs(judge: MedicationJudge) -> Judge:
    def judged(resource: Resource, index: IndexTime, record: PatientRecord) -> str | None:
        standing = judge(resource, index)
        # The chart may hold a copy of the order that is being written; unsigned it tells of nothing.
        is_draft = any((one.kind, one.id) == (resource.kind, resource.id) for one in record.drafts)
        return IGNORED if standing == UNKNOWN and is_draft else standing

    return judged


def _is_known(drug: Drug) -> bool:
    """Whether it is known of the product itself, and not only of some of its ingredients, what is in it."""
    codings = (drug.product.coding if drug.product is not None else None) or ()
    return any(system == RXNORM and is_known(code or "") for code, system in map(meant, codings))


def _has_coded_parts(drug: Drug) -> bool:
    return bool(drug.parts) and all(has_code_in(part, _RXNORM) for part in drug.parts)
