"""Shapes, poses and labels of the synthetic hand, by their numbers."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from cn_zoo.geometry import SKELETONS
from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.hand_pose import draw_pose, gesture_pose
from cn_zoo.synthesis.labels import BLENDS, label_joints
from cn_zoo.synthesis.posed_hand import LANDMARKS

CENTER = np.array([0.0, 0.0, 500.0])
TIPS = [i for i, name in enumerate(LANDMARKS) if name.endswith("_tip")]
BONES = [
    (LANDMARKS.index(f"{part}_{a}"), LANDMARKS.index(f"{part}_{b}"))
    for part, joints in (
        ("thumb", ("cmc", "mcp", "ip", "tip")),
        *((finger, ("mcp", "pip", "dip", "tip")) for finger in ("index", "middle", "ring", "little")),
    )
    for a, b in pairwise(joints)
]


def inside(points, vertices, faces):
    """Whether points lie in a closed mesh: solid angles of its triangles sum to 4 pi (van Oosterom and Strackee)."""
    a, b, c = (vertices[faces[:, i]][None].astype(np.float64) - points[:, None] for i in range(3))
    la, lb, lc = (np.linalg.norm(side, axis=-1) for side in (a, b, c))
    triple = np.einsum("pfi,pfi->pf", a, np.cross(b, c))
    below = la * lb * lc + (a * b).sum(-1) * lc + (b * c).sum(-1) * la + (c * a).sum(-1) * lb
    return np.arctan2(triple, below).sum(axis=1) > np.pi


def test_joints_lie_inside_the_hand():
    model, rng = HandModel.load(), np.random.default_rng(0)
    rows = [i for i in range(len(LANDMARKS)) if i not in TIPS]
    found = []
    for _ in range(40):
        hand = model.draw_shape(rng).pose(draw_pose(rng), np.eye(3), CENTER)
        found.append(inside(hand.joints[rows], hand.vertices, hand.faces))
    assert np.mean(found) > 0.99


def test_points_outside_are_told_from_points_inside():
    hand = HandModel.load().mean_shape().pose(np.zeros(24), np.eye(3), np.zeros(3))
    points = np.array([[0.0, -50.0, 0.0], [0.0, -50.0, 60.0], [200.0, 0.0, 0.0]])
    assert inside(points, hand.vertices, hand.faces).tolist() == [True, False, False]


@pytest.mark.parametrize("name", ["hand", "webxr_hand"])
def test_other_meshes_pose_and_label_alike(name):
    """A fist and a flat hand of either mesh: the same landmarks within what people differ by."""
    subject, average = HandModel.load(name).mean_shape(), HandModel.load().mean_shape()
    for gesture in ("flat", "fist"):
        mine, theirs = (one.pose(gesture_pose(gesture), np.eye(3), np.zeros(3)) for one in (subject, average))
        apart = np.linalg.norm(label_joints(mine, "msra") - label_joints(theirs, "msra"), axis=1)
        assert np.median(apart) < 15
        assert apart.max() < 35
        assert (inside(mine.joints[[0, 5, 9, 13, 17]], mine.vertices, mine.faces)).all()


def test_bones_keep_their_length():
    rng = np.random.default_rng(1)
    subject = HandModel.load().draw_shape(rng)
    joints = np.stack([subject.pose(draw_pose(rng), np.eye(3), CENTER).joints for _ in range(60)])
    for a, b in BONES:
        assert np.ptp(np.linalg.norm(joints[:, a] - joints[:, b], axis=1)) < 0.1


def test_placing_is_rigid():
    rng = np.random.default_rng(2)
    subject, angles = HandModel.load().draw_shape(rng), draw_pose(rng)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    here, there = subject.pose(angles, np.eye(3), np.zeros(3)), subject.pose(angles, rotation, CENTER)
    np.testing.assert_allclose(there.vertices, here.vertices @ rotation.T + CENTER, atol=1e-3)
    np.testing.assert_allclose(there.joints, here.joints @ rotation.T + CENTER, atol=1e-3)
    np.testing.assert_allclose(there.joints[0], CENTER, atol=1e-9)


def test_a_mirror_makes_a_left_hand():
    posed = HandModel.load().mean_shape().pose(gesture_pose("fist"), np.eye(3), CENTER)
    left = posed.mirrored()
    assert SKELETONS["msra"].handedness(label_joints(left, "msra")) == "left"
    # Its faces still look outward.
    palm = left.joints[[0, 9]].mean(axis=0)
    assert inside(np.array([palm]), left.vertices, left.faces).all()
    again = left.mirrored()
    for name in ("vertices", "faces", "joints"):
        np.testing.assert_array_equal(getattr(again, name), getattr(posed, name))


def test_zero_angles_are_straight_fingers():
    joints = HandModel.load().mean_shape().pose(np.zeros(24), np.eye(3), np.zeros(3)).joints
    at = dict(zip(LANDMARKS, joints, strict=True))
    for finger in ("index", "middle", "ring", "little"):
        proximal = at[f"{finger}_pip"] - at[f"{finger}_mcp"]
        middle = at[f"{finger}_dip"] - at[f"{finger}_pip"]
        cosine = proximal @ middle / np.linalg.norm(proximal) / np.linalg.norm(middle)
        assert cosine > 0.9999
        assert proximal[1] / np.linalg.norm(proximal) < -0.99


@pytest.mark.parametrize("skeleton", ["nyu", "icvl", "msra"])
def test_labels_are_a_right_hand(skeleton):
    model, rng = HandModel.load(), np.random.default_rng(3)
    poses = [model.draw_shape(rng).pose(draw_pose(rng), np.eye(3), CENTER) for _ in range(30)]
    joints = np.stack([label_joints(hand, skeleton) for hand in poses])
    assert joints.shape == (30, len(SKELETONS[skeleton]), 3)
    assert SKELETONS[skeleton].handedness(joints) == "right"


def test_label_points_are_fixed_blends():
    for blend in BLENDS.values():
        np.testing.assert_allclose(blend.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_array_equal(BLENDS["nyu"], BLENDS["nyu36"][list(SKELETONS["nyu"].source_indices)])


def test_nyu_points_have_the_published_proportions():
    """Against the published labels of the second subject: 95th percentiles of distances, straight fingers, in mm."""
    names = SKELETONS["nyu"].joints
    joints = label_joints(HandModel.load().mean_shape().pose(np.zeros(24), np.eye(3), CENTER), "nyu")

    def distance(a, b):
        return np.linalg.norm(joints[names.index(a)] - joints[names.index(b)])

    for a, b, published in (
        ("little_pip", "little_tip", 35), ("ring_pip", "ring_tip", 44), ("middle_pip", "middle_tip", 49),
        ("index_pip", "index_tip", 45), ("thumb_ip", "thumb_tip", 20), ("thumb_mcp", "thumb_ip", 40),
        ("wrist_ulnar", "wrist_radial", 29), ("palm", "wrist_ulnar", 69), ("palm", "wrist_radial", 69),
    ):  # fmt: skip
        assert abs(distance(a, b) / published - 1.0) < 0.1, (a, b)


def test_people_differ_within_human_bounds():
    model, rng = HandModel.load(), np.random.default_rng(5)
    straight = [model.draw_shape(rng).pose(np.zeros(24), np.eye(3), np.zeros(3)) for _ in range(100)]
    tip, mcp = LANDMARKS.index("middle_tip"), LANDMARKS.index("middle_mcp")
    length = np.array([np.linalg.norm(hand.joints[tip]) for hand in straight])
    palm = np.array([np.linalg.norm(hand.joints[mcp]) for hand in straight])
    assert length.min() > 145
    assert length.max() < 220
    assert 8 < length.std() < 15
    assert (palm / length).std() > 0.01
    assert 0.45 < (palm / length).mean() < 0.56  # metacarpal and carpus about half
    assert all(np.isfinite(hand.vertices).all() for hand in straight)


def test_the_forearm_leaves_a_crop():
    model, rng = HandModel.load(), np.random.default_rng(6)
    reach = [np.linalg.norm(model.draw_shape(rng).vertices, axis=1).max() for _ in range(50)]
    assert min(reach) >= 250


def test_same_seed_same_bytes_in_another_process():
    script = (
        "import numpy as np, hashlib\n"
        "from cn_zoo.synthesis.hand_model import HandModel\n"
        "from cn_zoo.synthesis.hand_pose import draw_pose\n"
        "rng = np.random.default_rng(7)\n"
        "hand = HandModel.load().draw_shape(rng).pose(draw_pose(rng), np.eye(3), np.zeros(3))\n"
        "print(hashlib.sha256(hand.vertices.tobytes() + hand.joints.tobytes()).hexdigest())\n"
    )
    runs = {
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    }
    assert len(runs) == 1
    assert len(runs.pop()) == 64
