import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cn_zoo.geometry import CROP_SIZE, turn_crop, turn_joints

ANGLES = st.floats(-np.pi, np.pi)
POSES = hnp.arrays(np.float64, (5, 3), elements=st.floats(-3, 3))


def test_a_quarter_turn_takes_right_to_down():
    np.testing.assert_allclose(turn_joints([1.0, 0.0, 0.5], np.pi / 2), [0.0, 1.0, 0.5], atol=1e-12)
    crop = np.random.default_rng(0).uniform(-1, 1, (6, 6)).astype(np.float32)
    turned = turn_crop(crop, np.pi / 2)
    np.testing.assert_array_equal(turned, np.rot90(crop, -1))
    assert turned.dtype == np.float32


@given(POSES, ANGLES, ANGLES)
def test_joints_turned_twice_are_turned_by_the_sum(pose, first, second):
    twice = turn_joints(turn_joints(pose, first), second)
    np.testing.assert_allclose(twice, turn_joints(pose, first + second), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(twice, axis=-1), np.linalg.norm(pose, axis=-1), atol=1e-9)


@given(st.floats(-1.6, 1.6), st.floats(-1.6, 1.6), ANGLES)
def test_what_a_crop_shows_moves_as_joints_do(right, down, angle):
    """A spot of 5 x 5 pixels, in crop coordinates of a cube of 5 units."""
    crop = np.ones((CROP_SIZE, CROP_SIZE), np.float32)
    scale, middle = CROP_SIZE / 5, (CROP_SIZE - 1) / 2
    row, column = round(down * scale + middle), round(right * scale + middle)
    crop[row - 2 : row + 3, column - 2 : column + 3] = -0.5
    rows, columns = np.nonzero(turn_crop(crop, angle) < 1)
    spot = np.array([column - middle, row - middle, 0.0])
    expected = turn_joints(spot, angle)[:2] + middle
    np.testing.assert_allclose([columns.mean(), rows.mean()], expected, atol=0.6)


@pytest.mark.parametrize("angle", [0.35, -0.35])
def test_beyond_the_edges_is_nothing(angle):
    turned = turn_crop(np.zeros((CROP_SIZE, CROP_SIZE), np.float32), angle)
    assert turned[0, 0] == turned[-1, -1] == 1 and not turned[32:96, 32:96].any()


def test_no_turn_changes_nothing():
    crop = np.random.default_rng(1).uniform(-1, 1, (CROP_SIZE, CROP_SIZE))
    np.testing.assert_array_equal(turn_crop(crop, 0.0), crop)
