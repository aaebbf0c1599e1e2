"""What clinicians do with cards, by patient group: accepted, overridden, no response.

Cards of one clinician are alike, so the clinician, and not the card, is the unit that varies: intervals are
clustered. The share is of all cards shown. A card that nobody answers is a `no-response`, not missing.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from fairness.engine.columns import GroupColumn, IntArray, Stratum, stratify
from fairness.engine.figures import Basis, Evaluation, Figure, GroupResult, Size, figure, no_figure
from fairness.engine.strata import groups_of, inside
from fairness.engine.student import t_quantile
from fairness.errors import GroupError, SampleError
from fairness.intervals import all_or_nothing
from fairness.metric import DEFAULT_LEVEL, DEFAULT_SUFFICIENCY, Interval, Sufficiency, checked_level

ACTIONS = ("accepted", "overridden", "no-response")
_NAMES = ("acceptance_rate", "override_rate", "no_response_rate")
# From fewer clinicians an interval by clusters is too short, even with Student's t.
_FEWEST_CLINICIANS = 5


class ResponseTally(msgspec.Struct, frozen=True):
    """`counts`: cards per stratum and clinician, in the order of `ACTIONS`."""

    attributes: tuple[str, ...]
    counts: dict[tuple[Stratum, str], tuple[int, ...]]

    def __add__(self, other: "ResponseTally") -> "ResponseTally":
        """Both sets of cards.

        Raises `GroupError` unless the attributes are the same.
        """
        if self.attributes != other.attributes:
            raise GroupError("response tallies over different attributes do not add up")
        none = (0,) * len(ACTIONS)
        return ResponseTally(
            self.attributes,
            {
                key: tuple(
                    map(sum, zip(self.counts.get(key, none), other.counts.get(key, none), strict=True))
                )
                for key in sorted({*self.counts, *other.counts})
            },
        )


class _Clusters(NamedTuple):
    """Per clinician (m,): cards with the action, cards in all."""

    hits: IntArray
    of: IntArray


def response_tally(
    actions: Sequence[str], clinicians: Sequence[str], groups: Mapping[str, GroupColumn]
) -> ResponseTally:
    """Counts of n shown cards; `clinicians` (n,) are any identifiers, such as pseudonyms.

    Raises `SampleError` for an action that is not in `ACTIONS`, an empty clinician or columns of different
    length.
    """
    if len(actions) != len(clinicians):
        raise SampleError(f"clinicians: {len(clinicians)} entries for {len(actions)} actions")
    for at, (action, clinician) in enumerate(zip(actions, clinicians, strict=True)):
        if action not in ACTIONS:
            raise SampleError(f"actions: entry {at} is not one of {', '.join(ACTIONS)}")
        if not isinstance(clinician, str) or not clinician:
            raise SampleError(f"clinicians: entry {at} names nobody")
    strata = stratify(groups, len(actions))
    counts: dict[tuple[Stratum, str], list[int]] = {}
    for code, action, clinician in zip(strata.codes.tolist(), actions, clinicians, strict=True):
        counts.setdefault((strata.members[code], clinician), [0] * len(ACTIONS))[ACTIONS.index(action)] += 1
    return ResponseTally(tuple(groups), {key: tuple(counts[key]) for key in sorted(counts)})


def response_rates(
    tally: ResponseTally,
    *,
    crossings: Sequence[Sequence[str]] = (),
    level: float = DEFAULT_LEVEL,
    limits: Sufficiency = DEFAULT_SUFFICIENCY,
) -> Evaluation:
    """`acceptance_rate`, `override_rate`, `no_response_rate` of every group; `n` counts cards.

    Raises `SampleError` for a level outside (0, 1).
    """
    checked_level(level)
    keys = list(tally.counts)
    table = np.array(list(tally.counts.values()), dtype=np.int64).reshape(len(keys), len(ACTIONS))
    strata = tuple(stratum for stratum, _ in keys)
    numbers = {name: at for at, name in enumerate(sorted({clinician for _, clinician in keys}))}
    who = np.array([numbers[clinician] for _, clinician in keys], dtype=np.int64)
    results = []
    for members in groups_of(tally.attributes, strata, crossings):
        rows = inside(tally.attributes, strata, members)
        basis = Basis(Size(int(table[rows].sum())), limits, level)
        clusters = [_clusters(table[rows], who[rows], at) for at in range(len(ACTIONS))]
        figures = tuple(clustered(name, part, basis) for name, part in zip(_NAMES, clusters, strict=True))
        results.append(GroupResult(members, basis.size.n, None, figures))
    return Evaluation(results[0].n, None, level, (), tuple(results))


def clustered(name: str, clusters: _Clusters, basis: Basis) -> Figure:
    """Share of cards with an interval that takes clinicians as the units.

    Variance of a ratio of two sums over clinicians (Cochran WG. Sampling Techniques, 3rd ed., 1977, sec.
    3.12), on the logit scale with Student's t for the number of clinicians less one. When all cards or none
    have the action, the exact limits for as many independent units as there are clinicians. Fewer than five
    clinicians: `insufficient`.
    """
    total, units = int(clusters.of.sum()), clusters.of.size
    if total == 0:
        return no_figure(name, basis, "no card was shown")
    share = int(clusters.hits.sum()) / total
    if units < 2:
        return _few(figure(name, basis, share, None, None, of=total, no_interval="one clinician"), units)
    if share in (0.0, 1.0):
        limits = all_or_nothing(round(share) * units, units, basis.level)
        return _few(figure(name, basis, share, limits, "clopper-pearson by clinician", of=total), units)
    residuals = clusters.hits - share * clusters.of
    error = math.sqrt(units / (units - 1) * float(residuals @ residuals)) / total
    reach = t_quantile(0.5 + basis.level / 2.0, units - 1) * error / (share * (1.0 - share))
    centre = math.log(share / (1.0 - share))
    limits = Interval(*(0.5 * (1.0 + math.tanh((centre + shift) / 2.0)) for shift in (-reach, reach)))
    return _few(figure(name, basis, share, limits, "clustered by clinician", of=total), units)


def _few(found: Figure, units: int) -> Figure:
    if units >= _FEWEST_CLINICIANS:
        return found
    reasons = [f"{units} clinicians, fewer than {_FEWEST_CLINICIANS}", *([found.why] if found.why else [])]
    return msgspec.structs.replace(found, state="insufficient", why="; ".join(reasons))


def _clusters(table: IntArray, who: IntArray, action: int) -> _Clusters:
    distinct, at = np.unique(who, return_inverse=True)
    hits, of = np.zeros((2, distinct.size), dtype=np.int64)
    np.add.at(hits, at, table[:, action])
    np.add.at(of, at, table.sum(axis=1))
    return _Clusters(hits, of)
