"""Kept lines between the passes, by partition."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from fhir_mapping.bulk.scan import SHARED, Kept
from fhir_mapping.bulk.spill import Spill, partition_of, unspilled

KEPT = st.builds(
    Kept,
    st.sampled_from(["a", "b", "c", "d", SHARED]),
    st.sampled_from(["Observation", "Medication"]),
    st.none() | st.text(max_size=3),
    st.none(),
    st.binary(max_size=9),
)


@given(st.lists(st.lists(KEPT, max_size=6), max_size=4), st.integers(1, 5))
def test_a_partition_gives_its_lines_of_all_rounds(rounds: list[list[Kept]], partitions: int) -> None:
    """Each line comes back in the partition of its owner, once, in the order of the rounds; what is shared in
    a partition of its own."""
    file = BytesIO()
    spill = Spill(file, partitions)
    for kept in rounds:
        spill.add(kept)
    spill.finish()
    for partition in range(partitions + 1):
        wanted = [one for kept in rounds for one in kept if partition_of(one.owner, partitions) == partition]
        assert list(unspilled(file, partition, partitions)) == wanted
