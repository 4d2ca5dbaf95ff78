from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cn_zoo.geometry import CROP_SIZE, POSE_UNIT_MM, Camera, HandCrop
from cn_zoo.geometry.hand_crop import mm_per_step

cameras = st.builds(
    Camera, fx=st.floats(100, 1500), fy=st.floats(100, 1500), cx=st.floats(0, 100), cy=st.floats(0, 100)
)
sizes = st.tuples(st.integers(1, 90), st.integers(1, 90))
# Inside, on the border and well outside of every image drawn here.
centers = st.tuples(st.floats(-60, 160), st.floats(-60, 160), st.floats(120, 3000))
cubes = st.floats(100, 400)
crops = st.builds(HandCrop, camera=cameras, center_uvd=centers, cube_mm=cubes, mirror=st.booleans())
points = st.tuples(st.floats(-4, 4), st.floats(-4, 4), st.floats(-4, 4))


def depth_around(size: tuple[int, int], center: float, seed: int) -> np.ndarray:
    """Depth of all kinds: within the cube, in front, behind, and holes of every sort."""
    rng = np.random.default_rng(seed)
    depth = rng.uniform(center - 250, center + 250, size).astype(np.float32)
    for hole in (0, -5, np.nan, np.inf, -np.inf):
        depth[rng.random(size) < 0.04] = hole
    return depth


def cut_slowly(depth: np.ndarray, crop: HandCrop) -> np.ndarray:
    """The crop as its documentation puts it, pixel by pixel."""
    camera, (u, v, d), half = crop.camera, crop.center_uvd, crop.cube_mm / 2
    image = np.ones((CROP_SIZE, CROP_SIZE))
    for j in range(CROP_SIZE):
        row = round(v + ((j + 0.5) / 64 - 1) * half * camera.fy / d)
        for i in range(CROP_SIZE):
            column = round(u + ((i + 0.5) / 64 - 1) * half * camera.fx / d)
            if 0 <= row < depth.shape[0] and 0 <= column < depth.shape[1]:
                value = float(depth[row, column])
                if math.isfinite(value) and value > 0:
                    image[j, CROP_SIZE - 1 - i if crop.mirror else i] = min(1.0, max(-1.0, (value - d) / half))
    return image


def tie_free_columns(crop: HandCrop) -> np.ndarray:
    """Crop columns that sample well within one image pixel, so that a rounding error cannot change it."""
    steps = (np.arange(CROP_SIZE) + 0.5) / 64 - 1
    columns = crop.center_uvd[0] + steps * crop.cube_mm / 2 * crop.camera.fx / crop.center_uvd[2]
    free = np.abs(columns - np.floor(columns) - 0.5) > 1e-6
    return free[::-1] if crop.mirror else free


def test_a_larger_cube_of_the_same_pitch_shows_the_crop_in_its_middle():
    camera, center = Camera(500, 490, 160, 120), (160.3, 60.7, 611.0)
    depth = np.arange(320 * 240, dtype=np.uint16).reshape(240, 320)
    crop, around = HandCrop(camera, center), HandCrop(camera, center, 375.0)
    shown = around.sample(depth, 192)
    assert shown.dtype == depth.dtype
    np.testing.assert_array_equal(shown[32:-32, 32:-32], crop.sample(depth))
    assert not shown[:56].any() and shown[-1].all()  # the image ends above


class TestCut:
    @settings(max_examples=30, deadline=None)
    @given(crops, sizes, st.integers(0, 2**32 - 1))
    def test_is_what_it_says(self, crop, size, seed):
        depth = depth_around(size, crop.center_uvd[2], seed)
        image = crop.cut(depth)
        assert image.dtype == np.float32
        free = tie_free_columns(crop)
        rows = tie_free_columns(
            HandCrop(Camera(crop.camera.fy, 1, 0, 0), (crop.center_uvd[1], 0, crop.center_uvd[2]), crop.cube_mm)
        )
        chosen = np.ix_(rows, free)
        np.testing.assert_allclose(image[chosen], cut_slowly(depth, crop)[chosen], atol=1e-5)

    @given(crops, sizes, st.integers(0, 2**32 - 1))
    def test_mirrored_is_the_cut_of_the_mirrored_image(self, crop, size, seed):
        depth = depth_around(size, crop.center_uvd[2], seed)
        width = size[1]
        u, v, d = crop.center_uvd
        other = HandCrop(crop.camera.mirrored(width), (width - 1 - u, v, d), crop.cube_mm, not crop.mirror)
        free = tie_free_columns(crop)
        np.testing.assert_array_equal(crop.cut(depth)[:, free], other.cut(depth[:, ::-1])[:, free])

    @given(crops, st.integers(0, 2**32 - 1))
    def test_whole_millimetres_give_the_same(self, crop, seed):
        depth = np.nan_to_num(depth_around((60, 80), crop.center_uvd[2], seed), posinf=0, neginf=0).clip(0)
        whole = depth.astype(np.uint16)
        np.testing.assert_array_equal(crop.cut(whole), crop.cut(whole.astype(np.float64)))

    def test_faces_of_the_cube(self):
        crop = HandCrop(Camera(500, 500, 100, 100), (100, 100, 600), cube_mm=200)
        for depth, value in ((600, 0), (500, -1), (700, 1), (550, -0.5), (300, -1), (2000, 1), (0, 1)):
            np.testing.assert_array_equal(crop.cut(np.full((200, 200), depth, np.float32)), value)

    def test_far_outside_the_image_is_background(self):
        crop = HandCrop(Camera(500, 500, 50, 50), (-4000, 50, 600))
        np.testing.assert_array_equal(crop.cut(np.full((100, 100), 600, np.float32)), 1)

    def test_a_center_at_the_border_sees_half_the_image(self):
        crop = HandCrop(Camera(500, 500, 50, 50), (-0.5, 50, 600))
        image = crop.cut(np.full((300, 300), 600, np.float32))
        np.testing.assert_array_equal(image[64:, :64], 1)
        np.testing.assert_array_equal(image[64:, 64:], 0)

    @pytest.mark.parametrize("mirror", [False, True])
    @pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
    def test_an_image_that_ends_a_pixel_before_the_window_does(self, side, mirror):
        """That pixel is none of the image's."""
        camera, (u, v, d) = Camera(500, 500, 150, 150), (150, 150, 600)
        columns, rows = HandCrop(camera, (u, v, d), mirror=mirror).window()
        missing = {
            "left": columns == columns.min(),
            "right": columns == columns.max(),
            "top": (rows == rows.min())[:, None],
            "bottom": (rows == rows.max())[:, None],
        }[side]
        if side == "left":
            u -= columns.min() + 1
        if side == "top":
            v -= rows.min() + 1
        width = columns.max() if side == "right" else 300
        height = rows.max() if side == "bottom" else 300
        image = HandCrop(camera, (u, v, d), mirror=mirror).cut(np.full((height, width), d, np.float32))
        np.testing.assert_array_equal(image, np.broadcast_to(missing, image.shape))


