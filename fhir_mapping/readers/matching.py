"""Whether an allele that a result names is the one that a feature asks for; nobody knows in between."""

from typing import Literal

from fhir_mapping.genomics import Allele, Part

Match = Literal["core", "exact"]
Told = bool | None

_REFERENCE = frozenset({"Reference", "*1"})


def is_allele(reported: Allele, wanted: Allele, match: Match) -> Told:
    """Whether one chromosome's allele is the wanted one; None when the result cannot tell.

    `core`: a name stands for all its sub-alleles, copy numbers and tandems. `exact`: the parts must be the
    wanted ones, with the sub-alleles that are asked for and the same number of copies. A result that is named
    by another system (HGVS where a star allele is asked for) or at another position cannot tell.
    """
    if reported.synonym and reported.synonym == wanted.parts[0].name:
        return True
    if match == "core":
        return _any([_named(part, wanted.parts[0]) for part in reported.parts])
    if len(reported.parts) != len(wanted.parts):
        return False
    return _all([_exactly(*pair) for pair in zip(reported.parts, wanted.parts, strict=True)])


def _named(part: Part, wanted: Part) -> Told:
    if part.name == wanted.name or part.name.startswith(f"{wanted.name}:"):
        return True
    if wanted.name.startswith(f"{part.name}:"):
        return None
    references = {part.name, wanted.name} & _REFERENCE
    if references:
        return False if len(references) == 1 else None
    return False if _system(part.name) == _system(wanted.name) else None


def _system(name: str) -> str:
    """How an allele is named: `*`, `c.`, `g.`, `p.`, or the position of which it gives the base."""
    if name.startswith("*"):
        return "*"
    return name[:2] if name[1:2] == "." else name.partition(" ")[0] if " " in name else "name"


def _exactly(part: Part, wanted: Part) -> Told:
    return _all([_named(part, wanted), _same_detail(part, wanted), _same_copies(part, wanted)])


def _same_detail(part: Part, wanted: Part) -> Told:
    if not wanted.suballele:
        return True
    return part.suballele == wanted.suballele if part.suballele else None


def _same_copies(part: Part, wanted: Part) -> Told:
    if part.copies == wanted.copies:
        return True
    several = part.copies == "N" or part.copies.startswith("≥")
    return None if several and wanted.copies else False


def _any(told: list[Told]) -> Told:
    return True if True in told else None if None in told else False


def _all(told: list[Told]) -> Told:
    return False if False in told else None if None in told else True
