"""Errors of the room `fairness`.

    FairnessError
    ├── SampleError  (also ValueError)       y, p, a threshold or a level that no metric can be computed on
    ├── GroupError   (also ValueError)       a group value or column that does not fit its attribute
    └── FitError     (also ArithmeticError)  a logistic fit that has no finite maximum

A metric that has no value for its sample is not an error: it is a `Metric` whose state is `undefined`.
"""


class FairnessError(Exception):
    """Base of every error that this room raises on purpose."""


class SampleError(FairnessError, ValueError):
    """Outcomes, probabilities, a threshold or a level are malformed; the message names the argument."""


class GroupError(FairnessError, ValueError):
    """A group value is not defined for its attribute, or a group column does not fit the sample."""


class FitError(FairnessError, ArithmeticError):
    """A logistic fit did not converge; the likelihood has no finite maximum or no curvature."""
