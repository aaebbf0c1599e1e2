"""What the charts are drawn from."""

import subprocess
import sys

import numpy as np
import pytest
from engine_samples import people, rows_of

import fairness
from fairness.engine import ScoreGrid, calibration_curve, decision_curve, risk_distribution, tally
from fairness.errors import SampleError
from fairness.groups import Membership


def test_calibration_curve_of_a_perfect_model_is_the_diagonal() -> None:
    """With calibrated scores the band holds the diagonal nearly everywhere."""
    rng = np.random.default_rng(1)
    p = rng.beta(2.0, 5.0, 20_000)
    curve = calibration_curve(tally(rng.random(20_000) < p, p, {}).of(()))
    inside = [point.low <= point.predicted <= point.high for point in curve]
    assert np.mean(inside) > 0.8
    assert max(abs(point.observed - point.predicted) for point in curve if point.predicted < 0.6) < 0.05


def test_calibration_curve_of_one_class_is_empty() -> None:
    """There is no curve to draw without events."""
    assert calibration_curve(tally([0] * 50, np.linspace(0.1, 0.9, 50), {}).of(())) == ()


def test_decision_curve_equals_single_rows() -> None:
    """Net benefit over a range of declared thresholds, beside acting on everybody."""
    sample = people()
    grid = ScoreGrid(thresholds=(0.05, 0.1, 0.2, 0.3))
    curve = decision_curve(sample.tally(grid).of((Membership("sex", "female"),)), grid.thresholds)
    rows = rows_of(sample, "sex", "female")
    for point in curve:
        exact = fairness.net_benefit(sample.y[rows], sample.p[rows], point.threshold).value
        everybody = fairness.net_benefit(sample.y[rows], np.ones(rows.sum()), point.threshold).value
        assert (point.model, point.treat_all) == pytest.approx((exact, everybody), abs=1e-12)


def test_decision_curve_refuses_thresholds_inside_a_bin() -> None:
    """A threshold that was not declared cannot be drawn exactly."""
    with pytest.raises(SampleError, match="not an edge"):
        decision_curve(people(100).tally().of(()), [0.123])


def test_risk_distribution_counts_everybody_once() -> None:
    """The bars hold all events and all others, where they lie."""
    sample = people()
    bars = risk_distribution(sample.tally().of(()), bars=10)
    expected = np.histogram(sample.p[sample.y == 1], bins=np.linspace(0, 1, 11))[0]
    assert sum(bar.events + bar.non_events for bar in bars) == len(sample.y)
    assert [bar.events for bar in bars] == pytest.approx(expected, abs=5)


def test_the_service_loads_no_data_science() -> None:
    """Engine and verdicts run on numpy and msgspec; pandas, scipy, scikit-learn and fairlearn stay
    outside."""
    code = (
        "import sys, fairness.engine, fairness.verdicts;"
        "print(sorted({'pandas', 'scipy', 'sklearn', 'fairlearn'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
