from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from cn_zoo.geometry import PART_COLOURS, SKELETONS, Skeleton

FINGERS = ("thumb", "index", "middle", "ring", "little")


def right_hand(skeleton: Skeleton) -> np.ndarray:
    """A right hand in mm, palm to the camera and fingers up, so that the thumb is on the right; fingers bend a bit."""
    across = {"thumb": 50, "index": 30, "middle": 10, "ring": -10, "little": -30}
    along = {"root": -80, "mcp": -80, "cmc": -30, "pip": -110, "mid": -115, "ip": -100, "dip": -130, "tip": -145}
    towards_camera = {"pip": 8, "mid": 10, "ip": 8, "dip": 22, "tip": 40}
    palm = {"palm": (0, -40, 0), "wrist": (0, 0, 0), "wrist_ulnar": (-20, 0, 0), "wrist_radial": (20, 0, 0)}

    def place(joint: str) -> tuple[float, float, float]:
        if joint in palm:
            return palm[joint]
        finger, level = joint.split("_")
        return across[finger], along[level], -towards_camera.get(level, 0)

    return np.array([place(joint) for joint in skeleton.joints], float) + (0, 0, 600)


@pytest.fixture(params=SKELETONS)
def skeleton(request) -> Skeleton:
    return SKELETONS[request.param]


def test_counts_and_source_order():
    nyu, icvl, msra = (SKELETONS[name] for name in ("nyu", "icvl", "msra"))
    assert (len(nyu), nyu.source_joints) == (14, 36)
    assert (len(icvl), icvl.source_joints) == (16, 16)
    assert (len(msra), msra.source_joints) == (21, 21)
    assert nyu.source_indices == (0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32)
    assert icvl.source_indices == tuple(range(16))
    assert msra.source_indices == tuple(range(21))
    assert icvl.joints == ("palm", *(f"{finger}_{place}" for finger in FINGERS for place in ("root", "mid", "tip")))
    assert [joint.split("_")[0] for joint in msra.joints] == [
        "wrist", *(finger for finger in ("index", "middle", "ring", "little", "thumb") for _ in range(4))
    ]  # fmt: skip
    assert [joint.split("_")[0] for joint in nyu.joints] == [
        *(finger for finger in ("little", "ring", "middle", "index") for _ in range(2)),
        "thumb", "thumb", "thumb", "wrist", "wrist", "palm",
    ]  # fmt: skip


def test_every_field_speaks_of_the_same_joints(skeleton):
    count = len(skeleton)
    assert len(set(skeleton.joints)) == count
    assert len(skeleton.parts) == len(skeleton.colours) == len(set(skeleton.source_indices)) == count
    assert set(skeleton.parts) == set(PART_COLOURS)
    assert max(skeleton.source_indices) < skeleton.source_joints
    for finger in FINGERS:
        assert all(
            (finger in joint) == (part == finger) for joint, part in zip(skeleton.joints, skeleton.parts, strict=True)
        )


def test_bones_are_a_tree_from_the_root(skeleton):
    reached = {skeleton.root}
    assert len(skeleton.bones) == len(skeleton) - 1
    for parent, child in skeleton.bones:
        assert parent in reached
        assert child not in reached
        reached.add(child)
    assert reached == set(range(len(skeleton)))


def test_bones_stay_within_a_finger_or_come_from_the_palm(skeleton):
    for parent, child in skeleton.bones:
        assert skeleton.parts[parent] in ("palm", skeleton.parts[child])


def test_fingers_end_in_tips(skeleton):
    parents = {parent for parent, _ in skeleton.bones}
    ends = {skeleton.joints[joint] for joint in range(len(skeleton)) if joint not in parents}
    assert {f"{finger}_tip" for finger in FINGERS} <= ends


def test_a_finger_is_a_chain_from_its_root_to_its_tip(skeleton):
    """No joint of a finger has two children, and each bone leads on."""
    within = [(parent, child) for parent, child in skeleton.bones if skeleton.parts[parent] != "palm"]
    assert len({parent for parent, _ in within}) == len(within)
    levels = ("root", "cmc", "mcp", "pip", "mid", "ip", "dip", "tip")
    for bone in within:
        start, end = (levels.index(skeleton.joints[joint].split("_")[1]) for joint in bone)
        assert start < end


def test_mirror_twice(skeleton):
    xyz = np.random.default_rng(0).normal(size=(5, len(skeleton), 3))
    mirrored = skeleton.mirror(xyz)
    np.testing.assert_array_equal(mirrored[..., 0], -xyz[..., 0])
    np.testing.assert_array_equal(mirrored[..., 1:], xyz[..., 1:])
    np.testing.assert_array_equal(skeleton.mirror(mirrored), xyz)


class TestHandedness:
    def test_palm_to_the_camera_fingers_up_thumb_to_the_right(self, skeleton):
        hand = right_hand(skeleton)
        assert skeleton.handedness(hand) == "right"
        assert skeleton.handedness(skeleton.mirror(hand)) == "left"

    @settings(deadline=None)
    @given(name=st.sampled_from(sorted(SKELETONS)), seed=st.integers(0, 2**32 - 1))
    def test_however_it_is_turned(self, name, seed):
        skeleton = SKELETONS[name]
        turned = Rotation.from_quat(np.random.default_rng(seed).normal(size=4)).apply(right_hand(skeleton))
        assert skeleton.handedness(turned) == "right"
        assert skeleton.handedness(skeleton.mirror(turned)) == "left"

    def test_wherever_the_thumb_is(self, skeleton):
        across_the_palm = right_hand(skeleton)
        thumb = [part == "thumb" for part in skeleton.parts]
        across_the_palm[thumb] += (-150, 0, -60)
        assert skeleton.handedness(across_the_palm) == "right"
        assert skeleton.handedness(skeleton.mirror(across_the_palm)) == "left"

    def test_frames_vote(self, skeleton):
        right = right_hand(skeleton)
        left = skeleton.mirror(right)
        assert skeleton.handedness(np.stack([right, right, left])) == "right"
        assert skeleton.handedness(np.stack([left, right, left])) == "left"
