"""Lines that are read and looked at many at a time are those that are read one at a time."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fhir_mapping.bulk import lines
from fhir_mapping.bulk.export import export_files, pieces
from fhir_mapping.bulk.lines import Lines, Problem, lines_of
from fhir_mapping.bulk.marks import Marks
from fhir_mapping.bulk.newest import Newest, scan_newest
from fhir_mapping.bulk.scan import Kept, Tally, scan
from fhir_mapping.features import FeatureSet

LOINC, ICD = "http://loinc.org", "http://hl7.org/fhir/sid/icd-10"
GLUCOSE = {
    "name": "glucose",
    "label": "Glucose",
    "kind": "observation",
    "unit": "mg/dL",
    "codes": [{"system": LOINC, "code": "2345-7"}],
}
DIAGNOSED = {
    "name": "diagnosed",
    "label": "Diagnosed",
    "kind": "observation",
    "unit": "1",
    "codes": [{"system": ICD, "code": "E11.9"}],
}
INDEX = datetime(2021, 1, 1, 12, tzinfo=UTC)


def plan_of(*features: dict[str, Any]) -> Newest:
    """The plan of a first pass for features."""
    plan = Newest.of(FeatureSet.parse(list(features), "test"), INDEX, UTC)
    assert plan is not None
    return plan


PLAN = plan_of(GLUCOSE)
HBA1C = {"name": "hba1c", "label": "HbA1c", "kind": "observation", "analyte": "hba1c"}
HINTED = plan_of(GLUCOSE, HBA1C)


def result(**elements: Any) -> dict[str, Any]:
    """A glucose result of patient p, with other elements."""
    return {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "2345-7"}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2020-06-01T10:00:00Z",
        "valueQuantity": {
            "value": 99,
            "unit": "mg/dL",
            "system": "http://unitsofmeasure.org",
            "code": "mg/dL",
        },
    } | elements


def observed(
    folder: Path, size: int, plan: Newest | None = PLAN
) -> tuple[list[Kept], list[Tally], list[list[int]]]:
    """What the first pass keeps of all pieces of a folder, its tallies, and its marks, sorted; all that a
    feature touches where there is no plan."""
    kept: list[Kept] = []
    tallies, marked = [], []
    for piece in pieces(export_files(folder), size):
        tally, marks = Tally(), Marks()
        lines_read = Lines(folder, piece, tally.problems)
        if plan is None:
            kept += marks.taking(scan(lines_read, PLAN.interest, tally))
        else:
            kept += scan_newest(lines_read, plan, tally, marks)
        marks.write(folder / "names", folder / "owners")
        pairs = zip(*(_numbers(folder / name) for name in ("names", "owners")), strict=True)
        marked.append(sorted(pairs))
        tallies.append(tally)
    return sorted(kept, key=repr), tallies, marked


def _numbers(path: Path) -> list[bytes]:
    content = path.read_bytes()
    return [content[at : at + 8] for at in range(0, len(content), 8)]


ODD_LINES = st.sampled_from(
    [
        b"", b" ", b"\r", b"{", b"}", b"null", b"{}", b"[1]", b"\xff", b"\xc2\x85",
        b'{"resourceType":"Patient"}', json.dumps(result()).encode()[:100],
        json.dumps(result(), indent=1).encode(),
        json.dumps(result()).encode() * 2, b" " + json.dumps(result()).encode() + b"\t\r",
        b'{"resourceType":"Observation"}', b'{"resourceType":"Bundle"}', b"[" * 3000,
    ]
)  # fmt: skip
RESULTS = st.builds(
    lambda elements: json.dumps(result(**elements)).encode(),
    st.dictionaries(
        st.sampled_from(
            ["id", "subject", "status", "code", "effectiveDateTime", "valueQuantity", "component"]
        ),
        st.sampled_from(
            [
                None, 5, "", "final", "cancelled", "a", "b", "2020-06-01T10:00:01Z",
                "2020-06-01T10:00:00+02:00", "2020-07-01T10:00:00Z", "2020", "2022-01-01T00:00:00Z",
                {"reference": "Patient/q"},
                {"reference": "Group/p"}, {"reference": "https://ehr.example/Patient/p"}, {"coding": []},
                {"coding": [{"code": "718-7", "system": LOINC}]}, {"coding": [{"code": "2345-7"}]},
                {"coding": [{"code": "718-7"}, {"code": "2345-7", "system": LOINC}]}, {"value": 5.5},
            ]
        ),
        max_size=2,
    ),
)  # fmt: skip


@given(
    st.lists(RESULTS | ODD_LINES, max_size=12),
    st.sampled_from([b"\n", b"\r\n"]),
    st.sampled_from(["Observation.ndjson", "any.ndjson", "Observation.ndjson.gz"]),
    st.sampled_from([100, 700, 10**6]),
    st.sampled_from([50, 600, 2**16]),
    st.booleans(),
    st.sampled_from([PLAN, HINTED, None]),
)
@example([b"{"], b"\n", "Observation.ndjson", 10**6, 2**16, True, PLAN)
@example([json.dumps(result()).encode() * 2, b""], b"\n", "Observation.ndjson", 10**6, 2**16, False, PLAN)
@example(
    [b'{"resourceType":"Patient","a":[', b"{}]}", b"{}{}"], b"\n", "any.ndjson", 10**6, 2**16, False, None
)
def test_what_is_kept_does_not_depend_on_the_blocks(
    content: list[bytes],
    end: bytes,
    name: str,
    piece_bytes: int,
    block_bytes: int,
    has_mark: bool,
    plan: Newest | None,
) -> None:
    """Blocks of any size give the lines, marks, counts and problems of lines that are looked at one by one,
    whatever stands between the lines and in them."""
    data = (b"\xef\xbb\xbf" if has_mark else b"") + end.join(content)
    with TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        (Path(home) / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        patch.setattr(lines, "BLOCK_BYTES", 1)
        singly = observed(Path(home), piece_bytes, plan)
        patch.setattr(lines, "BLOCK_BYTES", block_bytes)
        assert observed(Path(home), piece_bytes, plan) == singly


@given(
    st.lists(
        st.binary(max_size=25).map(lambda line: line.translate(bytes.maketrans(b"\n\x1f", b"\rf"))),
        max_size=15,
    ),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(0, None), (0, 1), (0, 3), (1, 4), (7, 30), (20, 21), (5, 500)]),
    st.integers(1, 40),
    st.sampled_from([10, 20, 1000]),
)
def test_blocks_hold_the_lines_that_begin_in_a_piece(
    content: list[bytes],
    has_mark: bool,
    ends: bool,
    piece_bounds: tuple[int, int | None],
    block_bytes: int,
    longest: int,
) -> None:
    """Of arbitrary bytes each line is given whose first byte lies in the piece, without a byte order mark at
    the file's beginning, at its place; of a line that is too long, the place."""
    data = (b"\xef\xbb\xbf" if has_mark else b"") + b"\n".join(content) + (b"\n" if ends else b"")
    begin, end = piece_bounds
    expected, problems = [], []
    at = 0
    for line in data.split(b"\n"):
        whole = data[at : at + len(line) + 1]
        if whole and begin <= at and (end is None or at < end):
            is_cut = len(whole) > longest or (len(whole) == longest and whole[-1:] != b"\n")
            if is_cut:
                problems.append(Problem("a.ndjson", at, "too-long"))
            else:
                mark = 3 if at == 0 and whole.startswith(b"\xef\xbb\xbf") else 0
                expected.append((at + mark, whole[mark:]))
        at += len(whole)
    with TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        (Path(home) / "a.ndjson").write_bytes(data or b"\n")
        patch.setattr(lines, "BLOCK_BYTES", block_bytes)
        patch.setattr(lines, "LONGEST_LINE", longest)
        (file,) = export_files(Path(home))
        piece = next(pieces([file], 10**6))
        noted: list[Problem] = []
        read = Lines(Path(home), type(piece)(0, file, begin, end), noted)
        found = []
        for line in read:
            read.note("not-json", line)
            found.append((noted.pop().offset, line))
    if data:
        assert found == expected
        assert noted == problems


