import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cn_zoo.evaluation import (
    THRESHOLDS_MM,
    area_under_curve,
    bootstrap_interval,
    fraction_within,
    joint_errors,
)

errors_mm = st.lists(st.floats(0, 200), min_size=1, max_size=60).map(np.array)


def test_errors_are_euclidean_distances():
    predicted = np.array([[[0, 0, 0], [1, 2, 2]]], float)
    true = np.array([[[3, 4, 0], [1, 2, 2]]], float)
    np.testing.assert_array_equal(joint_errors(predicted, true), [[5, 0]])


def test_shapes_must_match():
    with pytest.raises(ValueError, match="differ in shape"):
        joint_errors(np.zeros((2, 14, 3)), np.zeros((2, 16, 3)))


def test_a_threshold_includes_its_own_distance():
    fractions = fraction_within(np.array([0.0, 10.0, 10.5, 90.0]))
    assert fractions[[0, 9, 10, 11, 80]].tolist() == [0.25, 0.25, 0.5, 0.75, 0.75]


@settings(deadline=None)
@given(errors_mm)
def test_success_curves_rise_and_stay_within_one(errors):
    fractions = fraction_within(errors)
    assert (np.diff(fractions) >= 0).all() and fractions[0] >= 0 and fractions[-1] <= 1
    assert fractions[-1] == pytest.approx(np.mean(errors <= 80))
    assert 0 <= area_under_curve(fractions) <= 1


def test_area_of_known_curves():
    assert area_under_curve(np.ones(81)) == 1
    assert area_under_curve(THRESHOLDS_MM / 80) == pytest.approx(0.5)
    # Between 0 and 1 mm the curve is taken to be straight.
    assert area_under_curve(fraction_within(np.full(5, 0.5))) == pytest.approx(1 - 0.5 / 80)


def test_interval_holds_the_mean_and_is_the_same_every_time():
    errors = np.random.default_rng(0).gamma(4, 3, 5000)
    low, high = bootstrap_interval(errors)
    assert low < errors.mean() < high
    assert bootstrap_interval(errors) == (low, high)


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    samples = rng.gamma(4, 3, (200, 1200))
    covered = [low <= 12 <= high for low, high in map(bootstrap_interval, samples)]
    assert 0.88 <= np.mean(covered) <= 0.99


def test_interval_does_not_mistake_slow_drift_for_many_frames():
    """A video of 40 scenes has 40 independent errors, however many frames each scene has."""
    scenes = np.random.default_rng(2).gamma(4, 3, 40)
    low, high = bootstrap_interval(np.repeat(scenes, 60))
    standard_error = scenes.std() / np.sqrt(40)
    assert high - low == pytest.approx(2 * 1.96 * standard_error, rel=0.15)


def test_interval_of_a_single_frame():
    assert bootstrap_interval(np.array([7.0])) == (7.0, 7.0)