class TestCoordinates:
    @given(crops, points)
    def test_crop_to_uvd_and_back(self, crop, point):
        np.testing.assert_allclose(crop.uvd_to_crop(crop.crop_to_uvd(point)), point, rtol=1e-9, atol=1e-9)

    @given(crops, st.tuples(st.floats(-500, 5000), st.floats(-500, 5000), st.floats(1, 5000)))
    def test_uvd_to_crop_and_back(self, crop, uvd):
        np.testing.assert_allclose(crop.crop_to_uvd(crop.uvd_to_crop(uvd)), uvd, rtol=1e-9, atol=1e-8)

    @given(crops)
    def test_the_center_is_the_origin(self, crop):
        np.testing.assert_allclose(crop.crop_to_uvd([0, 0, 0]), crop.center_uvd)

    @given(crops)
    def test_agree_with_what_the_crop_shows(self, crop):
        across = ((np.arange(CROP_SIZE) + 0.5) / 64 - 1) * crop.cube_mm / 2 / POSE_UNIT_MM
        uvd = crop.crop_to_uvd(np.stack([across, across, np.zeros(CROP_SIZE)], axis=1))
        columns, rows = crop.window()
        assert np.abs(columns - uvd[:, 0]).max() <= 0.5 + 1e-6
        assert np.abs(rows - uvd[:, 1]).max() <= 0.5 + 1e-6

    @given(crops, points, st.integers(1, 2000))
    def test_mirrored_are_those_of_the_mirrored_camera(self, crop, point, width):
        u, v, d = crop.center_uvd
        other = HandCrop(crop.camera.mirrored(width), (width - 1 - u, v, d), crop.cube_mm, not crop.mirror)
        u, v, d = crop.crop_to_uvd(point)
        np.testing.assert_allclose(other.uvd_to_crop([width - 1 - u, v, d]), point, rtol=1e-9, atol=1e-8)

    @given(crops, st.floats(-100, 100), st.floats(-100, 100))
    def test_units_are_50_mm_at_the_centers_depth(self, crop, right, down):
        center = crop.camera.uvd_to_xyz(np.array(crop.center_uvd))
        uvd = crop.camera.xyz_to_uvd(center + (right, down, 0))
        side = -1 if crop.mirror else 1
        np.testing.assert_allclose(crop.uvd_to_crop(uvd), [side * right / 50, down / 50, 0], atol=1e-6)

    def test_any_leading_axes(self):
        crop = HandCrop(Camera(500, 500, 50, 50), (40, 60, 700), mirror=True)
        joints = np.random.default_rng(0).normal(size=(4, 21, 3))
        np.testing.assert_allclose(crop.crop_to_uvd(joints)[2, 7], crop.crop_to_uvd(joints[2, 7]))


class TestRefused:
    @pytest.mark.parametrize(
        "center", [(1, 2, 0), (1, 2, -700), (math.nan, 2, 700), (1, math.inf, 700), (1, 2), (1, 2, 3, 4)]
    )
    def test_centers(self, center):
        with pytest.raises(ValueError, match="crop centre"):
            HandCrop(Camera(500, 500, 50, 50), center)

    @pytest.mark.parametrize("cube", [0, -250, math.nan, math.inf])
    def test_cubes(self, cube):
        with pytest.raises(ValueError, match="cube"):
            HandCrop(Camera(500, 500, 50, 50), (1, 2, 700), cube)


@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_millimetres_per_step_of_depths_of_any_shape(shape):
    steps = mm_per_step(Camera(500, 400, 0, 0), np.full(shape, 1000.0), mirror=True)
    np.testing.assert_array_equal(steps, np.broadcast_to((-2.0, 2.5, 1.0), (*shape, 3)))
