"""What a site's definitions of value sets come to: codes that they enumerate, and those that they include.

Systems go by their canonical URL and ICD codes have their dot, whatever the files write: so charts are read.
"""

from collections.abc import Iterator, Mapping

from fhir_mapping.errors import SpecError
from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.catalogue import Codes
from fhir_mapping.terminology.code_systems import canonical_pair
from fhir_mapping.terminology.documents import EXPAND, Compose, ConceptSet, Expansion, ValueSet


class Definitions:
    """The value sets of a site by id, beside the shipped ones, to be resolved."""

    def __init__(self, found: Mapping[str, tuple[str, ValueSet]]) -> None:
        """`found` maps each id to the file's name (for messages) and its ValueSet."""
        self._found = found
        self._by_url = {value_set.url: name for name, (_, value_set) in found.items() if value_set.url}
        self._open: list[str] = []

    def codes(self, name: str) -> Codes:
        """Codes of one of the site's value sets, in the order of the file, each once.

        Raises SpecError that names file, JSON path and remedy: when a part is not enumerated, a reference
        leads nowhere, to another version or in a circle, and when nothing is left.
        """
        where, document = self._found[name]
        if name in self._open:
            raise SpecError(f"{where}: $.compose.include: includes itself by {' and '.join(self._open)}")
        self._open.append(name)
        try:
            codes = tuple(dict.fromkeys(self._members(where, name, document)))
        finally:
            self._open.pop()
        if not codes:
            raise SpecError(f"{where}: enumerates no codes; {EXPAND}, or take the file away")
        return codes

    def _members(self, where: str, name: str, document: ValueSet) -> Iterator[tuple[str, str]]:
        if document.expansion is not None:
            return _expanded(where, document.expansion)
        if document.compose is None:
            raise SpecError(f"{where}: $.compose: is missing; {EXPAND}")
        return self._composed(where, name, document.compose)

    def _composed(self, where: str, name: str, compose: Compose) -> Iterator[tuple[str, str]]:
        left_out = {
            code
            for position, part in enumerate(compose.exclude)
            for code in _enumerated(f"{where}: $.compose.exclude[{position}]", part)
        }
        for position, part in enumerate(compose.include):
            path = f"{where}: $.compose.include[{position}]"
            found = self._referenced(path, name, part) if part.value_set else _enumerated(path, part)
            yield from (code for code in found if code not in left_out)

    def _referenced(self, path: str, name: str, part: ConceptSet) -> Codes:
        if part.system or part.concept or part.filter or len(part.value_set) != 1:
            # FHIR takes the codes that are in all of them, which is hardly ever what a site means.
            raise SpecError(f"{path}: give one valueSet alone, and each further part an include of its own")
        url, _, version = part.value_set[0].partition("|")
        own = self._by_url.get(url)
        if own is not None and own != name:
            _same_version(path, version, self._found[own][1].version)
            return self.codes(own)
        return _shipped(path, url, version)


def _shipped(path: str, url: str, version: str) -> Codes:
    for name in catalogue.shipped_valuesets():
        document = catalogue.valueset_document(name)
        if document["url"] == url:
            _same_version(path, version, document["version"])
            return catalogue.valueset(name)
    raise SpecError(
        f"{path}.valueSet[0]: is the URL of no value set that is shipped or in this folder; add it"
    )


def _same_version(path: str, asked: str, found: str | None) -> None:
    if asked and asked != found:
        raise SpecError(f"{path}.valueSet[0]: asks for version {asked}, here is {found}; compare the two")


def _enumerated(path: str, part: ConceptSet) -> Codes:
    if part.filter or not part.concept:
        raise SpecError(f"{path}: does not enumerate its codes; {EXPAND}")
    if not part.system:
        raise SpecError(f"{path}.system: is missing; give the URL of the code system")
    return tuple(canonical_pair(concept.code, part.system) for concept in part.concept)


def _expanded(where: str, expansion: Expansion) -> Iterator[tuple[str, str]]:
    held = sum(1 for _ in expansion.entries())
    if expansion.total is not None and expansion.total > held:
        raise SpecError(f"{where}: $.expansion: holds {held} of {expansion.total} codes; {EXPAND}")
    for one in expansion.codes():
        if not one.code or not one.system:
            raise SpecError(f"{where}: $.expansion.contains: a code lacks its code or system; {EXPAND}")
        yield canonical_pair(one.code, one.system)
