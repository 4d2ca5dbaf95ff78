import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cn_zoo.inference import JOINT_SMOOTHING, OneEuroFilter


def smoothed(points, rate):
    """The filter's answer to a whole sequence (T, J, 3)."""
    one_euro = OneEuroFilter(JOINT_SMOOTHING)
    return np.array([one_euro.update(frame, index / rate) for index, frame in enumerate(points)])


def jitter(points):
    """Deviation in mm of points (T, J, 3) that should stand still."""
    return np.sqrt(points.var(axis=0).sum(axis=-1).mean())


def lag_ms(x, delayed, rate):
    """The delay that makes one signal (T,) most like another."""
    time = np.arange(len(x)) / rate
    delays = np.linspace(0, 0.15, 301)
    return 1000 * delays[np.argmin([np.var(np.interp(time - delay, time, x) - delayed) for delay in delays])]


def along(direction, way):
    return way[:, None, None] * np.asarray(direction, float)


@pytest.mark.parametrize(("rate", "least"), [(30, 3.0), (60, 4.0)])
@pytest.mark.parametrize("jitter_mm", [2.0, 4.0])
def test_noise_of_still_joints_is_taken_away(rate, least, jitter_mm):
    noise = np.random.default_rng(0).normal(0, jitter_mm / np.sqrt(3), (20 * rate, 14, 3))
    settled = slice(rate, None)
    assert jitter(noise[settled]) / jitter(smoothed(noise, rate)[settled]) > least


def test_a_steady_metre_a_second_is_followed_within_15_ms():
    way = np.arange(120) / 60 * 1000
    behind = way - smoothed(along([1, 0, 0], way), 60)[:, 0, 0]
    assert 5 < behind[-1] < 15  # mm at 1 m/s are ms
    assert behind.max() < 30


@pytest.mark.parametrize("rate", [30, 60])
def test_a_hand_shaken_at_up_to_a_metre_a_second_is_followed_within_30_ms(rate):
    time = np.arange(3 * rate) / rate
    way = 120 * np.sin(1000 / 120 * time)
    assert lag_ms(way, smoothed(along([0, 1, 0], way), rate)[:, 0, 1], rate) < 30


def test_a_point_that_stops_is_reached():
    way = np.minimum(np.arange(180) / 60 * 500, 400.0)
    assert abs(smoothed(along([0, 0, 1], way), 60)[-1, 0, 2] - 400) < 1


def test_only_the_joint_that_moves_is_let_through():
    rng = np.random.default_rng(0)
    points = rng.normal(0, 1, (300, 2, 3))
    points[:, 1] += np.arange(300)[:, None] / 60 * 600
    after = smoothed(points, 60)
    alone = smoothed(points[:, :1], 60)
    np.testing.assert_allclose(after[:, :1], alone)


@given(st.integers(0, 2**32), st.floats(-3, 3))
def test_the_direction_of_the_axes_does_not_matter(seed, angle):
    points = np.random.default_rng(seed).normal(0, 20, (20, 3, 3))
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    np.testing.assert_allclose(smoothed(points @ turn, 30), smoothed(points, 30) @ turn, atol=1e-9)


def test_first_points_come_as_they_are_and_time_goes_forward():
    one_euro = OneEuroFilter(JOINT_SMOOTHING)
    points = np.ones((14, 3))
    np.testing.assert_array_equal(one_euro.update(points, 5.0), points)
    with pytest.raises(ValueError, match="does not follow"):
        one_euro.update(points, 5.0)


def test_time_between_frames_counts():
    """A second without frames is as good as a second of them."""
    one_euro = OneEuroFilter(JOINT_SMOOTHING)
    one_euro.update(np.zeros((1, 3)), 0.0)
    soon = OneEuroFilter(JOINT_SMOOTHING)
    soon.update(np.zeros((1, 3)), 0.0)
    step = np.full((1, 3), 10.0)
    assert one_euro.update(step, 1.0).mean() > soon.update(step, 1 / 60).mean() + 2
