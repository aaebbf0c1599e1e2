"""`bedside extract` and `bedside score` as commands: files in, Parquet out, and what they tell."""

from __future__ import annotations

import gzip
import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bulk_export import CATALOG, MODELS, manifest, write_export
from click.testing import CliRunner, Result
from invented_cohort import cohort

from cds_hooks.cli.main import cli
from cds_hooks.cli.tables import PROVENANCE
from fhir_mapping.features import FeatureSet
from fhir_mapping.record import PatientRecord
from models.loader import load_model

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

MODEL = MODELS[0]
AS_OF = "2021-01-01"


def bedside(*arguments: Any) -> Result:
    """Run a command."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def asked(command: str, export: Path, output: Path, *more: Any) -> Result:
    """Run `extract` or `score` over an export, in this process."""
    return bedside(
        command, "--bulk", export, "--model", MODEL, "--as-of", AS_OF, "-o", output, "--processes", 1, *more
    )


def table(path: Path) -> list[dict[str, Any]]:
    """Rows of a Parquet file."""
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export of invented patients."""
    return write_export(tmp_path / "export", cohort(40))


def test_an_export_that_reports_problems_is_told(export: Path, tmp_path: Path) -> None:
    """A file of OperationOutcomes says what the server could not export; that is worth a look."""
    problem = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    (export / "errors.OperationOutcome.ndjson").write_text(json.dumps(problem) + "\n", encoding="utf-8")
    result = asked("extract", export, tmp_path / "features.parquet")
    assert result.exit_code == 0
    told = "see whether all was exported: errors.OperationOutcome.ndjson"
    assert told in result.output
    assert "needs nothing" not in result.output


def test_extract_writes_one_row_for_each_patient(export: Path, tmp_path: Path) -> None:
    """Rows are ordered by patient; columns are the features of the model, each with its provenance."""
    result = asked("extract", export, tmp_path / "features.parquet")
    assert result.exit_code == 0, result.output
    rows = table(tmp_path / "features.parquet")
    features = FeatureSet.load(Path(manifest(MODEL)))
    assert [row["patient"] for row in rows] == [f"p-{number:04}" for number in range(40)]
    assert list(rows[0]) == [
        "patient",
        *(column for name in features.readers for column in (name, name + PROVENANCE)),
    ]
    assert all((row["age"] is None) == (row[f"age{PROVENANCE}"]["state"] == "missing") for row in rows)


def test_the_file_says_what_it_was_made_of(export: Path, tmp_path: Path) -> None:
    """The digest of the features and the index time stand in the file's metadata."""
    asked("extract", export, tmp_path / "features.parquet")
    told = parquet.read_schema(tmp_path / "features.parquet").metadata
    assert told[b"bedside.feature_spec"].decode() == FeatureSet.load(Path(manifest(MODEL))).sha256
    assert told[b"bedside.as_of"] == b"2021-01-01T23:59:59.999000+00:00"
    assert told[b"bedside.time_zone"] == b"UTC"


