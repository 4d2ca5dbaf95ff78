import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cn_zoo.geometry import CAMERAS, Camera
from cn_zoo.geometry.frame_view import VIEW_CELL, VIEW_FOCAL, FrameView


@given(
    focal=st.floats(150, 900),
    width=st.integers(40, 700),
    height=st.integers(40, 500),
    u=st.floats(0.15, 0.85),
    v=st.floats(0.15, 0.85),
)
def test_a_thing_is_seen_where_the_views_camera_says(focal, width, height, u, v):
    camera = Camera(focal, 1.1 * focal, width / 2, height / 2)
    depth = np.zeros((height, width), np.float32)
    column, row = round(u * (width - 1)), round(v * (height - 1))
    aside = max(3, round(focal / 60))
    depth[max(0, row - aside) : row + aside + 1, max(0, column - aside) : column + aside + 1] = 700
    view = FrameView.of(depth, camera)
    rows, columns = np.nonzero(view.depth_mm)
    filled = np.nonzero(depth)
    middle = camera.uvd_to_xyz(np.array([filled[1].mean(), filled[0].mean(), 700.0]))
    seen = view.camera.uvd_to_xyz(np.array([columns.mean(), rows.mean(), 700.0]))
    # Half a pixel of the view is 3.6 mm at 700 mm; where the image is coarser than the view, its own pixels count.
    np.testing.assert_allclose(seen, middle, atol=700 / min(focal, VIEW_FOCAL))


def test_the_same_scene_looks_the_same_to_every_camera():
    views = []
    for focal, width, height in ((588.0, 640, 480), (294.0, 320, 240), (1176.0, 1280, 960)):
        camera = Camera(focal, focal, (width - 1) / 2, (height - 1) / 2)
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        x, y = (columns - camera.cx) / focal, (rows - camera.cy) / focal
        depth = np.where(np.hypot(x - 0.1, y) < 0.15, 600, 900 + 200 * x).astype(np.float32)
        views.append(FrameView.of(depth, camera))
    for other in views[1:]:
        assert other.depth_mm.shape == views[0].depth_mm.shape
        assert other.camera.fx == views[0].camera.fx == VIEW_FOCAL
        assert (np.abs(other.depth_mm - views[0].depth_mm) < 10).mean() > 0.97


def test_a_thin_finger_and_a_hole_beside_a_measurement_do_not_get_lost():
    depth = np.full((480, 640), 1500, np.float32)
    depth[:, 300:304] = 500  # two thirds of a pixel of the view wide
    depth[::5] = 0
    view = FrameView.of(depth, CAMERAS["nyu"]).depth_mm[:78, :104]
    assert (view.min(axis=1) == 500).all()
    assert set(np.unique(view)) == {500, 1500}


@pytest.mark.parametrize("across", [1, 2, 3])
@pytest.mark.parametrize("down", [1, 2, 3])
def test_a_thing_as_large_as_a_pixel_is_there_to_a_hair(across, down):
    camera = Camera(across * VIEW_FOCAL, down * VIEW_FOCAL, 170.2, 110.9)
    depth = np.zeros((96 * down, 128 * across), np.float32)
    row, column = 40 * down, 70 * across
    depth[row : row + down, column : column + across] = 700
    view = FrameView.of(depth, camera)
    np.testing.assert_array_equal(np.argwhere(view.depth_mm), [[40, 70]])
    middle = camera.uvd_to_xyz(np.array([column + (across - 1) / 2, row + (down - 1) / 2, 700.0]))
    np.testing.assert_allclose(view.camera.uvd_to_xyz(np.array([70.0, 40.0, 700.0])), middle)


def test_a_mirror_image_is_seen_as_the_mirror_image():
    """Left to right and upside down: neither side of a pixel is preferred."""
    height, width = 6 * 48, 6 * 96
    camera = Camera(6 * VIEW_FOCAL, 6 * VIEW_FOCAL, 250.3, 160.1)
    depth = np.random.default_rng(0).uniform(500, 900, (height, width)).astype(np.float32)
    view = FrameView.of(depth, camera)
    other = FrameView.of(depth[::-1, ::-1], Camera(camera.fx, camera.fy, width - 1 - camera.cx, height - 1 - camera.cy))
    np.testing.assert_array_equal(other.depth_mm, view.depth_mm[::-1, ::-1])
    assert (other.camera.cx, other.camera.cy) == pytest.approx((95 - view.camera.cx, 47 - view.camera.cy))


@pytest.mark.parametrize("right", [0, 3])
@pytest.mark.parametrize("down", [0, 3])
def test_what_fills_a_quarter_of_a_pixel_is_seen_before_what_is_behind(right, down):
    depth = np.full((6 * 48, 6 * 96), 1500, np.float32)
    depth[120 + down : 123 + down, 240 + right : 243 + right] = 500
    view = FrameView.of(depth, Camera(6 * VIEW_FOCAL, 6 * VIEW_FOCAL, 288, 144))
    np.testing.assert_array_equal(np.argwhere(view.depth_mm == 500), [[20, 40]])


@pytest.mark.parametrize("nothing", [0, -3, np.nan, np.inf, 20, 4000])
def test_what_was_not_measured_is_zero(nothing):
    view = FrameView.of(np.full((240, 320), nothing, np.float32), CAMERAS["icvl"])
    assert not view.depth_mm.any()
    planes = view.planes()
    assert (planes[..., 0] == 40).all()
    assert not planes[..., 1].any()


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (500, 7), (480, 640), (2000, 3000)])
def test_sides_are_whole_cells(shape):
    view = FrameView.of(np.full(shape, 700, np.uint16), Camera(300, 300, 0, 0))
    assert all(size and size % (2 * VIEW_CELL) == 0 for size in view.depth_mm.shape)
    assert view.cell_depths().shape == tuple(size // VIEW_CELL for size in view.depth_mm.shape)
    assert max(view.depth_mm.shape) <= 224


def test_cells_know_their_nearest_measurement_or_their_neighbours():
    depth = np.zeros((48, 64), np.float32)
    depth[3, 5], depth[4, 6], depth[20, 60] = 650, 700, 900
    cells = FrameView(depth, CAMERAS["nyu"]).cell_depths()
    assert cells[0, 0] == 650
    assert cells[1, 1] == 650
    assert cells[2, 7] == 900
    assert cells[5, 3] == 500  # nothing near
