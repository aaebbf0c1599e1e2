"""Verdicts of fhir.resources that are remembered, and the issues that come of them."""

from __future__ import annotations

import gc
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from fhir_mapping import validate
from fhir_mapping.record import PatientRecord
from fhir_mapping.validation.authority import UNREADABLE, Finding, findings
from fhir_mapping.validation.verdicts import VerdictCache

WRONG = (Finding("status", "is wrong"),)
SECRET = "Zweibrücken-4711"


class Judge:
    """Says that everything is wrong, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []

    def __call__(self, resource_type: str, raw: bytes) -> tuple[Finding, ...]:
        self.asked.append((resource_type, raw))
        return WRONG


@pytest.fixture
def judge() -> Judge:
    """A judge that nobody asked yet."""
    return Judge()


def test_the_same_bytes_are_judged_once(judge: Judge) -> None:
    """The second time the verdict is known, and counted as a hit."""
    cache = VerdictCache()
    assert [cache.findings("Patient", b"{}", judge) for _ in range(3)] == [WRONG] * 3
    assert len(judge.asked) == 1
    assert cache.usage() == (2, 1, 1)


def test_a_verdict_that_all_is_well_is_remembered_too() -> None:
    """No findings is a verdict, not a miss."""
    cache = VerdictCache()
    cache.findings("Patient", b"{}", lambda *_: ())
    assert cache.findings("Patient", b"{}", lambda *_: WRONG) == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [(("Patient", b"{}"), ("Patient", b"{} ")), (("Patient", b"{}"), ("Person", b"{}"))],
)
def test_other_bytes_and_other_types_are_judged_apart(
    judge: Judge, first: tuple[str, bytes], second: tuple[str, bytes]
) -> None:
    """Type and bytes make the key."""
    cache = VerdictCache()
    cache.findings(*first, judge)
    cache.findings(*second, judge)
    assert judge.asked == [first, second]


def test_the_verdict_used_least_recently_goes_first(judge: Judge) -> None:
    """The number of verdicts is bounded, and what is in use stays."""
    cache = VerdictCache(capacity=2)
    for raw in (b"1", b"2", b"1", b"3", b"1", b"2"):
        cache.findings("Patient", raw, judge)
    assert [raw for _, raw in judge.asked] == [b"1", b"2", b"3", b"2"]
    assert cache.usage().size == 2


def test_a_cache_of_nothing_is_refused() -> None:
    """The message names the setting."""
    with pytest.raises(ValueError, match="capacity must be at least 1"):
        VerdictCache(capacity=0)


def test_two_caches_name_the_same_bytes_differently(judge: Judge) -> None:
    """Digests are keyed, so that they cannot be matched with guessed resources."""
    digests = []
    for cache in (VerdictCache(), VerdictCache()):
        cache.findings("Patient", b"{}", judge)
        digests.append(set(cache._verdicts))
    assert digests[0].isdisjoint(digests[1])


def test_threads_share_the_cache(judge: Judge) -> None:
    """Many threads at a time: every answer is right and every call is counted."""
    cache = VerdictCache(capacity=8)
    raws = [str(i % 16).encode() for i in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda raw: cache.findings("Patient", raw, judge), raws))
    assert answers == [WRONG] * len(raws)
    hits, misses, size = cache.usage()
    assert (hits + misses, misses, size) == (len(raws), len(judge.asked), 8)


def test_no_text_of_a_patient_is_kept() -> None:
    """Neither values nor names of unknown elements stay in what is remembered."""
    cache = VerdictCache()
    raw = json.dumps({"resourceType": "Patient", "birthDate": SECRET, SECRET: SECRET, "gender": [SECRET]})
    assert cache.findings("Patient", raw.encode(), findings)
    gc.collect()
    assert b"4711" not in pickle.dumps(dict(cache._verdicts))


def test_a_remembered_verdict_is_told_at_the_path_of_each_use() -> None:
    """The same bytes at two places of a request are two issues with their own paths."""
    raw = b'{"resourceType": "Patient", "birthDate": "soon"}'
    before = validate.usage()
    paths = [
        validate.problems("Patient", raw, path)[0].path for path in ("prefetch.a", "prefetch.b.entry[1]")
    ]
    assert paths == ["prefetch.a.birthDate", "prefetch.b.entry[1].birthDate"]
    after = validate.usage()
    assert (after.hits - before.hits, after.misses - before.misses) == (1, 1)


def test_what_was_proved_valid_is_not_proved_again() -> None:
    """The usual resource, seen again, costs a digest."""
    raw = b'{"resourceType": "Patient", "gender": "female"}'
    before = validate.usage()
    assert [validate.problems("Patient", raw, "x") for _ in range(2)] == [[], []]
    after = validate.usage()
    assert (after.hits - before.hits, after.misses - before.misses) == (1, 1)


def test_a_chart_of_a_cohort_leaves_no_verdict() -> None:
    """Its resources come once: their verdicts would only push out those of the service."""
    raw = b'{"resourceType": "Patient", "id": "p", "gender": "female"}'
    before = validate.usage()
    assert PatientRecord.of_resources("p", [raw]).accepts_patient()
    assert validate.usage() == before


def test_bytes_that_are_no_json_are_one_issue() -> None:
    """The issue stands at the resource itself."""
    assert findings("Patient", b"{") == (UNREADABLE,)
    assert [issue.path for issue in validate.problems("Patient", b"{", "prefetch.patient")] == [
        "prefetch.patient"
    ]


def test_types_that_no_feature_touches_are_not_validated() -> None:
    """A Bundle is read entry by entry, not validated as a whole."""
    assert validate.problems("Bundle", b'{"wrong": 1}', "x") == []
