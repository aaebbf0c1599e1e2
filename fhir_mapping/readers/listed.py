"""Features that ask whether a list holds certain codes: conditions, medications, procedures."""

from collections.abc import Callable, Sequence

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.conditions import ConditionJudge
from fhir_mapping.readers.entries import NOT_CODED, PRODUCT_UNKNOWN, EntryReader, resolve_codes
from fhir_mapping.readers.medications import MedicationJudge
from fhir_mapping.readers.statuses import by_code, statuses
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import Resource
from fhir_mapping.spec import Category, Code, Condition, Medication, Procedure
from fhir_mapping.terminology.products import RXNORM, ingredients, is_known, with_products
from fhir_mapping.times import IndexTime
from fhir_mapping.values import FeatureValue, missing

Judge = Callable[[Resource, IndexTime], str | None]


class ListReader(EntryReader):
    """Compiled form of a `condition`, `medication` or `procedure` feature; entries are found by the index of
    codes."""

    __slots__ = ("_judge", "_of_kind", "bare", "codes", "ingredients", "systems")

    def __init__(self, spec: Condition | Medication | Procedure, own: tuple[Code, ...] | None = None) -> None:
        """Raises SpecError when there are no codes; `own` are those that the manifest names one by one."""
        super().__init__(spec, _kinds(spec))
        listed = resolve_codes(spec.valueset, spec.codes)
        # A value set enumerates what it means; single codes may be ingredients, and stand for their products.
        single = (spec.codes if own is None else own) if isinstance(spec, Medication) else ()
        named = tuple((one.code, one.system) for one in single)
        self.ingredients = ingredients(named)
        self.codes = frozenset((*listed, *with_products(named)))
        self.systems = frozenset(system for _, system in self.codes)
        self.bare = frozenset(code for code, _ in self.codes)
        self._of_kind = frozenset(self.kinds)
        self._judge = _judge(spec)

    def candidates(self, record: PatientRecord) -> Sequence[tuple[int, str | None]]:
        """Entries that carry a code of the list, and those of which nobody can tell whether they do: without
        any code, or with one of these codes and no system."""
        index = record.codes
        carried = index.within(self.codes, self.systems)
        if self.ingredients:
            return self._with_products(record, carried)
        if not (carried or index.has_illegible):
            return ()
        resources, kinds = record.resources, self._of_kind
        coded = [(at, None) for at in carried if resources[at].kind in kinds]
        unclear = set(index.illegible(self.bare)).difference(carried) if index.has_illegible else ()
        return [*coded, *((at, NOT_CODED) for at in sorted(unclear) if resources[at].kind in kinds)]

    def _with_products(
        self, record: PatientRecord, carried: Sequence[int]
    ) -> Sequence[tuple[int, str | None]]:
        """The same for ingredients: an order of a product of which nobody knows what it is made of is doubted
        too, unless its Medication tells."""
        index = record.codes
        unclear = dict.fromkeys(set(index.illegible(self.bare)).difference(carried), NOT_CODED)
        told = {*carried, *unclear, *index.itemised, *index.unresolved}
        products = index.positions_of.get(RXNORM, {})
        told.update(at for code, places in products.items() if is_known(code) for at in places)
        unknown = {at for places in products.values() for at in places}.difference(told)
        found: dict[int, str | None] = {**dict.fromkeys(carried), **unclear}
        found |= dict.fromkeys(unknown, PRODUCT_UNKNOWN)
        return [(at, found[at]) for at in sorted(found) if record.resources[at].kind in self._of_kind]

    def standing(self, record: PatientRecord, at: int, index: IndexTime) -> str | None:
        """What the kind of list makes of an entry's statuses."""
        return self._judge(record.resources[at], index)


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
        seen: dict[tuple[str, str], str] = {}
        for level, reader in self.levels:
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
        return MedicationJudge(spec)
    accepted, known = frozenset(spec.statuses), statuses().status["Procedure"]
    return lambda resource, _: by_code(resource.status, accepted, known)
