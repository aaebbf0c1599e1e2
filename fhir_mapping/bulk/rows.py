"""What a chart becomes: a mapper makes rows of charts, the same one on local cores and on Spark."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import msgspec

from fhir_mapping.bulk.charts import Chart
from fhir_mapping.bulk.leads import Unsettled
from fhir_mapping.features import FeatureSet
from fhir_mapping.terminology.site import SiteTerminology
from fhir_mapping.times import time_zone
from fhir_mapping.values import FeatureValue


class Row(Protocol):
    """One row of a result; `patient` orders the rows."""

    @property
    def patient(self) -> str: ...


class FeatureRow(msgspec.Struct, frozen=True, array_like=True):
    """All features of one patient, in spec order."""

    patient: str
    values: tuple[FeatureValue, ...]


Mapper = Callable[[Iterable[Chart]], Iterator[Any]]
"""Rows of charts, in their order. A mapper keeps nothing of a patient after the patient's row."""


class Extraction(msgspec.Struct, frozen=True):
    """The work of `bedside extract`, to be sent to where it is done: features of a model.yaml at an index
    time. `answered` are the resource types that the export holds, `doubted` those of which some were lost;
    `terminology` is the folder of the site's own codes, empty where there is none; `zone` the site's time
    zone."""

    manifest: str
    index: datetime
    answered: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    terminology: str = ""
    zone: str = "UTC"

    def features(self) -> FeatureSet:
        """The compiled features; raises SpecError."""
        return _compiled(self.manifest, self.terminology)

    def rows(self, charts: Iterable[Chart]) -> Iterator[FeatureRow | Unsettled]:
        """One FeatureRow for each chart, or Unsettled where the chart leaves out lines that matter."""
        features, zone = self.features(), time_zone(self.zone)
        for chart in charts:
            vector = features.extract(chart.record(self.answered, self.doubted, zone), self.index)
            is_settled = chart.settles(vector, zone)
            yield FeatureRow(chart.patient, vector.values) if is_settled else Unsettled(chart.patient)


@lru_cache(maxsize=8)
def _compiled(manifest: str, terminology: str) -> FeatureSet:
    return FeatureSet.load(Path(manifest), SiteTerminology.of(terminology))
