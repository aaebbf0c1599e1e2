"""Time to event with censoring: the product-limit estimator and weights for who is no longer observed."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fairness.metric import FloatArray


class Steps(NamedTuple):
    """A right-continuous survival function that starts at 1: its value from each time (increasing)
    onwards."""

    times: FloatArray
    values: FloatArray

    def at(self, time: npt.ArrayLike) -> FloatArray:
        """The function at times, right-continuous."""
        return self._value(np.searchsorted(self.times, time, side="right"))

    def before(self, time: npt.ArrayLike) -> FloatArray:
        """Its limit from the left."""
        return self._value(np.searchsorted(self.times, time, side="left"))

    def _value(self, at: npt.NDArray[np.intp]) -> FloatArray:
        return np.asarray(np.append(1.0, self.values)[at], dtype=np.float64)


def survival(time: FloatArray, event: npt.NDArray[np.bool_]) -> Steps:
    """Probability of no event up to each time.

    Source: Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481.
    """
    return _product_limit(time, event, np.zeros(time.size, dtype=np.bool_))


def censoring(time: FloatArray, event: npt.NDArray[np.bool_]) -> Steps:
    """Probability of still being observed; at a tie the event comes first and is no longer at risk."""
    return _product_limit(time, ~event, event)


def with_estimated_weights(
    time: FloatArray, event: npt.NDArray[np.bool_], horizon: float, terms: FloatArray
) -> FloatArray:
    """Influence (n,) of each person on a sum of weighted terms, that on the weights included.

    `terms` (n,) are each person's part of the sum, weights `1 / G` included, and 0 for people lost before the
    horizon. Estimated weights vary less than known ones. Source: Robins JM, Rotnitzky A. In: AIDS
    Epidemiology, 1992, 297-331 (the martingale of the censoring).
    """
    times, at = np.unique(time, return_inverse=True)
    leave, at_risk = _leaving(at, ~event, event, times.size)
    per_time = np.bincount(at, weights=terms, minlength=times.size)
    later = per_time.sum() - np.cumsum(per_time)
    share = np.divide(later, at_risk, out=np.zeros(times.size), where=(at_risk > 0) & (times <= horizon))
    hazard = np.divide(leave, at_risk, out=np.zeros(times.size), where=at_risk > 0)
    return np.asarray(terms + share[at] * ~event - np.cumsum(share * hazard)[at])


def _leaving(
    at: npt.NDArray[np.intp], leaving: npt.NDArray[np.bool_], gone_first: npt.NDArray[np.bool_], size: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Who leaves at each time, and who is at risk then; those of `gone_first` leave before the others of a
    tie."""
    everyone, first = np.bincount(at, minlength=size), np.bincount(at[gone_first], minlength=size)
    return np.bincount(at[leaving], minlength=size), everyone[::-1].cumsum()[::-1] - first


def _product_limit(
    time: FloatArray, leaving: npt.NDArray[np.bool_], gone_first: npt.NDArray[np.bool_]
) -> Steps:
    times, at = np.unique(time, return_inverse=True)
    leave, at_risk = _leaving(at, leaving, gone_first, times.size)
    hazard = np.divide(leave, at_risk, out=np.zeros(times.size), where=at_risk > 0)
    return Steps(times, np.cumprod(1.0 - hazard, dtype=np.float64))
