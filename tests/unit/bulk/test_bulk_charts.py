"""Charts out of kept lines."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.bulk.charts import Chart, charts, newest_owner
from fhir_mapping.bulk.scan import Kept


def kept(owner: str, name: str | None, updated: str | None = None, **elements: Any) -> Kept:
    """A line of an Observation."""
    resource: dict[str, Any] = {"resourceType": "Observation", "id": name, **elements}
    if updated is not None:
        resource["meta"] = {"lastUpdated": updated}
    return Kept(owner, "Observation", name, None, json.dumps(resource).encode())


def nothing(name: str) -> None:
    """No shared resource."""


def one_chart(*lines: Kept) -> Chart:
    """The chart of one patient's lines."""
    (found,) = charts(lines, {}, nothing)
    return found


def test_the_newest_version_of_a_resource_counts() -> None:
    """Of two lines with one id the one with the later lastUpdated is kept, across time zones."""
    older = kept("p", "o", "2020-01-01T23:00:00-05:00", status="preliminary")
    newer = kept("p", "o", "2020-01-02T05:00:00Z", status="final")
    assert one_chart(newer, older).raws == [newer.raw]


def test_a_version_without_time_is_older_than_any() -> None:
    """A line without lastUpdated, or with one that cannot be read, loses."""
    untold, odd, told = kept("p", "o"), kept("p", "o", "yesterday"), kept("p", "o", "1990-01-01T00:00:00Z")
    assert one_chart(told, odd, untold).raws == [told.raw]


def test_versions_that_are_equally_new_are_all_there() -> None:
    """Without a later lastUpdated nobody can tell which version stands, and none is chosen by its content."""
    one, other = kept("p", "o", n=1), kept("p", "o", n=2)
    assert one_chart(one, other, kept("p", "o", n=1)).raws == [one.raw, other.raw]


def test_equal_lines_without_id_are_one_resource() -> None:
    """A line that occurs twice without an id counts once."""
    line = kept("p", None)
    assert one_chart(line, kept("p", None)).raws == [line.raw]


VERSIONS = [
    kept("p", name, updated, n=n)
    for name in "ab"
    for updated in (None, "2020-01-01T00:00:00Z")
    for n in range(2)
]


@given(st.permutations(VERSIONS))
def test_the_order_of_lines_does_not_matter(lines: list[Kept]) -> None:
    """Any order gives the same chart, also among versions of one time."""
    expected = one_chart(*sorted(lines, key=lambda one: one.raw))
    assert one_chart(*lines) == expected


def test_charts_come_in_order_of_patient() -> None:
    """Patients are sorted by id."""
    lines = [kept(owner, owner) for owner in random.Random(1).sample([f"p{n}" for n in range(20)], 20)]
    found = [chart.patient for chart in charts(lines, {}, nothing)]
    assert found == sorted(found)
    assert len(found) == 20


def test_a_resource_that_moved_belongs_to_its_newest_patient() -> None:
    """A resource that the export gives to two patients counts for the one of the newer version."""
    lines = [kept("old", "o", "2020-01-01T00:00:00Z"), kept("new", "o", "2021-01-01T00:00:00Z")]
    contested = newest_owner(lines)
    assert contested == {("Observation", "o"): "new"}
    assert [chart.patient for chart in charts(lines, contested, nothing)] == ["new"]


def test_a_referenced_drug_joins_the_chart_once() -> None:
    """A Medication that two orders refer to stands in the chart once, after the patient's own resources."""
    drug = b'{"resourceType": "Medication", "id": "d"}'
    lines = [
        Kept("p", "MedicationRequest", str(number), reference, b"{%d}" % number)
        for number, reference in enumerate(
            ("Medication/d", "https://ehr.example.org/Medication/d/_history/2", "#in")
        )
    ]
    shared = {"d": drug}.get
    (found,) = charts(lines, {}, shared)
    assert found.raws == [b"{0}", b"{1}", b"{2}", drug]
