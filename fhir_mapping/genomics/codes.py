"""What codes, answers, units and phrases of genomics observations mean, from `data/genomics/codes.yaml`."""

import re
from functools import cache
from importlib import resources

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.terminology.code_systems import canonical
from fhir_mapping.yamlfile import YAMLError, read_yaml


class Phrases(msgspec.Struct, frozen=True):
    """Patterns of phrases in the text of a genotype."""

    comments: tuple[str, ...]
    reasons: dict[str, tuple[str, ...]]


class Codes(msgspec.Struct, frozen=True):
    """The tables of the file; each maps what was sent to the word that findings use."""

    systems: dict[str, tuple[str, ...]]
    observations: dict[str, dict[str, str]]
    components: dict[str, dict[str, str]]
    answers: dict[str, dict[str, str]]
    words: dict[str, dict[str, str]]
    units: dict[str, dict[str, float]]
    phrases: Phrases

    def is_system(self, name: str, system: str | None) -> bool:
        """Whether an address is one of those that a code system goes by."""
        return canonical(system or "") in self.systems[name]

    def observation(self, system: str | None, code: str | None) -> str | None:
        """Kind of finding that an Observation.code stands for."""
        return self._look_up(self.observations, system, code)

    def component(self, system: str | None, code: str | None) -> str | None:
        """Element that an Observation.component.code stands for."""
        return self._look_up(self.components, system, code)

    def _look_up(self, table: dict[str, dict[str, str]], system: str | None, code: str | None) -> str | None:
        for name, codes in table.items():
            if code in codes and self.is_system(name, system):
                return codes[code]
        return None


@cache
def codes() -> Codes:
    """The tables; raises SpecError when the file does not fit."""
    text = (resources.files("fhir_mapping") / "data" / "genomics" / "codes.yaml").read_text(encoding="utf-8")
    try:
        return msgspec.convert(read_yaml(text), Codes)
    except (msgspec.ValidationError, YAMLError) as error:
        raise SpecError(f"genomics/codes.yaml: {error}") from None


@cache
def _markers() -> tuple[bytes, ...]:
    kinds = codes().observations.values()
    listed = {code for one in kinds for code, kind in one.items() if kind != "group"}
    listed |= {code for code, name in codes().components["ig"].items() if name == "biomarker_category"}
    return tuple(sorted(code.encode() for code in listed))


def may_hold_findings(raw: bytes) -> bool:
    """Whether some JSON can hold a genomic finding; False is certain, so most charts cost a scan only."""
    return b"\\u" in raw or any(marker in raw for marker in _markers())


@cache
def comment_pattern() -> re.Pattern[str]:
    """A comment at the end of a genotype that says nothing about its alleles, with what sets it off."""
    phrases = "|".join(codes().phrases.comments)
    return re.compile(rf"[ ,;:(–-]+(?:(?:{phrases})(?: phenotype)?)[).]*\Z", re.IGNORECASE)


@cache
def reason_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Reason and pattern, in the order in which they are asked."""
    return tuple(
        (reason, re.compile(rf"(?<![A-Za-z])(?:{'|'.join(phrases)})(?![A-Za-z])", re.IGNORECASE))
        for reason, phrases in codes().phrases.reasons.items()
    )
