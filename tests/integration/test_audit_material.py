"""`bedside audit` on real predictions; each data set is left out where it is not installed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pandas", reason="the data sets are read with pandas; pip install 'bedside[train]'")
import material
from audit_material import audited


def reports(make: Callable[[Path], list[material.Material]], folder: Path) -> dict[str, dict[str, Any]]:
    """The report of every file of a data set by the file's name; skips where something is missing."""
    try:
        found = make(folder)
    except material.Missing as error:
        pytest.skip(str(error))
    return {one.path.stem: audited(one, folder / one.path.stem) for one in found}


def figure(report: dict[str, Any], attribute: str, value: str, name: str) -> dict[str, Any]:
    """One figure of one group."""
    row = next(row for row in report["groups"] if (row["attribute"], row["value"]) == (attribute, value))
    found: dict[str, Any] = next(metric for metric in row["metrics"] if metric["name"] == name)
    return found


def told(report: dict[str, Any]) -> list[int]:
    """Every count of people that a report tells."""
    return [row["n"] for row in report["groups"] if row["n"] is not None]


def test_warfarin_doses_reproduce_the_known_errors_by_race(tmp_path: Path) -> None:
    """Mean absolute errors of the IWPC clinical algorithm, recomputed by others on the same rows."""
    report = reports(material.warfarin, tmp_path)["iwpc-clinical"]
    known = {"White": 11.19, "Asian": 7.05, "Black or African American": 12.27}
    assert report["n"] == 4811
    assert figure(report, "overall", "all", "mae")["value"] == pytest.approx(10.24, abs=0.005)
    for race, error in known.items():
        assert figure(report, "race", race, "mae")["value"] == pytest.approx(error, abs=0.006)


def test_warfarin_doses_are_too_low_for_black_patients(tmp_path: Path) -> None:
    """The interval of the bias in Black patients lies below 0: the audit finds it."""
    report = reports(material.warfarin, tmp_path)["iwpc-clinical"]
    assert figure(report, "race", "Black or African American", "bias")["high"] < 0.0


def test_support2_reports_hold_five_races_and_no_small_count(tmp_path: Path) -> None:
    """Physicians and model are audited in the same way; no count from 1 to 10 is told."""
    for report in reports(material.support, tmp_path).values():
        races = {row["value"] for row in report["groups"] if row["attribute"] == "race"}
        assert {"white", "black", "hispanic", "asian", "other"} <= races
        assert all(n == 0 or n >= 11 for n in told(report))


def test_support2_areas_are_those_of_scikit_learn(tmp_path: Path) -> None:
    """The area of everybody at two months, from single rows."""
    pandas = pytest.importorskip("pandas")
    metrics = pytest.importorskip("sklearn.metrics")
    report = reports(material.support, tmp_path)["support2-2m-model"]
    rows = pandas.read_parquet(tmp_path / "support2-2m-model.parquet")
    theirs = metrics.roc_auc_score(rows["outcome"], rows["score"])
    assert figure(report, "overall", "all", "auroc")["value"] == pytest.approx(theirs, abs=1e-3)


def test_the_loris_formula_is_off_in_calibration_in_both_sexes(tmp_path: Path) -> None:
    """Observed responses are far fewer than the formula's scores add up to, in women and men."""
    report = reports(material.immunotherapy, tmp_path)["icb-loris"]
    for sex in ("female", "male"):
        assert figure(report, "sex", sex, "o_e")["high"] < 1.0
        assert figure(report, "sex", sex, "auroc")["low"] > 0.5


def test_small_age_bands_of_the_immunotherapy_cohorts_are_masked(tmp_path: Path) -> None:
    """Bands with a few patients are withheld, and the audit does not pass."""
    report = reports(material.immunotherapy, tmp_path)["icb-loris"]
    assert report["outcome"] == "insufficient evidence"
    assert any(row["state"] == "masked" for row in report["groups"])


@pytest.mark.slow
def test_diabetes_risk_is_audited_by_race_out_of_fold(tmp_path: Path) -> None:
    """NHANES: groups by race, sex, age and ethnicity at the declared threshold, and it does not pass."""
    report = reports(material.nhanes, tmp_path)["nhanes-diabetes"]
    races = {row["value"] for row in report["groups"] if row["attribute"] == "race"}
    assert {"white", "black-or-african-american", "asian"} <= races
    assert figure(report, "overall", "all", "auroc")["value"] > 0.75
    assert report["outcome"] == "insufficient evidence"
