"""The baked mesh is a closed, consistent right hand."""

from __future__ import annotations

import numpy as np
import pytest

from cn_zoo.synthesis.bones import BONES, LAST
from cn_zoo.synthesis.hand_mesh import HandMesh


@pytest.mark.parametrize("name", ["hand", "webxr_hand"])
def test_closed_and_facing_outward(name):
    mesh = HandMesh.load(name)
    edges = {(a, b) for face in mesh.faces.tolist() for a, b in zip(face, face[1:] + face[:1], strict=True)}
    assert len(edges) == 3 * len(mesh.faces)
    assert all((b, a) in edges for a, b in edges)
    corners = mesh.template[mesh.faces].astype(np.float64)
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert 4e5 < volume < 1.5e6  # mm^3: a hand of 0.3-0.4 l and a forearm of 0.5-0.8 l


@pytest.mark.parametrize("name", ["hand", "webxr_hand"])
def test_weights(name):
    mesh = HandMesh.load(name)
    assert mesh.weights.shape == mesh.weight_indices.shape == (len(mesh.template), 4)
    np.testing.assert_allclose(mesh.weights.sum(axis=1), 1.0, atol=1e-5)
    assert (mesh.weights >= 0).all()
    assert mesh.weight_indices.min() >= 0
    assert mesh.weight_indices.max() < len(BONES)


@pytest.mark.parametrize("name", ["hand", "webxr_hand"])
def test_it_is_a_right_hand_with_a_long_forearm(name):
    """Fingers up (-y), palm to the camera (-z): a right hand's thumb lies to the right (+x)."""
    mesh = HandMesh.load(name)
    at = dict(zip(BONES, mesh.heads, strict=False))
    assert at["thumb_2"][0] > at["index_2"][0] > at["middle_2"][0] > at["ring_2"][0] > at["little_2"][0]
    assert all(at[f"{finger}_4"][1] < -100 for finger in ("index", "middle", "ring", "little"))
    assert at["thumb_3"][2] < -10
    assert mesh.template[:, 1].max() > 300


def test_tips_lie_on_the_skin_beyond_the_last_joint():
    mesh = HandMesh.load()
    tips = mesh.template[mesh.tips].mean(axis=1)
    lengths = np.linalg.norm(tips - mesh.heads[LAST], axis=1)
    assert ((lengths > 15) & (lengths < 36)).all()


def test_read_once():
    assert HandMesh.load() is HandMesh.load("hand")
