"""What an observation feature reads, with its analyte's codes, units and range filled in."""

from fhir_mapping.errors import SpecError
from fhir_mapping.readers.elsewhere import Elsewhere
from fhir_mapping.spec import Observation
from fhir_mapping.terminology import catalogue
from fhir_mapping.terminology.units import UnitTable, table

LOINC = "http://loinc.org"


def resolve(
    spec: Observation,
) -> tuple[catalogue.Codes, catalogue.Codes, UnitTable, tuple[float, float] | None]:
    """Codes, panel codes, unit table and plausible range, from the analyte with the spec's own fields on
    top."""
    codes = tuple((code.code, code.system) for code in spec.codes)
    panels, unit, limits = spec.panels, spec.unit, spec.range
    units, spellings = dict(spec.units), dict(spec.spellings)
    if spec.analyte is not None:
        known = _analyte(spec.analyte)
        codes = codes or tuple((code["code"], code["system"]) for code in known.codes)
        panels = panels or known.panels
        if unit is not None and unit != known.unit:
            raise SpecError(f"unit {unit} differs from the analyte's {known.unit}; leave it out", "unit")
        unit, limits = known.unit, limits or known.range
        units, spellings = {**known.units, **units}, {**known.spellings, **spellings}
    if not codes:
        raise SpecError("needs `analyte` or `codes`")
    if unit is None and not spec.answers:
        raise SpecError("needs `unit` (canonical UCUM), or `answers` for coded values")
    try:
        coded = tuple(_panel(panel) for panel in panels)
        return codes, coded, table(unit or "", units, spellings), limits
    except ValueError as error:
        raise SpecError(str(error), "units") from None


def told_elsewhere(spec: Observation, codes: catalogue.Codes) -> Elsewhere | None:
    """How the analyte of a spec is told beside its codes, where its table says so."""
    if spec.analyte is None:
        return None
    known = _analyte(spec.analyte)
    return Elsewhere(codes, LOINC, known.unread, known.names) if known.names or known.unread else None


def _panel(token: str) -> tuple[str, str]:
    """(code, system) of a panel: a LOINC code, or `system|code`."""
    system, _, code = token.rpartition("|")
    return code, system or LOINC


def _analyte(name: str) -> catalogue.Analyte:
    try:
        return catalogue.analyte(name)
    except SpecError as error:
        raise SpecError(str(error), "analyte") from None
