"""Verdicts on resources, remembered by digest, so that an unchanged resource is validated once."""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from secrets import token_bytes
from threading import Lock
from typing import Any, NamedTuple

from fhir_mapping.validation.authority import Finding

Findings = tuple[Finding, ...]


class Usage(NamedTuple):
    """How often a verdict was known (`hits`) or not (`misses`), and how many are held (`size`)."""

    hits: int
    misses: int
    size: int


class VerdictCache:
    """The `capacity` verdicts used last, for all threads of a process; holds no text of a patient.

    A key is the SHA-256 digest of type and bytes behind a random key of this process: it cannot be matched
    with guessed resources from outside, and does not outlive the process.
    """

    def __init__(self, capacity: int = 8192) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}.")
        self._capacity = capacity
        self._key = token_bytes(32)
        self._begun: dict[str, Any] = {}
        self._verdicts: OrderedDict[bytes, Findings] = OrderedDict()
        self._lock = Lock()
        self._hits = self._misses = 0

    def findings(self, resource_type: str, raw: bytes, judge: Callable[[str, bytes], Findings]) -> Findings:
        """The remembered verdict on these bytes as this type, or that of `judge`, which is then remembered.

        `judge` runs outside the lock: two threads may judge the same bytes at the same time.
        """
        digest = self._digest(resource_type, raw)
        with self._lock:
            known = self._verdicts.get(digest)
            if known is not None:
                self._verdicts.move_to_end(digest)
                self._hits += 1
                return known
            self._misses += 1
        judged = judge(resource_type, raw)
        self._remember(digest, judged)
        return judged

    def usage(self) -> Usage:
        """Counts since the process started."""
        with self._lock:
            return Usage(self._hits, self._misses, len(self._verdicts))

    def _remember(self, digest: bytes, judged: Findings) -> None:
        with self._lock:
            self._verdicts[digest] = judged
            self._verdicts.move_to_end(digest)
            if len(self._verdicts) > self._capacity:
                self._verdicts.popitem(last=False)

    def _digest(self, resource_type: str, raw: bytes) -> bytes:
        begun = self._begun.get(resource_type)
        if begun is None:
            begun = self._begun[resource_type] = sha256(self._key + resource_type.encode() + b"\0")
        digest = begun.copy()
        digest.update(raw)
        found: bytes = digest.digest()
        return found
