import numpy as np
import pytest

from cn_zoo.geometry import SKELETONS
from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.hand_pose import gesture_pose
from cn_zoo.synthesis.labels import label_joints
from cn_zoo.synthesis.posed_hand import LANDMARKS

FINGERS = ("index", "middle", "ring", "little")


@pytest.fixture(scope="module", params=["flat", "fist"])
def hand(request):
    return HandModel.load().mean_shape().pose(gesture_pose(request.param), np.eye(3), np.zeros(3))


@pytest.fixture(scope="module")
def icvl(hand):
    return dict(zip(SKELETONS["icvl"].joints, label_joints(hand, "icvl"), strict=True))


def _middle(hand, *names):
    return np.mean([hand.joints[LANDMARKS.index(name)] for name in names], axis=0)


def test_icvl_points_are_the_middles_of_bones(hand, icvl):
    np.testing.assert_allclose(icvl["thumb_mid"], _middle(hand, "thumb_mcp", "thumb_ip"))
    for finger in FINGERS:
        np.testing.assert_allclose(icvl[f"{finger}_mid"], _middle(hand, f"{finger}_pip", f"{finger}_dip"))
        np.testing.assert_allclose(icvl[f"{finger}_tip"], _middle(hand, f"{finger}_dip", f"{finger}_tip"))


def test_icvl_finger_roots_lie_closer_together_than_bones_do(hand, icvl):
    """Each one beside the middle of its bone, the outer ones farther, towards the palm's middle."""
    across = _middle(hand, "index_mcp") - _middle(hand, "little_mcp")
    roots = {finger: _middle(hand, f"{finger}_mcp", f"{finger}_pip") for finger in FINGERS}
    moved = [(icvl[f"{finger}_root"] - roots[finger]) @ across / (across @ across) for finger in FINGERS]
    assert moved[0] < moved[1] < 0 < moved[2] < moved[3]
    for finger in FINGERS:
        assert np.linalg.norm(icvl[f"{finger}_root"] - roots[finger]) < 0.2 * np.linalg.norm(across)
