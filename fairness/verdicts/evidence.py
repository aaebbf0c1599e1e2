"""Evidence against equal shares that may be looked at after every patient: an e-process.

An e-value is a bet against equality that does not win on average while equality holds. Its running product
may be looked at as often as one likes: the chance that it ever reaches 1 / alpha is at most alpha (Ville's
inequality), and neither the number of looks nor the end has to be planned.
"""

import math
from collections.abc import Sequence

import msgspec

from fairness.engine.rates import Share
from fairness.errors import SampleError

# A flat prior with the weight of one person per group keeps the first bets small.
_PRIOR_HITS, _PRIOR_OF = 0.5, 1.0


class EProcess(msgspec.Struct, frozen=True):
    """Evidence so far for k groups: `log_e` and the counts (hits, of) per group that the next bet is based
    on.

    Source: Turner RJ, Ly A, Grünwald PD. J Stat Plan Inference 2024;230:106116 (k-sample e-variables).
    """

    log_e: float
    hits: tuple[int, ...]
    of: tuple[int, ...]

    @classmethod
    def start(cls, groups: int) -> "EProcess":
        """No evidence yet.

        Raises `SampleError` for fewer than two groups.
        """
        if groups < 2:
            raise SampleError("e-process: needs two groups")
        return cls(0.0, (0,) * groups, (0,) * groups)

    @property
    def e(self) -> float:
        """The evidence: 1 is none, 20 rejects equality at 0.05 whenever it is reached; inf where it
        overflows."""
        return math.exp(self.log_e) if self.log_e < 700.0 else math.inf

    @property
    def p(self) -> float:
        """An always valid p value for this moment, `min(1, 1 / e)`."""
        return math.exp(-max(0.0, self.log_e))

    def after(self, block: Sequence[Share]) -> "EProcess":
        """The evidence after one more block of people, one share per group (0 of 0: nobody of that group).

        The bet uses earlier blocks only. Who is in the block must not depend on outcomes in it: blocks by
        week are fine, blocks up to the next event are not. Raises `SampleError` for impossible counts.
        """
        if len(block) != len(self.of) or any(not 0 <= part.hits <= part.of for part in block):
            raise SampleError("e-process: a block needs one possible share per group")
        people = sum(part.of for part in block)
        if people == 0:
            return self
        chances = [
            (hits + _PRIOR_HITS) / (of + _PRIOR_OF) for hits, of in zip(self.hits, self.of, strict=True)
        ]
        pooled = sum(part.of * chance for part, chance in zip(block, chances, strict=True)) / people
        gain = sum(_log_ratio(part, chance, pooled) for part, chance in zip(block, chances, strict=True))
        return EProcess(
            self.log_e + gain,
            tuple(hits + part.hits for hits, part in zip(self.hits, block, strict=True)),
            tuple(of + part.of for of, part in zip(self.of, block, strict=True)),
        )


def _log_ratio(part: Share, chance: float, pooled: float) -> float:
    misses = part.of - part.hits
    return part.hits * math.log(chance / pooled) + misses * math.log((1.0 - chance) / (1.0 - pooled))
