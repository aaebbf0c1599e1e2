"""A site's own terminology: value sets that replace or extend ours, and maps from local to standard codes.

    BEDSIDE_TERMINOLOGY/
      valuesets/*.json      FHIR ValueSet, enumerated; the id is the name that a feature uses
      conceptmaps/*.json    FHIR ConceptMap from local codes to LOINC, SNOMED CT, RxNorm ...

A value set with the id of a shipped one takes its place. Where it includes the shipped one by canonical URL
(`compose.include[].valueSet`), the shipped codes are part of it: so a site extends. Site codes never enter
the digest of a model's features; `SiteTerminology.sha256` is theirs.
"""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.terminology.catalogue import Codes
from fhir_mapping.terminology.check_digits import is_well_formed
from fhir_mapping.terminology.concept_maps import read_map
from fhir_mapping.terminology.documents import ValueSet, read
from fhir_mapping.terminology.members import Definitions

VALUESETS, CONCEPTMAPS = "valuesets", "conceptmaps"

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SiteTerminology:
    """What a site adds to the shipped codes; without patient data, safe to share between threads.

    `local` leads from a standard (code, system) to the site's own codes that are equal or equivalent to it.
    `messages` tell what of the files was left out, and which codes look mistyped.
    """

    EMPTY: ClassVar["SiteTerminology"]

    sets: Mapping[str, Codes] = field(default_factory=dict)
    local: Mapping[tuple[str, str], Codes] = field(default_factory=dict)
    messages: tuple[str, ...] = ()

    @classmethod
    def load(cls, folder: Path, *, quiet: bool = False) -> "SiteTerminology":
        """Read a site's folder; each message is logged as a warning unless `quiet`.

        Raises SpecError that names file, JSON path and remedy.
        """
        if not folder.is_dir():
            raise SpecError(f"terminology folder {folder} does not exist; name one that holds {VALUESETS}/")
        messages = list(_strangers(folder))
        sets = _read_sets(folder, messages)
        local: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for file in _files(folder, CONCEPTMAPS):
            found, left_out = read_map(file, f"{CONCEPTMAPS}/{file.name}")
            messages += left_out
            for standard, own in found:
                local.setdefault(standard, []).append(own)
        for message in () if quiet else messages:
            _log.warning("terminology: %s", message)
        return cls(sets, {key: _once(own) for key, own in local.items()}, tuple(messages))

    @classmethod
    def of(cls, folder: str) -> "SiteTerminology":
        """The site's terminology by the path of its folder, `EMPTY` for an empty path; nothing is logged.
        Raises SpecError."""
        return cls.load(Path(folder), quiet=True) if folder else cls.EMPTY

    def valueset(self, name: str, shipped: Codes) -> Codes:
        """Codes of a value set as the site has it; the shipped ones where it says nothing."""
        return self.sets.get(name, shipped)

    def with_local(self, codes: Codes) -> Codes:
        """The codes, and after them every local code that maps to one of them; each once."""
        if not self.local:
            return codes
        return _once([*codes, *(own for code in codes for own in self.local.get(code, ()))])

    @property
    def sha256(self) -> str:
        """Digest of the codes that the site's files came to; the order of files does not matter."""
        parts = (
            sorted((name, sorted(codes)) for name, codes in self.sets.items()),
            sorted((code, sorted(own)) for code, own in self.local.items()),
        )
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


SiteTerminology.EMPTY = SiteTerminology()


def _read_sets(folder: Path, messages: list[str]) -> dict[str, Codes]:
    """Codes of each value set by id."""
    found: dict[str, tuple[str, ValueSet]] = {}
    for file in _files(folder, VALUESETS):
        where = f"{VALUESETS}/{file.name}"
        document = read(file, where, ValueSet)
        if document.id is None or not _ID.fullmatch(document.id):
            raise SpecError(f"{where}: $.id: is missing or no FHIR id; give the name that features use")
        if document.id in found:
            raise SpecError(f"{where}: $.id: `{document.id}` stands in {found[document.id][0]} too; keep one")
        if document.status == "retired":
            raise SpecError(f"{where}: $.status: is retired; take the file away or set it to active")
        found[document.id] = (where, document)
    definitions = Definitions(found)
    sets = {name: definitions.codes(name) for name in found}
    for name, (where, _) in found.items():
        messages += _mistyped(where, sets[name])
    return sets


def _mistyped(where: str, codes: Codes) -> list[str]:
    wrong = [code for code, system in codes if not is_well_formed(code, system)]
    if not wrong:
        return []
    return [f"{where}: {len(wrong)} codes fail the check digit of their system, such as {wrong[0]}"]


def _files(folder: Path, name: str) -> list[Path]:
    return sorted((folder / name).glob("*.json"))


def _strangers(folder: Path) -> Iterable[str]:
    """What lies in the folder and is not read."""
    for path in sorted(folder.iterdir()):
        if path.name not in (VALUESETS, CONCEPTMAPS):
            yield f"{path.name} is not read; only {VALUESETS}/ and {CONCEPTMAPS}/ are"
            continue
        for file in sorted(path.iterdir()) if path.is_dir() else ():
            if file.suffix != ".json":
                yield f"{path.name}/{file.name} is not read; only *.json is"


def _once(codes: Iterable[tuple[str, str]]) -> Codes:
    return tuple(dict.fromkeys(codes))
