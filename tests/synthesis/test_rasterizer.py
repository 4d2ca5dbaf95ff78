"""The z-buffer against closed forms and against an independent ray caster."""

from __future__ import annotations

import numpy as np
import pytest

from cn_zoo.geometry import CAMERAS, Camera
from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.hand_pose import draw_pose
from cn_zoo.synthesis.rasterizer import rasterize

CAMERA = Camera(300.0, 290.0, 80.0, 60.0)
WIDTH, HEIGHT = 160, 120


def rays(camera, width, height):
    v, u = np.mgrid[:height, :width]
    return np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones_like(u, float)], axis=-1)


def sphere(center, radius, rings=90, sectors=180):
    """A sphere as triangles."""
    theta = np.linspace(0, np.pi, rings + 1)[:, None]
    phi = np.linspace(0, 2 * np.pi, sectors, endpoint=False)[None]
    points = np.stack(np.broadcast_arrays(np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)), -1)
    index = np.arange((rings + 1) * sectors).reshape(rings + 1, sectors)
    a, b = index[:-1], np.roll(index, -1, axis=1)[:-1]
    c, d = index[1:], np.roll(index, -1, axis=1)[1:]
    faces = np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])
    return (points.reshape(-1, 3) * radius + center).astype(np.float32), faces


def cast(vertices, faces, directions):
    """Moeller and Trumbore 1997, every ray against every triangle; z of the nearest hit, 0 where none."""
    a = vertices[faces[:, 0]].astype(np.float64)
    e, f = vertices[faces[:, 1]] - a, vertices[faces[:, 2]] - a
    depth = np.zeros(len(directions))
    for i, direction in enumerate(directions):
        p = np.cross(direction, f)
        determinant = (e * p).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1.0 / determinant
            u = (-a * p).sum(axis=1) * inverse
            q = np.cross(-a, e)
            v = (q @ direction) * inverse
            t = (f * q).sum(axis=1) * inverse
        hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0)
        depth[i] = t[hit].min() if hit.any() else 0.0
    return depth


def test_plane_is_exact():
    """A slanted plane: depth at each pixel by the plane's equation, so interpolation is perspective-correct."""
    corners = np.array([[-400, -300, 400], [400, -300, 900], [400, 300, 900], [-400, 300, 400]], dtype=np.float32)
    depth = rasterize(corners, np.array([[0, 1, 2], [0, 2, 3]]), CAMERA, WIDTH, HEIGHT)
    normal = np.cross(corners[1] - corners[0], corners[3] - corners[0]).astype(np.float64)
    expected = (normal @ corners[0]) / (rays(CAMERA, WIDTH, HEIGHT) @ normal)
    assert (depth > 0).all()
    np.testing.assert_allclose(depth, expected, rtol=1e-5)


def test_sphere_is_close_to_its_formula():
    center, radius = np.array([10.0, -5.0, 500.0]), 60.0
    depth = rasterize(*sphere(center, radius), CAMERA, WIDTH, HEIGHT)
    directions = rays(CAMERA, WIDTH, HEIGHT)
    a, b = (directions**2).sum(-1), directions @ center
    inside = b**2 - a * (center @ center - radius**2)
    expected = np.where(inside > 0, (b - np.sqrt(np.maximum(inside, 0))) / a, 0.0)
    both = (depth > 0) & (expected > 0)
    assert ((depth > 0) != (expected > 0)).sum() <= 0.01 * (expected > 0).sum()
    difference = np.abs(depth - expected)[both]
    assert np.median(difference) < 0.03  # the facets' sagitta: 60 * (1 - cos(1 degree)) = 0.01 mm, more towards the rim
    assert np.percentile(difference, 99) < 0.5


def test_hands_agree_with_a_ray_caster():
    model, rng = HandModel.load(), np.random.default_rng(5)
    camera, size = Camera(220.0, 220.0, 48.0, 48.0), 96
    directions = rays(camera, size, size)
    differences, wrong, seen = [], 0, 0
    for _ in range(4):
        rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        rotation *= np.sign(np.linalg.det(rotation))
        hand = model.draw_shape(rng).pose(draw_pose(rng), rotation, np.array([0.0, 0.0, 450.0]))
        depth = rasterize(hand.vertices, hand.faces, camera, size, size)
        pixels = tuple(rng.integers(0, size, (2, 350)))
        expected = cast(hand.vertices, hand.faces, directions[pixels])
        got = depth[pixels]
        both = (got > 0) & (expected > 0)
        differences.append(np.abs(got - expected)[both])
        wrong += ((got > 0) != (expected > 0)).sum()
        seen += (expected > 0).sum()
    differences = np.concatenate(differences)
    assert seen > 300
    assert wrong <= 0.005 * seen
    assert np.percentile(differences, 95) < 1e-3
    assert np.percentile(differences, 99) < 0.01


def test_nearer_wins_and_draws_in_place():
    far, faces = sphere(np.array([0.0, 0.0, 600.0]), 80.0, 20, 30)
    near, _ = sphere(np.array([0.0, 0.0, 400.0]), 20.0, 20, 30)
    scene = rasterize(far, faces, CAMERA, WIDTH, HEIGHT)
    behind = scene.copy()
    result = rasterize(near, faces, CAMERA, WIDTH, HEIGHT, scene)
    alone = rasterize(near, faces, CAMERA, WIDTH, HEIGHT)
    assert result is scene
    np.testing.assert_array_equal(scene, np.where(alone > 0, alone, behind))
    np.testing.assert_array_equal(rasterize(far, faces, CAMERA, WIDTH, HEIGHT, alone), scene)


def test_window_equals_cut_out_of_the_full_image():
    hand = HandModel.load().mean_shape().pose(np.zeros(24), np.eye(3), np.array([20.0, 60.0, 500.0]))
    camera = CAMERAS["icvl"]
    full = rasterize(hand.vertices, hand.faces, camera, 320, 240)
    left, top = 120, 70
    shifted = Camera(camera.fx, camera.fy, camera.cx - left, camera.cy - top)
    window = rasterize(hand.vertices, hand.faces, shifted, 100, 90)
    cut = full[top : top + 90, left : left + 100]
    assert ((window > 0) == (cut > 0)).mean() > 0.999
    both = (window > 0) & (cut > 0)
    np.testing.assert_allclose(window[both], cut[both], atol=0.05)


def test_what_is_behind_the_camera_is_not_drawn():
    ball, faces = sphere(np.array([0.0, 0.0, -300.0]), 50.0, 10, 12)
    assert not rasterize(ball, faces, CAMERA, WIDTH, HEIGHT).any()


def test_a_wrong_buffer_is_refused():
    ball, faces = sphere(np.array([0.0, 0.0, 300.0]), 50.0, 10, 12)
    with pytest.raises(ValueError, match="float32"):
        rasterize(ball, faces, CAMERA, WIDTH, HEIGHT, np.zeros((HEIGHT, WIDTH)))


def test_closed_bodies_look_the_same_without_their_backs():
    model, rng = HandModel.load(), np.random.default_rng(8)
    camera = Camera(220.0, 220.0, 48.0, 48.0)
    for _ in range(5):
        hand = model.draw_shape(rng).pose(draw_pose(rng), np.eye(3), np.array([0.0, 0.0, 450.0]))
        both_sides = rasterize(hand.vertices, hand.faces, camera, 96, 96)
        front = rasterize(hand.vertices, hand.faces, camera, 96, 96, closed=True)
        assert (front > 0).sum() > 500
        assert (np.abs(front - both_sides) > 0.01).sum() <= 0.005 * (both_sides > 0).sum()
