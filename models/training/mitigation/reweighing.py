"""Reweighing: training rows count so that group and outcome are independent in the weighted sample.

Source: Kamiran F, Calders T. Data preprocessing techniques for classification without discrimination. Knowl
Inf Syst 2012;33:1-33, section 5.3. Weight of a person of group g with outcome y: ``P(g) P(y) / P(g, y)``.

The group is used while training only; the fitted model scores everybody alike, so it can be served. The
recipe's recalibration stays unweighted: a probability has to mean what happens among real people.
"""

from __future__ import annotations

import numpy as np

from models.training.design import Floats
from models.training.mitigation.strata import NOBODY, Labels


def reweighing(strata: Labels, outcome: Floats) -> tuple[Floats, tuple[str, ...]]:
    """Weights ``[n]`` of training rows for one 0/1 outcome ``[n]``, and why some groups are as they were.

    Shares are taken among the people whose group is recorded and has both an event and a non-event; all the
    others keep weight 1. Within those shares the weights keep the number of people of each group and the
    number of events, and make both independent. No sample is too small for that; what a small group makes of
    the fit is uncertain, and is for the comparison to show.
    """
    weights = np.ones(len(outcome))
    groups = sorted(set(strata.tolist()) - {NOBODY})
    one_class = [group for group in groups if len(set(outcome[strata == group].tolist())) < 2]
    used = ~np.isin(strata, [NOBODY, *one_class])
    n = int(used.sum())
    for group in groups:
        for value in (0.0, 1.0):
            cell = used & (strata == group) & (outcome == value)
            if cell.any():
                share_g = int((used & (strata == group)).sum()) / n
                share_y = int((used & (outcome == value)).sum()) / n
                weights[cell] = share_g * share_y / (int(cell.sum()) / n)
    why = "has one class only, so no weight makes it independent of the outcome; its rows keep weight 1"
    return weights, tuple(f"{group}: {why}" for group in one_class)