def test_a_carriage_return_ends_no_line() -> None:
    """What `splitlines` takes for ends of lines may stand between the tokens of JSON, or in its strings."""
    block = b'{"a":\r1}\n{"b":\r\n\x0b\x1c\xe2\x80\xa8"}'
    assert lines_of(block) == [b'{"a":\r1}\n', b'{"b":\r\n', b'\x0b\x1c\xe2\x80\xa8"}']


def test_a_newer_value_is_the_only_one_kept(tmp_path: Path) -> None:
    """Of a patient's results under a code the newest is kept, in whatever order they come, and says that it
    hides others."""
    dates = [f"2020-06-{day:02}T10:00:00Z" for day in (3, 1, 9, 9, 5)]
    dates[3] = "2020-06-08T10:00:00Z"
    content = [json.dumps(result(id=str(at), effectiveDateTime=date)) for at, date in enumerate(dates)]
    (tmp_path / "Observation.ndjson").write_text("\n".join(content))
    (kept,), (tally,), (marked,) = observed(tmp_path, 10**6)
    assert kept.id == "2"
    assert kept.lead is not None
    assert (kept.lead.date, kept.lead.hidden) == (dates[2], 1)
    assert (tally.read, tally.kept, len(marked)) == (5, 5, 5)


def test_a_feature_that_reads_codes_of_many_spellings_forgets_no_code(tmp_path: Path) -> None:
    """Beside a feature whose codes are written with and without a dot, a result under any other code is kept:
    it may be that feature's."""
    undotted = result(code={"coding": [{"system": ICD, "code": "E119"}]})
    (tmp_path / "Observation.ndjson").write_text(json.dumps(undotted))
    (kept,), _, _ = observed(tmp_path, 10**6, plan_of(GLUCOSE, DIAGNOSED))
    assert kept.id == "o"


