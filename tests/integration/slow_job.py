"""Jobs that leave traces and take their time, so that a test can step in while they run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from fhir_mapping.bulk.charts import Chart
from fhir_mapping.bulk.leads import Unsettled
from fhir_mapping.bulk.rows import Extraction, FeatureRow
from fhir_mapping.features import FeatureSet
from models.cohort import ScoreRow, Scoring

T = TypeVar("T")


class SlowExtraction(msgspec.Struct, frozen=True):
    """`Extraction` with a file in `traces` for each partition that was begun, and a rest after each chart."""

    manifest: str
    index: datetime
    traces: str
    seconds: float
    answered: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    zone: str = "UTC"

    def features(self) -> FeatureSet:
        """The compiled features."""
        return self._plain().features()

    def rows(self, charts: Iterable[Chart]) -> Iterator[FeatureRow]:
        """One FeatureRow for each chart."""
        return slowed(self._plain().rows(charts), self.traces, self.seconds)

    def _plain(self) -> Extraction:
        return Extraction(self.manifest, self.index, self.answered, self.doubted)


class SlowScoring(msgspec.Struct, frozen=True):
    """`Scoring` with the same traces and rests."""

    folder: str
    index: datetime
    traces: str
    seconds: float
    answered: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    zone: str = "UTC"

    def features(self) -> FeatureSet:
        """The compiled features."""
        return self._plain().features()

    def rows(self, charts: Iterable[Chart]) -> Iterator[ScoreRow | Unsettled]:
        """One ScoreRow for each chart."""
        return slowed(self._plain().rows(charts), self.traces, self.seconds)

    def _plain(self) -> Scoring:
        return Scoring(self.folder, self.index, self.answered, self.doubted)


def slowed(rows: Iterable[T], traces: str, seconds: float) -> Iterator[T]:
    """The rows, each with a trace and a rest before it."""
    for row in rows:
        Path(traces, f"{os.getpid()}-{time.monotonic_ns()}").touch()
        time.sleep(seconds)
        yield row
