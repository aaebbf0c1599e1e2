"""Database failures told without the values they hold.

Drivers quote parameters and whole rows ("Failing row contains ..."), and a chained exception would print
them in a log. So a failure keeps only its kind: the exception's name and the database's own error code.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cds_hooks.ledger.errors import LedgerError, LedgerRefused, LedgerUnavailable

__all__ = ["telling_no_values"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeout, sqlite3.OperationalError)
_REFUSED = (IntegrityError, DataError, UnicodeError)


def telling_no_values(action: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Decorate a function so that what the database raises leaves it as a LedgerError about `action`.

    The error is raised after the handler has ended: neither its cause nor its context holds the original.
    LedgerError and ValueError of our own pass unchanged, except UnicodeError, which holds the text it could
    not encode.
    """

    def decorate(function: Callable[_P, _T]) -> Callable[_P, _T]:
        @wraps(function)
        def told(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            try:
                return function(*args, **kwargs)
            except (SQLAlchemyError, sqlite3.Error, UnicodeError) as error:
                failure = _failure(action, error)
            raise failure

        return told

    return decorate


def _failure(action: str, error: Exception) -> LedgerError:
    kind: type[LedgerError] = LedgerError
    if isinstance(error, _UNAVAILABLE):
        kind = LedgerUnavailable
    elif isinstance(error, _REFUSED):
        kind = LedgerRefused
    return kind(f"{action} failed ({', '.join(_names(error))})")


def _names(error: Exception) -> list[str]:
    """Return the exception's class and, where the driver gives one, the database's error code."""
    original = getattr(error, "orig", None) or error
    codes = (getattr(original, "sqlite_errorname", None), getattr(original, "sqlstate", None))
    return [type(error).__name__, *(str(code) for code in codes if code)]
