"""A policy file: the claims that a report is judged by, written down before the data are looked at."""

from pathlib import Path
from typing import Literal

import msgspec

from fairness.errors import SampleError
from fairness.metric import DEFAULT_SUFFICIENCY
from fairness.report.claim_text import parse_claim
from fairness.verdicts import Claim, GapClaim, LevelClaim, SpreadClaim
from fhir_mapping.yamlfile import YAMLError, read_yaml


class AuditPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a policy file holds.

    `claims` are texts (see `claim_text`) or mappings with `kind: level | gap | spread` and the fields of
    `fairness.verdicts.LevelClaim`, `GapClaim`, `SpreadClaim`. `purpose`: `gate` keeps the chance of any
    false alarm below `alpha`, `screen` the share of false alarms.
    """

    claims: tuple[str | LevelClaim | GapClaim | SpreadClaim, ...] = ()
    thresholds: tuple[float, ...] = ()
    alpha: float = 0.05
    purpose: Literal["gate", "screen"] = "gate"
    min_n: int = DEFAULT_SUFFICIENCY.min_n
    min_events: int = DEFAULT_SUFFICIENCY.min_events

    def __post_init__(self) -> None:
        if min(self.min_n, self.min_events) < 1:
            raise SampleError("min_n and min_events must be 1 or more; no figure comes from nobody")

    def all_claims(self) -> tuple[Claim, ...]:
        """Every claim, texts read; raises `SampleError` for one that is none."""
        found: list[Claim] = []
        for one in self.claims:
            found += parse_claim(one) if isinstance(one, str) else (one,)
        return tuple(found)


def read_policy(path: Path) -> AuditPolicy:
    """The policy of a YAML file; raises `SampleError` naming the file, the field and the remedy."""
    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise SampleError(f"{path.name}: cannot be read; name a file of UTF-8 text") from None
    except YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        raise SampleError(f"{path.name}: line {line} is not YAML; mend the syntax there") from None
    try:
        policy = msgspec.convert(content, AuditPolicy)
        policy.all_claims()
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at ")
        field = where.strip("`").removeprefix("$.") or "top level"
        raise SampleError(f"{path.name}: {field}: {message}; mend the field") from None
    except SampleError as error:
        raise SampleError(f"{path.name}: {error}") from None
    return policy
