"""The keyed digest under which the ledger knows a patient."""

from __future__ import annotations

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from cds_hooks.errors import SettingsError

__all__ = ["PatientKey", "load_or_make"]

_BYTES = 32


class PatientKey:
    """HMAC-SHA-256 of patient ids under one secret: the same patient has the same key, nobody can go back."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, patient_id: str) -> str:
        """64 lower-case hex digits for a patient id."""
        return hmac.new(self._secret, patient_id.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def load_or_make(path: Path) -> bytes:
    """Read the secret, or make one that only this user can read; processes that start together agree on it.

    Raises SettingsError when it can neither be read nor made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make(path)
        secret = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read or made ({type(error).__name__}); set BEDSIDE_LEDGER_KEY"
        ) from None
    if len(secret) < _BYTES:
        raise SettingsError(
            f"{path} holds no key; restore it, or remove it and give up linking earlier patients"
        )
    return secret


def _make(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        os.link(draft, path)  # unlike a rename, does not replace the key of a faster process
    except FileExistsError:
        pass
    finally:
        draft.unlink()
