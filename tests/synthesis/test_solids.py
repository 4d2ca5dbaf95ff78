import numpy as np
import pytest

from cn_zoo.geometry import Camera
from cn_zoo.synthesis.solids import box, cast_solids, ellipsoid, limb, plane

CAMERA = Camera(300.0, 310.0, 60.0, 50.0)


def cast(*solids, depth=None):
    depth = np.zeros((100, 120), np.float32) if depth is None else depth
    return cast_solids(np.array(solids), CAMERA, depth)


def rays():
    v, u = np.mgrid[:100, :120]
    return CAMERA.uvd_to_xyz(np.stack([u, v, np.ones_like(u)], axis=-1))


def test_sphere_agrees_with_its_equation():
    center, radius = np.array([20.0, -10.0, 600.0]), 70.0
    depth = cast(ellipsoid(center, np.eye(3) * radius))
    points = rays() * depth[..., None]
    hit = depth > 0
    assert hit.sum() > 2000
    np.testing.assert_allclose(np.linalg.norm(points - center, axis=-1)[hit], radius, atol=1e-2)
    assert (depth[hit] < 600).all()
    off_axis = np.linalg.norm(np.cross(rays(), center), axis=-1) / np.linalg.norm(rays(), axis=-1)
    np.testing.assert_array_equal(hit, off_axis < radius)


def test_box_shows_its_nearest_face():
    depth = cast(box(np.array([0.0, 0.0, 500.0]), np.diag([40.0, 30.0, 20.0])))
    assert depth[50, 60] == pytest.approx(480.0)
    across = np.flatnonzero(depth[50])
    assert (across[-1] - across[0] + 1) == pytest.approx(80 / 480 * 300, abs=1.5)


def test_limb_tapers_from_one_end_to_the_other_and_is_capped():
    start, end = np.array([0.0, -60.0, 500.0]), np.array([0.0, 60.0, 500.0])
    depth = cast(limb(start, end, 10.0, 30.0))
    widths = (depth > 0).sum(axis=1)
    rows = np.flatnonzero(widths)
    assert widths[rows[3]] < widths[rows[len(rows) // 2]] < widths[rows[-4]]
    assert widths[50] == pytest.approx(2 * 20 / 500 * 300, abs=2)
    seen_along = cast(limb(np.array([0.0, 0.0, 400.0]), np.array([0.0, 0.0, 600.0]), 30.0, 30.0))
    np.testing.assert_allclose(seen_along[seen_along > 0], 400.0, atol=1e-3)


def test_plane_agrees_with_its_equation():
    point, normal = np.array([0.0, 0.0, 700.0]), np.array([0.3, -0.2, -0.93])
    depth = cast(plane(point, normal))
    np.testing.assert_allclose((rays() * depth[..., None] - point) @ normal, 0.0, atol=1e-2)


def test_the_nearest_surface_wins_in_any_order():
    near = ellipsoid(np.array([0.0, 0.0, 400.0]), np.eye(3) * 40)
    far = plane(np.array([0.0, 0.0, 800.0]), np.array([0.0, 0.0, -1.0]))
    np.testing.assert_array_equal(cast(near, far), cast(far, near))
    drawn_over = np.full((100, 120), 380.0, np.float32)
    assert cast(near, far, depth=drawn_over).max() == 380.0


def test_what_is_behind_the_camera_leaves_no_trace():
    assert not cast(ellipsoid(np.array([0.0, 0.0, -500.0]), np.eye(3) * 40)).any()
    assert not cast(plane(np.array([0.0, 0.0, -500.0]), np.array([0.0, 0.0, -1.0]))).any()
