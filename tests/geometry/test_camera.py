from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cn_zoo.geometry import CAMERAS, Camera

cameras = st.builds(
    Camera,
    fx=st.floats(50, 5000),
    fy=st.floats(50, 5000),
    cx=st.floats(-500, 4000),
    cy=st.floats(-500, 4000),
)
depths = st.floats(1, 20_000)
pixels = st.floats(-5000, 5000)


@given(cameras, st.lists(st.tuples(pixels, pixels, depths), min_size=1, max_size=8))
def test_uvd_to_xyz_and_back(camera, points):
    uvd = np.array(points)
    np.testing.assert_allclose(camera.xyz_to_uvd(camera.uvd_to_xyz(uvd)), uvd, rtol=1e-9, atol=1e-7)


@given(cameras, st.lists(st.tuples(pixels, pixels, depths), min_size=1, max_size=8))
def test_xyz_to_uvd_and_back(camera, points):
    xyz = np.array(points)
    np.testing.assert_allclose(camera.uvd_to_xyz(camera.xyz_to_uvd(xyz)), xyz, rtol=1e-9, atol=1e-7)


@given(cameras, st.tuples(pixels, pixels, depths), st.integers(1, 4000))
def test_the_mirrored_camera_sees_the_mirrored_point_in_the_mirrored_column(camera, point, width):
    x, y, z = point
    u, v, d = camera.xyz_to_uvd([x, y, z])
    np.testing.assert_allclose(
        camera.mirrored(width).xyz_to_uvd([-x, y, z]), [width - 1 - u, v, d], rtol=1e-9, atol=1e-5
    )


@given(cameras, st.integers(1, 4000))
def test_mirror_twice(camera, width):
    again = camera.mirrored(width).mirrored(width)
    assert (again.fx, again.fy, again.cy) == (camera.fx, camera.fy, camera.cy)
    assert again.cx == pytest.approx(camera.cx, abs=1e-9)


def test_axes():
    camera = Camera(500, 400, 320, 240)
    np.testing.assert_allclose(camera.uvd_to_xyz([320, 240, 700]), [0, 0, 700])
    np.testing.assert_allclose(camera.uvd_to_xyz([420, 240, 500]), [100, 0, 500])
    np.testing.assert_allclose(camera.uvd_to_xyz([320, 320, 500]), [0, 100, 500])


def test_any_leading_axes_and_number_types():
    camera = CAMERAS["icvl"]
    uvd = np.random.default_rng(0).uniform(100, 300, (2, 3, 16, 3)).astype(np.float32)
    xyz = camera.uvd_to_xyz(uvd)
    assert xyz.shape == (2, 3, 16, 3)
    np.testing.assert_allclose(xyz[1, 2, 5], camera.uvd_to_xyz(uvd[1, 2, 5].tolist()))


def test_a_point_in_the_lens_has_no_image():
    u, v, d = CAMERAS["nyu"].xyz_to_uvd([1, 0, 0])
    assert np.isinf(u)
    assert np.isnan(v)
    assert d == 0


class TestParse:
    @pytest.mark.parametrize("name", ["nyu", "icvl", "msra"])
    def test_names(self, name):
        assert Camera.parse(name) is CAMERAS[name]

    @given(cameras)
    def test_numbers(self, camera):
        assert Camera.parse(f"{camera.fx},{camera.fy}, {camera.cx},{camera.cy}") == camera

    @pytest.mark.parametrize("text", ["", "NYU2", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1;2;3;4", "475,,320,240"])
    def test_neither(self, text):
        with pytest.raises(ValueError, match="nyu, icvl, msra or four numbers"):
            Camera.parse(text)

    @pytest.mark.parametrize(
        "text",
        [
            "0,1,1,1",
            "1,-5,1,1",
            "nan,1,1,1",
            "1,1,inf,1",
            "1e-300,1,1,1",
            "1,1e300,1,1",
            "0.9,1,1,1",
            "9,9,1e300,1",
            "9,9,1,-2e5",
        ],
    )
    def test_no_camera(self, text):
        with pytest.raises(ValueError, match="must be"):
            Camera.parse(text)


def test_given_numbers_are_of_images_as_they_were_taken():
    assert Camera.given(475, 474, 310, 245) == Camera(475, 474, 310, 245)
    with pytest.raises(ValueError, match="must be 1 to 100,000"):
        Camera.given(0.002, 0.002, 0, 0)


@pytest.mark.parametrize("focal", [0, -5, 1e-300, 1e300])
def test_focal_lengths_of_no_image(focal):
    with pytest.raises(ValueError, match="must be"):
        Camera(500, focal, 320, 240)


def test_a_thinned_image_may_have_a_focal_length_that_nobody_gives():
    assert Camera(0.3, 0.3, 50, 40).fx == 0.3


def test_presets_are_the_datasets_own():
    assert {
        "nyu": Camera(588.03, 587.07, 320, 240),
        "icvl": Camera(240.99, 240.96, 160, 120),
        "msra": Camera(241.42, 241.42, 160, 120),
    } == CAMERAS


@pytest.mark.parametrize(("name", "width", "height"), [("nyu", 640, 480), ("icvl", 320, 240), ("msra", 320, 240)])
def test_cameras_fit_their_own_images_and_no_others(name, width, height):
    camera = CAMERAS[name]
    assert camera.misfit(width, height) is None
    assert camera.mirrored(width).misfit(width, height) is None
    assert "cx" in camera.misfit(2 * width, 2 * height)
    assert "cx" in camera.misfit(width // 2, height // 2)


@pytest.mark.parametrize(
    "camera",
    [
        Camera(617.0, 617.0, 314.0, 241.0),  # RealSense D415
        Camera(383.0, 383.0, 317.0, 240.0),  # RealSense D435
        Camera(252.0, 252.0, 326.0, 235.0),  # a wide time-of-flight camera
    ],
)
def test_usual_depth_cameras_raise_no_doubt(camera):
    assert camera.misfit(640, 480) is None


@pytest.mark.parametrize(
    ("camera", "word"),
    [
        (Camera(588.0, 587.0, 320.0, 700.0), "cy 700"),
        (Camera(2400.0, 2400.0, 320.0, 240.0), "15 degrees"),
        (Camera(60.0, 60.0, 320.0, 240.0), "degrees"),
        (Camera(588.0, 300.0, 320.0, 240.0), "square"),
        (Camera(588.0, 320.0, 587.0, 240.0), "cx 587"),  # fx, cx, fy, cy
    ],
)
def test_numbers_that_no_camera_has_are_named(camera, word):
    assert word in camera.misfit(640, 480)
