"""Reads a site's ConceptMap: which local codes mean the same as a standard one."""

from collections import Counter
from pathlib import Path

from fhir_mapping.errors import SpecError
from fhir_mapping.terminology.code_systems import canonical_pair
from fhir_mapping.terminology.documents import ConceptMap, Group, Target, read

Pair = tuple[tuple[str, str], tuple[str, str]]  # standard (code, system), local (code, system)

SAME = ("equal", "equivalent")


def read_map(file: Path, where: str) -> tuple[list[Pair], list[str]]:
    """Pairs of standard and local codes, and messages about what was left out.

    Only equal and equivalent targets without conditions count: anything wider or narrower would make a
    value of one quantity into that of another. Raises SpecError that names file, JSON path and remedy.
    """
    document = read(file, where, ConceptMap)
    pairs: list[Pair] = []
    left_out: Counter[str] = Counter()
    for position, group in enumerate(document.group):
        pairs += _pairs(f"{where}: $.group[{position}]", group, left_out)
    messages = [f"{where}: {count} targets are left out: {why}" for why, count in sorted(left_out.items())]
    if not pairs:
        messages.append(f"{where}: maps nothing; its targets must be `equal` or `equivalent`")
    return pairs, messages


def _pairs(path: str, group: Group, left_out: Counter[str]) -> list[Pair]:
    if not group.source or not group.target:
        lacking = "target" if group.source else "source"
        raise SpecError(f"{path}.{lacking}: is missing; give the URL of the code system")
    if group.unmapped is not None:
        left_out["a rule for unmapped codes is not followed"] += 1
    pairs: list[Pair] = []
    for place, element in enumerate(group.element):
        for target in element.target:
            reason = _unusable(target)
            if reason is not None:
                left_out[reason] += 1
            elif not element.code or not target.code:
                raise SpecError(f"{path}.element[{place}]: a code is missing; give `code` and `target.code`")
            else:
                standard = canonical_pair(target.code, group.target)
                pairs.append((standard, canonical_pair(element.code, group.source)))
    return pairs


def _unusable(target: Target) -> str | None:
    relation = target.equivalence or target.relationship
    if relation not in SAME:
        return (
            f"their relation is `{relation}`, not `equal` or `equivalent`" if relation else "no relation said"
        )
    if target.depends_on or target.product:
        return "they depend on other elements"
    return None