@pytest.mark.parametrize("command", ["extract", "score"])
def test_a_day_ends_where_the_site_is(
    command: str, export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--as-of` a day means the end of that day in BEDSIDE_TIME_ZONE, which the file tells."""
    monkeypatch.setenv("BEDSIDE_TIME_ZONE", "Pacific/Auckland")
    asked(command, export, tmp_path / "x.parquet")
    told = parquet.read_schema(tmp_path / "x.parquet").metadata
    assert told[b"bedside.as_of"] == b"2021-01-01T10:59:59.999000+00:00"
    assert told[b"bedside.time_zone"] == b"Pacific/Auckland"


@pytest.mark.parametrize("processes", [1, 2])
def test_the_zone_reaches_every_process(
    processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An HbA1c of today, by the calendar of Auckland, is known in the morning there and not in UTC."""
    person = {"resourceType": "Patient", "id": "p1", "birthDate": "1970-01-01", "gender": "female"}
    result = {
        "resourceType": "Observation",
        "id": "a1c",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-11-29",
        "valueQuantity": {"value": 5.4, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
    }
    export = write_export(tmp_path / "export", [person, result])
    found = {}
    for zone in ("UTC", "Pacific/Auckland"):
        monkeypatch.setenv("BEDSIDE_TIME_ZONE", zone)
        done = bedside(
            "score", "--bulk", export, "--model", MODEL, "--as-of", "2026-11-29T09:00:00+13:00",
            "-o", tmp_path / "x.parquet", "--processes", processes,
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        found[zone] = table(tmp_path / "x.parquet")[0]["reason"]
    assert found["Pacific/Auckland"] == "recent-hba1c"
    assert found["UTC"] != "recent-hba1c"


def test_a_zone_that_is_none_is_a_usage_error(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the variable."""
    monkeypatch.setenv("BEDSIDE_TIME_ZONE", "Auckland")
    result = asked("extract", export, tmp_path / "x.parquet")
    assert (result.exit_code, "BEDSIDE_TIME_ZONE must be an IANA" in result.stderr) == (2, True)


def test_a_run_does_not_go_on_in_another_zone(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows under one zone are not mixed with rows under another: --resume is refused and says why."""
    missing = tmp_path / "nowhere" / "features.parquet"
    moment = ("--as-of", "2021-01-01T12:00:00Z")
    asked("extract", export, missing, "--work", tmp_path / "work", *moment)
    monkeypatch.setenv("BEDSIDE_TIME_ZONE", "America/New_York")
    result = asked("extract", export, missing, "--work", tmp_path / "work", "--resume", *moment)
    assert result.exit_code == 2
    assert "changed since the run was begun: time zone;" in result.stderr


def test_score_writes_a_score_or_a_reason(export: Path, tmp_path: Path) -> None:
    """Each patient has a score within its interval, or a reason and no score."""
    result = asked("score", export, tmp_path / "scores.parquet")
    assert result.exit_code == 0, result.output
    rows = table(tmp_path / "scores.parquet")
    assert len(rows) == 40
    assert {row["reason"] for row in rows} >= {None, "known-diabetes"}
    for row in rows:
        if row["reason"] is None:
            assert 0 <= row["low"] <= row["score"] <= row["high"] <= 1
        else:
            assert row["score"] is row["low"] is row["high"] is None


def test_a_score_below_the_cards_threshold_is_written(export: Path, tmp_path: Path) -> None:
    """Thresholds that silence a card do not silence a score."""
    asked("score", export, tmp_path / "scores.parquet")
    threshold = load_model(CATALOG / MODEL).manifest.card.thresholds["diabetes"].at
    scores = [row["score"] for row in table(tmp_path / "scores.parquet") if row["score"] is not None]
    assert min(scores) < threshold


def test_missing_inputs_are_listed(export: Path, tmp_path: Path) -> None:
    """`missing` names the inputs that `extract` leaves null."""
    asked("score", export, tmp_path / "scores.parquet")
    asked("extract", export, tmp_path / "features.parquet")
    inputs = FeatureSet.load(Path(manifest(MODEL))).inputs
    pairs = zip(table(tmp_path / "scores.parquet"), table(tmp_path / "features.parquet"), strict=True)
    for scored, features in pairs:
        assert scored["missing"] == [name for name in inputs if features[name] is None]


def test_a_score_says_what_the_export_did_not_tell(export: Path, tmp_path: Path) -> None:
    """Without any list of drugs nobody was asked whether they take metformin: each score says so."""
    asked("score", export, tmp_path / "whole.parquet")
    for file in export.glob("Medication*.ndjson"):
        file.unlink()
    asked("score", export, tmp_path / "scores.parquet")
    whole, scored = table(tmp_path / "whole.parquet"), table(tmp_path / "scores.parquet")
    assert all(row["not_checked"] == [] for row in whole)
    told = {row["score"] is None: row["not_checked"] for row in scored}
    assert told == {True: [], False: ["glucose_lowering_drug"]}


def test_a_drug_by_reference_reaches_the_chart(export: Path, tmp_path: Path) -> None:
    """An order that refers to a Medication of another file counts as an order for that drug."""
    asked("extract", export, tmp_path / "features.parquet")
    found = {row["glucose_lowering_drug"] for row in table(tmp_path / "features.parquet")}
    assert found == {0.0, 1.0}


def test_a_bad_line_is_told_and_the_rest_is_read(export: Path, tmp_path: Path) -> None:
    """A cut line is named by file and number, never quoted; the exit code says that something is lost."""
    path = export / "Observation.ndjson"
    lines = path.read_text().splitlines()
    lines[6] = lines[6][:80]
    path.write_text("\n".join(lines) + "\n")
    result = asked("extract", export, tmp_path / "features.parquet")
    assert result.exit_code == 1
    assert "Observation.ndjson line 7: is not JSON" in result.stderr
    assert lines[6][20:] not in result.output
    assert len(table(tmp_path / "features.parquet")) == 40


def test_of_a_chart_with_a_cut_line_no_absence_is_concluded(export: Path, tmp_path: Path) -> None:
    """A condition cut after its subject makes "no diabetes on record" missing for that patient, for nobody
    else."""
    path = export / "Condition.ndjson"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    victim = next(one for one in lines if one["code"]["coding"][0]["code"] != "44054006")
    raw = json.dumps({"resourceType": "Condition", "subject": victim["subject"], "code": victim["code"]})
    text = [raw[:-9] if one is victim else json.dumps(one) for one in lines]
    path.write_text("\n".join(text) + "\n")
    asked("extract", export, tmp_path / "features.parquet")
    reasons = {
        row["patient"]: row[f"known_diabetes{PROVENANCE}"]["reason"]
        for row in table(tmp_path / "features.parquet")
    }
    patient = victim["subject"]["reference"].rsplit("/", 1)[-1]
    assert reasons.pop(patient) == "incomplete"
    assert set(reasons.values()) == {None}


def test_resources_of_nobody_are_counted(export: Path, tmp_path: Path) -> None:
    """Touched resources without reference to a patient are told by number, file and line: they may be
    anybody's."""
    with (export / "Observation.ndjson").open("a") as file:
        file.write(
            '{"resourceType": "Observation", "code": {"coding": [{"code": "39156-5", "system": "http://loinc.org"}]}}\n'
        )
    result = asked("extract", export, tmp_path / "features.parquet")
    assert "1 resources refer to no patient" in result.stderr
    assert "Observation.ndjson line " in result.stderr
    assert result.exit_code == 1


@pytest.mark.parametrize(
    "lost",
    [
        '{"resourceType": "Condition", "subject": {"reference": "Group/1"}}',
        '{"resourceType": "condition", "subject": {"reference": "Patient/p"}}',
        '{"resourceType": "Bundle", "entry": []}',
        '{"resourceType": "Condition", "subject": 5}',
        '{"resourceType": "Condition", "cod',
    ],
)
def test_a_lost_problem_is_never_no_problem(lost: str, export: Path, tmp_path: Path) -> None:
    """A line of the problem lists of which nobody can tell whose it is keeps all of them from being empty."""
    with (export / "Condition.ndjson").open("a") as file:
        file.write(f"{lost}\n")
    result = asked("extract", export, tmp_path / "features.parquet")
    assert result.exit_code == 1
    assert "Condition.ndjson line " in result.stderr
    rows = table(tmp_path / "features.parquet")
    feature = next(
        name for name in rows[0] if name.startswith("known_diabetes") and name.endswith(PROVENANCE)
    )
    assert {row[feature]["state"] for row in rows} <= {"ok", "missing"}


@pytest.mark.parametrize(
    "lost",
    [
        '{"resourceType": "condition", "subject": {"reference": "Patient/p"}}',
        '{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Condition"}}]}',
    ],
)
def test_a_line_of_no_type_is_told_in_a_file_of_any_types(lost: str, export: Path, tmp_path: Path) -> None:
    """A file whose name says no type may hold a problem under a wrong name, or a whole Bundle."""
    (export / "part-7.ndjson").write_text(f"{lost}\n")
    result = asked("extract", export, tmp_path / "features.parquet")
    assert result.exit_code == 1
    assert "part-7.ndjson line 1: is a Bundle or of no type" in result.stderr
    rows = table(tmp_path / "features.parquet")
    assert {row[f"known_diabetes{PROVENANCE}"]["state"] for row in rows} <= {"ok", "missing"}


def test_other_types_in_a_file_of_any_types_are_in_order(export: Path, tmp_path: Path) -> None:
    """A mixed file may hold what no feature reads."""
    (export / "part-7.ndjson").write_text('{"resourceType": "Claim", "id": "1"}\n')
    assert asked("extract", export, tmp_path / "features.parquet").exit_code == 0


def test_a_broken_packed_file_is_told_and_its_type_doubted(export: Path, tmp_path: Path) -> None:
    """Of problems whose file breaks off nobody knows whose are lost; what stands before the end was used."""
    content = gzip.compress((export / "Condition.ndjson").read_bytes(), 1)
    (export / "Condition.ndjson").unlink()
    (export / "Condition.ndjson.gz").write_bytes(content[: len(content) // 3])
    result = asked("extract", export, tmp_path / "features.parquet")
    assert result.exit_code == 1
    assert "Condition.ndjson.gz line " in result.stderr
    assert "cannot be read from here on" in result.stderr
    rows = table(tmp_path / "features.parquet")
    assert {row[f"known_diabetes{PROVENANCE}"]["state"] for row in rows} <= {"ok", "missing"}


def test_data_that_is_no_ndjson_is_told_and_its_type_doubted(export: Path, tmp_path: Path) -> None:
    """Problems in a file that nobody reads are not "none": the file is named, and no absence concluded."""
    lines = (export / "Condition.ndjson").read_text().splitlines()
    (export / "Condition.ndjson").write_text("\n".join(lines[:5]) + "\n")
    (export / "Condition.json").write_text(f"[{','.join(lines[5:])}]")
    result = asked("extract", export, tmp_path / "features.parquet")
    assert result.exit_code == 1
    assert "Condition.json: is no .ndjson file and was not read" in result.stderr
    rows = table(tmp_path / "features.parquet")
    assert {row[f"known_diabetes{PROVENANCE}"]["state"] for row in rows} <= {"ok", "missing"}


def test_an_export_without_patients_is_told(export: Path, tmp_path: Path) -> None:
    """Everybody has a row still, without age and sex, and the report says so."""
    (export / "Patient.ndjson").unlink()
    result = asked("extract", export, tmp_path / "features.parquet")
    assert "no Patient resource was read" in result.stderr
    rows = table(tmp_path / "features.parquet")
    assert len(rows) == 40
    assert {row[f"age{PROVENANCE}"]["reason"] for row in rows} == {"not-provided"}


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n \n"])
def test_line_ends_and_marks_do_not_matter(before: bytes, export: Path, tmp_path: Path) -> None:
    """CRLF, a byte order mark and empty lines change nothing and are no problem."""
    asked("extract", export, tmp_path / "plain.parquet")
    for path in export.iterdir():
        path.write_bytes(before + path.read_bytes().replace(b"\n", b"\r\n"))
    assert asked("extract", export, tmp_path / "features.parquet").exit_code == 0
    assert table(tmp_path / "features.parquet") == table(tmp_path / "plain.parquet")


def test_two_versions_of_a_resource_are_one(export: Path, tmp_path: Path) -> None:
    """A second file with newer versions of results changes values, wherever it stands among the files, and
    leaves no older value of the same id in place."""
    asked("extract", export, tmp_path / "before.parquet")
    lines = [json.loads(line) for line in (export / "Observation.ndjson").read_text().splitlines()]
    for one in lines:
        one["meta"] = {"lastUpdated": "2022-01-01T00:00:00Z"}
        one["status"] = "entered-in-error"
    (export / "0-Observation.ndjson").write_text("".join(json.dumps(one) + "\n" for one in lines))
    result = asked("extract", export, tmp_path / "after.parquet")
    assert result.exit_code == 0, result.output
    assert any(row["waist"] is not None for row in table(tmp_path / "before.parquet"))
    after = table(tmp_path / "after.parquet")
    assert {row["waist"] for row in after} == {None}
    assert {row[f"waist{PROVENANCE}"]["reason"] for row in after} <= {
        "status-not-accepted",
        "not-recorded",
        "not-provided",
    }


def test_a_date_means_the_end_of_its_day(export: Path, tmp_path: Path) -> None:
    """A result of the afternoon of the index date counts for the date, and not for that day's morning."""
    patient = {"resourceType": "Patient", "id": "solo", "gender": "male", "birthDate": "1960-01-01"}
    result = next(
        one for one in cohort(40) if one["resourceType"] == "Observation" and one["id"].endswith("-8280-0-0")
    )
    result = result | {
        "subject": {"reference": "Patient/solo"},
        "effectiveDateTime": "2020-05-06T15:00:00+00:00",
    }
    day = write_export(tmp_path / "day", [patient, result])
    waist = []
    for number, moment in enumerate(("2020-05-06", "2020-05-06T12:00:00+00:00")):
        output = tmp_path / f"{number}.parquet"
        bedside("extract", "--bulk", day, "--model", MODEL, "--as-of", moment, "-o", output, "--processes", 1)
        waist.append(table(output)[0]["waist"])
    assert waist == [result["valueQuantity"]["value"], None]


@pytest.mark.parametrize("moment", ["2020", "2020-05", "2020-05-06T12:00:00", "yesterday", "2020-13-01"])
def test_an_index_time_without_meaning_is_refused(moment: str, export: Path, tmp_path: Path) -> None:
    """A partial date, a time without zone and other text are usage errors that say how to write it."""
    result = bedside("extract", "--bulk", export, "--model", MODEL, "--as-of", moment, "-o", tmp_path / "x")
    assert result.exit_code == 2
    assert "with a zone" in result.stderr


def test_a_run_that_was_stopped_goes_on(export: Path, tmp_path: Path) -> None:
    """After a run that could not write its file, --resume takes what is done and gives the same table."""
    asked("extract", export, tmp_path / "whole.parquet")
    missing = tmp_path / "nowhere" / "features.parquet"
    assert asked("extract", export, missing, "--work", tmp_path / "work").exit_code == 2
    rows = sorted((tmp_path / "work").glob("rows-*"))
    rows[0].unlink()
    before = {path: path.stat().st_mtime_ns for path in rows[1:]}
    missing.parent.mkdir()
    stopped = asked("extract", export, missing, "--work", tmp_path / "work")
    assert stopped.exit_code == 2
    assert "--resume" in stopped.stderr
    for path, when in before.items():
        os.utime(path, ns=(when, when))
    resumed = asked("extract", export, missing, "--work", tmp_path / "work", "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert table(missing) == table(tmp_path / "whole.parquet")
    assert not (tmp_path / "work").exists()


def test_a_changed_export_does_not_go_on(export: Path, tmp_path: Path) -> None:
    """--resume over files that changed since is refused, and names the file."""
    missing = tmp_path / "nowhere" / "features.parquet"
    asked("extract", export, missing, "--work", tmp_path / "work")
    with (export / "Patient.ndjson").open("a") as file:
        file.write("\n")
    result = asked("extract", export, missing, "--work", tmp_path / "work", "--resume")
    assert result.exit_code == 2
    assert "file Patient.ndjson" in result.stderr


def test_a_file_that_is_no_ndjson_and_came_or_went_stops_a_resume(export: Path, tmp_path: Path) -> None:
    """Such a file puts its type in doubt: rows done without that doubt are not mixed with rows under it."""
    missing, broken = tmp_path / "nowhere" / "features.parquet", export / "Condition.json.part"
    asked("extract", export, missing, "--work", tmp_path / "work")
    broken.write_text("{}")
    came = asked("extract", export, missing, "--work", tmp_path / "work", "--resume")
    assert (came.exit_code, "file Condition.json.part" in came.stderr) == (2, True)
    asked("extract", export, missing, "--work", tmp_path / "other")
    broken.unlink()
    gone = asked("extract", export, missing, "--work", tmp_path / "other", "--resume")
    assert (gone.exit_code, "file Condition.json.part" in gone.stderr) == (2, True)


def test_an_unknown_model_is_refused_by_name(export: Path, tmp_path: Path) -> None:
    """The message lists the models that there are."""
    result = bedside("extract", "--bulk", export, "--model", "nope", "--as-of", AS_OF, "-o", tmp_path / "x")
    assert result.exit_code == 2
    assert MODEL in result.stderr


def test_spark_takes_no_options_of_local_runs(export: Path, tmp_path: Path) -> None:
    """--resume with --spark is a usage error, not an option that is silently ignored."""
    result = asked("extract", export, tmp_path / "features.parquet", "--spark", "local[1]", "--resume")
    assert result.exit_code == 2
    assert "--spark takes no --resume" in result.stderr


def test_no_progress_is_drawn_into_a_file(export: Path, tmp_path: Path) -> None:
    """Without a terminal there is no progress bar."""
    assert "[#" not in asked("extract", export, tmp_path / "features.parquet").stderr


def test_scores_are_those_of_the_hook(tmp_path: Path) -> None:
    """A score is what the model says of the same chart when it is asked about one patient, up to float32
    rounding."""
    resources = cohort(40)
    asked("score", write_export(tmp_path / "export", resources), tmp_path / "scores.parquet")
    model = load_model(CATALOG / MODEL)
    index = datetime(2021, 1, 1, 23, 59, 59, 999000, tzinfo=UTC)
    compared = 0
    for scored in table(tmp_path / "scores.parquet"):
        prediction = model.predict(model.features.extract(chart(resources, scored["patient"]), index))
        if scored["score"] is None:
            assert prediction.outputs == ()
            continue
        assert math.isclose(scored["score"], prediction.outputs[0].probability, abs_tol=1e-6)
        compared += 1
    assert compared


def chart(resources: list[dict[str, Any]], patient: str) -> PatientRecord:
    """One patient's record, with every Medication."""
    raws = [
        json.dumps(one).encode()
        for one in resources
        if patient in json.dumps(one) or one["id"].startswith("drug")
    ]
    record = PatientRecord.of_resources(patient, raws)
    record.answer({one["resourceType"] for one in resources})
    return record


@pytest.mark.parametrize("master", ["nonsense", "local[", "spark://", "spark://host", "http://host:7077", ""])
def test_what_is_no_spark_master_is_named_as_the_cause(export: Path, tmp_path: Path, master: str) -> None:
    """Before Java is started; the message tells how a master is written."""
    line = ("extract", "--bulk", export, "--model", MODEL, "--as-of", AS_OF, "-o", tmp_path / "x.parquet")
    result = bedside(*line, "--spark", master)
    assert result.exit_code == 2
    assert f"--spark {master}: is no Spark master; write spark://HOST:PORT" in " ".join(result.output.split())


def test_a_spark_master_that_does_not_answer_is_named(export: Path, tmp_path: Path) -> None:
    """Nothing listens at either address: the message names them, and does not speak of Java."""
    line = ("extract", "--bulk", export, "--model", MODEL, "--as-of", AS_OF, "-o", tmp_path / "x.parquet")
    result = bedside(*line, "--spark", "spark://127.0.0.1:9,127.0.0.1:70000")
    assert result.exit_code == 2
    assert "70000: nothing answers there; start the master" in " ".join(result.output.split())
