"""Drawn poses are human: within limits, clear of themselves, varied, smooth between."""

from __future__ import annotations

import numpy as np
import pytest

from cn_zoo.synthesis.gestures import FAMILIES, GESTURES
from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.hand_pose import LIMITS, draw_pose, gesture_pose, interpolate
from cn_zoo.synthesis.kinematics import ANGLES
from cn_zoo.synthesis.posed_hand import LANDMARKS
from cn_zoo.synthesis.presets import PRESETS, PoseShares
from cn_zoo.synthesis.self_contact import penetration


@pytest.fixture(scope="module")
def poses():
    rng = np.random.default_rng(0)
    return np.stack([draw_pose(rng) for _ in range(1500)])


def column(poses, name):
    return np.degrees(poses[:, ANGLES.index(name)])


def test_within_limits(poses):
    assert set(LIMITS) == set(ANGLES)
    low, high = np.radians([(LIMITS[name].low, LIMITS[name].high) for name in ANGLES]).T
    assert (poses >= low - 1e-9).all()
    assert (poses <= high + 1e-9).all()


def test_no_part_goes_through_another(poses):
    touch = max(penetration(gesture.angles()) for gesture in GESTURES.values())
    assert touch < 3.0
    assert max(penetration(angles) for angles in poses) <= touch + 1.5


def test_crossing_fingers_are_noticed():
    through = gesture_pose("flat")
    through[ANGLES.index("index_abduction")] = np.radians(-25.0)
    through[ANGLES.index("middle_abduction")] = np.radians(20.0)
    assert penetration(through) > 2.0
    assert penetration(gesture_pose("spread")) == 0.0


def test_fingers_are_coupled(poses):
    assert np.corrcoef(column(poses, "middle_pip"), column(poses, "middle_dip"))[0, 1] > 0.8
    neighbours = np.corrcoef(column(poses, "middle_pip"), column(poses, "ring_pip"))[0, 1]
    far = np.corrcoef(column(poses, "index_pip"), column(poses, "little_pip"))[0, 1]
    assert neighbours > far
    assert neighbours > 0.5


def test_the_whole_range_is_used(poses):
    for finger in ("index", "middle", "ring", "little"):
        assert np.percentile(column(poses, f"{finger}_pip"), 5) < 10
        assert np.percentile(column(poses, f"{finger}_pip"), 95) > 85
    assert np.percentile(column(poses, "thumb_radial"), 5) < 5
    assert np.percentile(column(poses, "thumb_radial"), 95) > 45


def test_usual_poses_lie_around_their_record(poses):
    rng = np.random.default_rng(1)
    around = PRESETS["nyu"].poses.around
    shares = PoseShares(usual=1.0, gesture=0.0, free=0.0, around=around)
    usual = np.stack([draw_pose(rng, shares) for _ in range(600)])
    for name, (mean, deviation) in zip(("thumb_radial", "thumb_palmar"), around.thumb, strict=False):
        assert np.median(column(usual, name)) == pytest.approx(mean, abs=0.35 * deviation)
    open_hands, any_hands = (np.median(column(some, "little_pip")) for some in (usual, poses))
    assert open_hands < any_hands


def test_families_name_known_gestures():
    assert len(FAMILIES["msra"]) == 17
    assert len(FAMILIES["letters"]) == 24
    assert len(FAMILIES["counting"]) == 11
    assert {name for family in FAMILIES.values() for name in family.values()} == set(GESTURES)


@pytest.mark.parametrize("finger", ["index", "middle", "ring", "little"])
def test_pinches_bring_the_thumb_to_the_finger(finger):
    hand = HandModel.load().mean_shape().pose(gesture_pose(f"pinch_{finger}"), np.eye(3), np.zeros(3))
    gap = hand.joints[LANDMARKS.index("thumb_tip")] - hand.joints[LANDMARKS.index(f"{finger}_tip")]
    assert np.linalg.norm(gap) < 22


def test_unknown_gesture():
    with pytest.raises(ValueError, match="no gesture 'wave'"):
        gesture_pose("wave")


def test_interpolation_starts_and_ends_at_rest():
    start, end = gesture_pose("fist"), gesture_pose("spread")
    steps = np.stack([interpolate(start, end, t) for t in np.linspace(0, 1, 101)])
    np.testing.assert_allclose(steps[[0, -1]], [start, end])
    speed = np.abs(np.diff(steps, axis=0)).max(axis=1)
    assert speed[0] < 0.05 * speed.max()
    assert speed[-1] < 0.05 * speed.max()
    assert np.abs(np.diff(speed)).max() < 0.1 * speed.max()
