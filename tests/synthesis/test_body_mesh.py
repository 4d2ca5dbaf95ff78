"""People are whole, upright, without hands, and nobody is in two splits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cn_zoo.geometry import Camera
from cn_zoo.synthesis.body_mesh import Body, BodyMesh, _bent, _person, draw_body
from cn_zoo.synthesis.rasterizer import rasterize
from cn_zoo.synthesis.rotation import random_rotation, turn
from cn_zoo.synthesis.solids import cast_solids

_SEEDS = st.integers(0, 2**32 - 1)


def _draw(seed: int, split: str = "train") -> Body:
    return draw_body(np.random.default_rng(seed), split)


def test_the_mesh_is_an_adult_without_hands_and_legs():
    mesh = BodyMesh.load()
    head = mesh.template[mesh.follows_head > 0.99]
    assert (np.ptp(head, axis=0) > [130, 190, 180]).all()
    assert (np.ptp(head, axis=0) < [200, 270, 260]).all()
    assert mesh.template[:, 1].max() < 850
    # The nose, to the camera's side, is the foremost of the head and in its middle.
    assert abs(head[head[:, 2].argmin(), 0]) < 10
    assert head[head[:, 2].argmin(), 2] < -120


def test_the_mesh_is_all_but_closed_and_faces_outward():
    """A sensor sees no light through it; where few faces meet badly, nothing is seen."""
    mesh = BodyMesh.load()
    edges = {(a, b) for face in mesh.faces.tolist() for a, b in zip(face, face[1:] + face[:1], strict=True)}
    assert sum((b, a) not in edges for a, b in edges) < 0.005 * len(edges)
    corners = mesh.template[mesh.faces].astype(np.float64)
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert 2.5e7 < volume < 6e7  # mm^3


@settings(max_examples=20, deadline=None)
@given(_SEEDS)
def test_the_head_is_above_the_torso_and_nothing_is_torn(seed):
    body, mesh = _draw(seed), BodyMesh.load()
    assert np.isfinite(body.vertices).all()
    head, rest = body.vertices[mesh.follows_head > 0.99], body.vertices[mesh.follows_head == 0]
    assert head[:, 1].mean() < rest[:, 1].mean()
    longest = np.linalg.norm(body.vertices[mesh.faces] - body.vertices[np.roll(mesh.faces, 1, axis=1)], axis=2).max()
    assert longest < 300
    assert set(map(tuple, body.hair.tolist())) <= set(map(tuple, body.faces.tolist()))


@settings(max_examples=10, deadline=None)
@given(_SEEDS, st.floats(-900, 900))
def test_body_and_what_it_wears_move_together(seed, far):
    """Turned about the camera's axis by a quarter, a person is the same person."""
    body = _draw(seed).moved(np.eye(3), np.array([0.0, 0, 1500 + far / 2]))
    turned = body.moved(turn(0, 0, 90), np.zeros(3))
    camera = Camera(60, 60, 49.5, 49.5)
    images = []
    for each in (body, turned):
        depth = rasterize(each.vertices, each.faces, camera, 100, 100, closed=True)
        images.append(cast_solids(each.solids, camera, depth))
    first, second = images[0], np.rot90(images[1])
    both = (first > 0) & (second > 0)
    assert both.sum() > 0.97 * ((first > 0) | (second > 0)).sum()
    assert np.median(np.abs(first[both] - second[both])) < 0.5


def test_the_head_turns_and_the_torso_stays():
    mesh, head = BodyMesh.load(), turn(40, 10, 5)
    bent = _bent(mesh.template, mesh.follows_head, head)
    np.testing.assert_allclose(bent[mesh.follows_head == 0], mesh.template[mesh.follows_head == 0], atol=1e-3)
    whole = mesh.follows_head == 1
    moved, before = (points[whole] - points[whole].mean(axis=0) for points in (bent, mesh.template))
    np.testing.assert_allclose(moved, before @ head.T.astype(np.float32), atol=0.02)


def test_a_person_depends_on_the_generator_only_and_no_split_shares_one():
    np.testing.assert_array_equal(_draw(5).vertices, _draw(5).vertices)
    shapes = [_person(split, number).vertices for split in ("train", "validation", "test") for number in range(4)]
    for i, first in enumerate(shapes):
        assert all(np.abs(first - second).max() > 1 for second in shapes[:i])


@pytest.mark.parametrize("seed", range(3))
def test_moved_by_a_rotation_and_an_offset(seed):
    body, rng = _draw(seed), np.random.default_rng(seed)
    rotation, offset = random_rotation(rng), rng.normal(0, 500, 3)
    np.testing.assert_allclose(body.moved(rotation, offset).vertices, body.vertices @ rotation.T + offset, atol=0.01)
