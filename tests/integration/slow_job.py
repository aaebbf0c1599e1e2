"""An extraction that leaves traces and takes its time, so that a test can step in while it runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from fhir_mapping.bulk.charts import Chart
from fhir_mapping.bulk.rows import Extraction, FeatureRow
from fhir_mapping.features import FeatureSet


class SlowExtraction(msgspec.Struct, frozen=True):
    """`Extraction` with a file in `traces` for each partition that was begun, and a rest after each chart."""

    manifest: str
    index: datetime
    traces: str
    seconds: float
    answered: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()

    def features(self) -> FeatureSet:
        """The compiled features."""
        return self._plain().features()

    def rows(self, charts: Iterable[Chart]) -> Iterator[FeatureRow]:
        """One FeatureRow for each chart."""
        for row in self._plain().rows(charts):
            Path(self.traces, f"{os.getpid()}-{time.monotonic_ns()}").touch()
            time.sleep(self.seconds)
            yield row

    def _plain(self) -> Extraction:
        return Extraction(self.manifest, self.index, self.answered, self.doubted)
