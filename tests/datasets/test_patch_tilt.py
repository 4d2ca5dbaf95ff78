import numpy as np
import pytest

from cn_zoo.datasets.patch_tilt import tilt_patch, tilt_rotation

#: A pixel is 20 units wide; the point that stays lies 4,000 units away.
PITCH, CENTER, SIZE = 20.0, 4000.0, 192
TILTS = [(0.4, 0.0), (0.0, -0.5), (-0.3, 0.45)]


def hill():
    """A surface whose slopes nowhere hide anything under these tilts, in the middle of an empty patch."""
    down, right = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    depth = CENTER + PITCH * (0.01 * (right**2 + down**2) - 10 + 3 * np.sin(right / 15))
    return np.where(np.hypot(right, down) < 40, depth, 0).astype(np.uint16)


def points(patch):
    """Measured points (N, 3) from the centre, in pixel widths."""
    rows, columns = np.nonzero(patch)
    middle = (SIZE - 1) / 2
    return np.stack([columns - middle, rows - middle, (patch[rows, columns] - CENTER) / PITCH], axis=-1)


def test_no_tilt_changes_nothing():
    patch = hill()
    np.testing.assert_array_equal(tilt_patch(patch, (0.0, 0.0), CENTER, PITCH), patch)
    np.testing.assert_array_equal(tilt_rotation((0.0, 0.0)), np.eye(3))


def test_which_way_it_turns():
    down, right = np.array([0, 1, 0]), np.array([1, 0, 0])
    np.testing.assert_allclose(down @ tilt_rotation((np.pi / 2, 0.0)), [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(right @ tilt_rotation((0.0, np.pi / 2)), [0, 0, -1], atol=1e-12)
    rotation = tilt_rotation((0.3, -0.8))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.array([0.3, -0.8, 0]) @ rotation, [0.3, -0.8, 0], atol=1e-12)


@pytest.mark.parametrize("tilt", TILTS)
def test_points_of_the_surface_stay_on_it(tilt):
    """Where a point of the surface comes to lie, its depth is seen, and no hole."""
    tilted = tilt_patch(hill(), tilt, CENTER, PITCH)
    right, down, forward = (points(hill()) @ tilt_rotation(tilt)).T
    seen = tilted[np.rint(down + (SIZE - 1) / 2).astype(int), np.rint(right + (SIZE - 1) / 2).astype(int)]
    assert (seen > 0).mean() > 0.995
    off = (seen[seen > 0] - CENTER) / PITCH - forward[seen > 0]
    # The nearest of what covers a pixel is seen, up to a pixel width nearer than its middle on slopes.
    assert np.quantile(np.abs(off), 0.98) < 3 and -1 < off.mean() <= 0


@pytest.mark.parametrize("tilt", TILTS)
def test_there_and_back(tilt):
    patch = hill()
    again = tilt_patch(tilt_patch(patch, tilt, CENTER, PITCH), tuple(-angle for angle in tilt), CENTER, PITCH)
    both = (patch > 0) & (again > 0)
    assert both.sum() > 0.99 * (patch > 0).sum() and (again > 0).sum() < 1.1 * (patch > 0).sum()
    assert np.abs(again[both].astype(float) - patch[both]).max() < 3 * PITCH


def test_what_is_nearer_hides_what_is_behind():
    patch = np.zeros((SIZE, SIZE), np.uint16)
    patch[90:102, 60:132] = CENTER + 40 * PITCH
    patch[90:102, 90:102] = CENTER - 40 * PITCH
    tilted = tilt_patch(patch, (0.0, 0.4), CENTER, PITCH)
    moved = -40 * np.sin(0.4)
    column = round((SIZE - 1) / 2 + moved)
    assert abs((tilted[96, column] - CENTER) / PITCH + 40 * np.cos(0.4)) < 3
    assert not tilted[96, round((SIZE - 1) / 2 + 40 * np.sin(0.4))]  # it was hidden


def test_no_dust_and_nothing_around_the_edge():
    patch = np.zeros((SIZE, SIZE), np.uint16)
    patch[40, 40] = CENTER  # floats alone
    patch[90:102, 180:192] = CENTER - 100 * PITCH
    assert not tilt_patch(patch, (0.0, -0.6), CENTER, PITCH).any()