def test_a_local_code_beside_the_own_one_is_no_reason_to_keep_all(tmp_path: Path) -> None:
    """Laboratories send their own code beside LOINC's: of such results, too, the newest is enough."""
    local = {"system": "urn:oid:1.2.3.4", "code": "GLU"}
    coded = {"coding": [local, {"system": LOINC, "code": "2345-7"}]}
    dates = ["2020-06-02T10:00:00Z", "2020-06-01T10:00:00Z"]
    content = [result(id=date, effectiveDateTime=date, code=coded) for date in dates]
    content.append(result(code={"coding": [local, {"system": LOINC, "code": "718-7"}]}))
    (tmp_path / "Observation.ndjson").write_text("\n".join(map(json.dumps, content)))
    (kept,), (tally,), _ = observed(tmp_path, 10**6)
    assert kept.lead is not None
    assert (kept.id, tally.read, tally.kept) == (dates[0], 3, 2)


@pytest.mark.parametrize("other", [{"code": "4548-4", "system": LOINC}, {"system": LOINC}, {"code": ""}])
def test_codings_of_which_several_may_count_are_left_to_the_second_pass(
    tmp_path: Path, other: dict[str, str]
) -> None:
    """Two codes of features, or a coding without a code: the line is kept as it is, whatever its date."""
    coded = {"coding": [{"system": LOINC, "code": "2345-7"}, other]}
    content = [result(), result(id="old", effectiveDateTime="2019-01-01T10:00:00Z", code=coded)]
    (tmp_path / "Observation.ndjson").write_text("\n".join(map(json.dumps, content)))
    hba1c = {**GLUCOSE, "name": "hba1c", "unit": "%", "codes": [{"system": LOINC, "code": "4548-4"}]}
    kept, _, _ = observed(tmp_path, 10**6, plan_of(GLUCOSE, hba1c))
    assert [(one.id, one.lead is None) for one in kept] == [("o", False), ("old", True)]


@pytest.mark.parametrize(
    ("code", "is_kept"),
    [
        ({"coding": [{"system": "urn:oid:1.2.3.4", "code": "A1"}], "text": "HbA1c"}, True),
        ({"coding": [{"system": LOINC, "code": "718-7"}], "text": "HbA1c"}, False),
        (
            {
                "coding": [{"code": "A1", "system": "urn:x"}, {"code": "718-7", "system": LOINC}],
                "text": "HbA1c",
            },
            False,
        ),
    ],
)
def test_a_result_in_words_is_kept_where_no_code_decides(
    tmp_path: Path, code: dict[str, Any], is_kept: bool
) -> None:
    """Beside a feature that is looked for by its name, a local code alone settles nothing; LOINC's does."""
    (tmp_path / "Observation.ndjson").write_text(json.dumps(result(code=code)))
    kept, _, _ = observed(tmp_path, 10**6, HINTED)
    assert bool(kept) == is_kept
