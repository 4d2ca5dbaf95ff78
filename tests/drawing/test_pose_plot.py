import numpy as np
import pytest

from cn_zoo.drawing import plot_pose
from cn_zoo.geometry import SKELETONS

figure = pytest.importorskip("matplotlib.figure")


@pytest.fixture
def points():
    return np.random.default_rng(4).normal((0, 0, 500), 50, (16, 3))


def test_in_the_plane_one_line_a_bone_and_v_points_down(points):
    skeleton = SKELETONS["icvl"]
    ax = figure.Figure().add_subplot()
    plot_pose(ax, points, skeleton)
    assert len(ax.lines) == len(skeleton.bones)
    parent, child = skeleton.bones[3]
    np.testing.assert_allclose(ax.lines[3].get_xydata(), points[[parent, child], :2])
    assert ax.yaxis_inverted()


def test_over_an_image_the_axes_stay_as_they_are(points):
    ax = figure.Figure().add_subplot()
    ax.imshow(np.zeros((480, 640)))
    before = ax.get_xlim(), ax.get_ylim()
    plot_pose(ax, points * 20, SKELETONS["icvl"])
    assert (ax.get_xlim(), ax.get_ylim()) == before


def test_in_space_depth_runs_into_the_picture_and_y_points_down(points):
    ax = figure.Figure().add_subplot(projection="3d")
    plot_pose(ax, points, SKELETONS["icvl"])
    drawn = np.stack(ax.collections[0]._offsets3d, axis=1)
    np.testing.assert_allclose(drawn, points[:, [0, 2, 1]])
    assert ax.zaxis_inverted()
