"""A tally over fewer attributes.

Random draws of a verdict depend on the strata that they are made over, so a verdict on one attribute must not
see how its groups are made up by another: that may be withheld.
"""

from collections.abc import Collection
from typing import overload

import numpy as np

from fairness.engine import Tally
from fairness.engine.row_sample import RowSample


@overload
def marginal(tally: Tally, attributes: Collection[str]) -> Tally: ...
@overload
def marginal(tally: RowSample, attributes: Collection[str]) -> RowSample: ...
def marginal(tally: Tally | RowSample, attributes: Collection[str]) -> Tally | RowSample:
    """The same people over those attributes of the tally that are named, in its order."""
    if isinstance(tally, RowSample):
        return tally.marginal(tuple(attributes))
    kept = [at for at, name in enumerate(tally.attributes) if name in attributes]
    own = [tuple(stratum[at] for at in kept) for stratum in tally.strata]
    strata = tuple(sorted(set(own)))
    place = [strata.index(stratum) for stratum in own]
    parts = []
    for array in (tally.counts, tally.sums, tally.moments):
        summed = np.zeros((len(strata), *array.shape[1:]), dtype=array.dtype)
        np.add.at(summed, place, array)
        parts.append(summed)
    return Tally(tuple(tally.attributes[at] for at in kept), strata, tally.grid, *parts)
