"""A feature's spec with a site's own terminology: replaced value sets, local codes of equal meaning."""

from typing import Any

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.spec import Answer, Category, Code, FeatureSpec, Observation
from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.site import SiteTerminology

LOINC = "http://loinc.org"


def localised(spec: FeatureSpec, site: SiteTerminology) -> FeatureSpec:
    """The spec as a site means it; raises SpecError for an unknown analyte or value set.

    Standard codes come first. Answers and levels of a nominal feature take on local codes too.
    """
    changes: dict[str, Any] = {}
    codes: tuple[Code, ...] = getattr(spec, "codes", ())
    if isinstance(spec, Observation):
        changes |= _observation(spec, site)
    elif codes or getattr(spec, "valueset", None) is not None:
        changes |= {"codes": _codes(getattr(spec, "valueset", None), codes, site), "valueset": None}
    if getattr(spec, "relationships", ()):
        changes["relationships"] = _codes(None, spec.relationships, site)  # type: ignore[union-attr] # it has some
    if getattr(spec, "categories", ()):
        changes["categories"] = tuple(_level(level, site) for level in spec.categories)  # type: ignore[union-attr]
    if getattr(spec, "answers", ()):
        changes["answers"] = _answers(spec.answers, site)  # type: ignore[union-attr] # it has some
    return msgspec.structs.replace(spec, **changes)


def _observation(spec: Observation, site: SiteTerminology) -> dict[str, Any]:
    codes, panels = spec.codes, spec.panels
    if spec.analyte is not None:
        known = catalogue.analyte(spec.analyte)
        codes = codes or tuple(Code(**code) for code in known.codes)
        panels = panels or known.panels
    local = site.with_local(tuple((panel, LOINC) for panel in panels))
    named = tuple(code if system == LOINC else f"{system}|{code}" for code, system in local)
    return {"codes": _codes(None, codes, site), "panels": named}


def _codes(valueset: str | None, codes: tuple[Code, ...], site: SiteTerminology) -> tuple[Code, ...]:
    pairs = tuple((code.code, code.system) for code in codes)
    if valueset is not None:
        pairs = site.valueset(valueset, catalogue.valueset(valueset)) + pairs
    return tuple(Code(system, code) for code, system in site.with_local(pairs))


def _level(level: Category, site: SiteTerminology) -> Category:
    codes = _codes(level.valueset, level.codes, site)
    return msgspec.structs.replace(level, valueset=None, codes=codes)


def _answers(answers: tuple[Answer, ...], site: SiteTerminology) -> tuple[Answer, ...]:
    """Each answer, and after all of them the local codes for them; raises SpecError for a code of two."""
    own: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        for code, system in site.local.get((answer.code, answer.system), ()):
            local = msgspec.structs.replace(answer, code=code, system=system)
            if own.setdefault((code, system), local).value != answer.value:
                raise SpecError(f"a local code of the site stands for `{answer.code}` and another", "answers")
    return (*answers, *own.values())
