"""Reads a laboratory's spelling of a unit by rules of its own, to hold the tables against.

None of Bedside's tables is used here.
"""

import re

from pint import OffsetUnitCalculusError, Quantity
from ucumvert import PintUcumRegistry
from ucumvert.parser import InvalidUcumError

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
CELLS = {"k": 3, "thou": 3, "thous": 3, "thousand": 3, "thousands": 3, "tsd": 3, "m": 6, "mil": 6, "mill": 6,
         "million": 6, "g": 9, "giga": 9, "gpt": 9, "bil": 9, "t": 12, "tera": 12, "tpt": 12}  # fmt: skip
# Applied one after the other, without regard to case; what comes out is UCUM.
RULES = [
    (r"^x ?(?=10)", ""),
    (r"^10(?:\^|e\+?|\*)(\d+)", r"10*\1"),
    (r"^10\((\d+)\)", r"10*\1"),
    (r"\bmc(?=g|l\b|mol|iu|u\b|kat)", "u"),
    (r"cumm|mm³", "mm3"),
    (r"^%.*$|^tps %$", "%"),
    (r"^\{?[br]pm\}?$|^(?:beats|breaths|resp|br)(?: per |/)min(?:ute)?$", "/min"),
    (r"^.*(?:/| per )\{?m(?:ega)?b(?:ase)?\b.*$", "1/1000000"),
    (r"^FEU | \(?(?:FEU|DDU|D-DU)\)?$| (?:IFCC|Hb)$", ""),
    (r"^(?:cells|#)/", "{cells}/"),
    (r"/cell$", ""),
    (r"(?:m)?l/min(?:/| per )1\.73.*$", "mL/min/{1.73_m2}"),
    (r"^mL/min/\{1\.73.?m2\}$", "mL/min/{1.73_m2}"),
    (r"^mm[ /(]?hg\)?$", "mm[Hg]"),
    (r"^(?:deg(?:rees)? ?|[°º])?c(?:elsius)?$|^centigrade$", "Cel"),
    (r"^(?:deg(?:rees)? ?|[°º])?f(?:ahrenheit)?$", "[degF]"),
    (r"^(?:percent|pct)$", "%"),
    (r"^vol/vol$", "L/L"),
    (r"^(?:points?|pts|[\[(]?score[\])]?)$", "{score}"),
    (r"^\(?(?:inr'?|ratio)\)?$", "{INR}"),
    (r"^pack.?(?:years|yrs?)$", "{pack-years}"),
    (r"^(?:drinks|#)(?: per |/)d(?:ay)?$", "{drinks}/d"),
    (r"^per ", "/"),
    (r"\bminute\b", "min"),
    (r"^(?:liters|litres)", "L"),
    (r"^lpm$", "L/min"),
    (r"^cc/", "mL/"),
    (r"/1?hr$|/1h$|/hour$", "/h"),
    (r"^(?:sec(?:s|\.|onds?)?)$", "s"),
    (r"^(?:msecs?|milliseconds?)$", "ms"),
    (r"^femtolit(?:er|re)s?$", "fL"),
    (r"^(?:inch|inches|in|in_i)$", "[in_i]"),
    (r"^in_us$", "[in_us]"),
    (r"^(?:ft|feet)$", "[ft_i]"),
    (r"^(?:lbs?|lb_av|pounds?)$", "[lb_av]"),
    (r"^oz$", "[oz_av]"),
    (r"^(?:kilograms?|kgs)$", "kg"),
    (r"^grams?$", "g"),
    (r"^(?:centimeters?|cms)$", "cm"),
    (r"^meters?$", "m"),
    (r"^kg/(?:m\^2|m\*\*2|sq m)$", "kg/m2"),
    (r"^cu mic(?:ron)?$", "um3"),
    (r"^picograms?$", "pg"),
    (r"(?: |\{)?h2o\}?$", ""),
    (r" ?(?<=[gl ])(?:creatinine|creat|crea|cr)$", ""),
    (r"^osmol|(?<=m)osmol", "osm"),
    (r" ?per l$|/lit(?:er|re)$", "/L"),
    (r"^(?:gm|gr)/", "g/"),
    (r"^mgs/", "mg/"),
    (r"(?<=g)%$", "/dL"),
    (r"/100 ?ml$", "/dL"),
    (r"^micromol", "umol"),
    (r"mequiv", "meq"),
    (r"^([munp])m$", r"\1mol/L"),
]


class Ucum:
    """UCUM through ucumvert and pint."""

    def __init__(self) -> None:
        self.registry = PintUcumRegistry()
        self._known: dict[str, Quantity | None] = {}

    def of(self, unit: str) -> Quantity | None:
        """Quantity of one unit; None for what is no UCUM. An annotation alone counts 1, as UCUM has it."""
        if unit not in self._known:
            self._known[unit] = self._read(unit)
        return self._known[unit]

    def same_size(self, text: str, unit: str) -> bool:
        """Whether a text is UCUM of the dimension and size of a unit."""
        one, other = self.of(text), self.of(unit)
        ratio = None if one is None or other is None else self.ratio(one, other)
        return ratio is not None and abs(ratio - 1.0) < 1e-9

    def _read(self, unit: str) -> Quantity | None:
        try:
            read = self.registry.from_ucum(unit)
        except InvalidUcumError:
            return None
        one = self.registry.Quantity
        return one(read.magnitude, str(read.units)) if isinstance(read, Quantity) else one(1.0)

    def ratio(self, one: Quantity, other: Quantity) -> float | None:
        """How much of `other` is in `one`; None when they are of different dimensions."""
        if one.units == other.units:
            return float(one.magnitude / other.magnitude)  # units with an offset have no ratio otherwise
        try:
            found = (one / other).to_base_units()
        except OffsetUnitCalculusError:
            return None
        return float(found.magnitude) if found.dimensionless else None


def as_ucum(spelling: str, unit: str) -> str:
    """UCUM of a spelling that stands for something like `unit`, whose kind decides what `K` and `IU` are."""
    text = re.sub(r"(?<=10)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "*" + m[1].translate(SUPERSCRIPTS), spelling.strip())
    text = text.translate(SUPERSCRIPTS).replace("µ", "u").replace("μ", "u")
    for rule, becomes in RULES:
        text = re.sub(rule, becomes, text, flags=re.IGNORECASE)
    if unit == "{score}":
        text = text.replace("%", "{score}")  # Karnofsky's scale is written as a per cent of the same size
    elif unit.startswith("10*"):
        text = re.sub(r"^([a-z]+)/", lambda m: f"10*{CELLS[m[1].lower()]}/", text, flags=re.IGNORECASE)
    elif "[IU]" in unit:
        text = re.sub(r"^([mu]?)(?:i?u|\[iu\])/(m?l)$", _international, text, flags=re.IGNORECASE)
    elif "arb'U" in unit:
        text = re.sub(r"^(?:ku/l|(?:units|au|u)/ml)$", "[arb'U]/mL", text, flags=re.IGNORECASE)
    elif unit == "U/L":
        text = re.sub(r"^(?:units|i?u|\[iu\])/", "U/", text, flags=re.IGNORECASE)
    return text


def _international(match: re.Match[str]) -> str:
    return f"{match[1].lower()}[IU]/{match[2].lower()}"
