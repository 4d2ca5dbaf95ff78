"""What angles mean: where the forearm goes, as a hand stays where it is."""

import numpy as np
import pytest

from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.kinematics import ANGLES
from cn_zoo.synthesis.posed_hand import LANDMARKS
from cn_zoo.synthesis.setting import _elbow_vertices


def _posed(**degrees):
    angles = np.zeros(len(ANGLES))
    for name, angle in degrees.items():
        angles[ANGLES.index(name)] = np.radians(angle)
    return HandModel.load().mean_shape().pose(angles, np.eye(3), np.zeros(3))


def _joint(posed, name):
    return posed.joints[LANDMARKS.index(name)]


def _elbow(posed):
    return posed.vertices[_elbow_vertices("hand")].mean(axis=0)


@pytest.mark.parametrize("degrees", [30, -30])
def test_wrist_flexion_brings_the_palm_towards_the_forearm(degrees):
    straight, bent = _posed(), _posed(wrist_flexion=degrees)
    palmar = _joint(_posed(middle_mcp=60), "middle_tip") - _joint(straight, "middle_tip")
    moved = _elbow(bent) - _elbow(straight)
    assert moved @ palmar * np.sign(degrees) > 0.5 * np.linalg.norm(moved) * np.linalg.norm(palmar)


@pytest.mark.parametrize("degrees", [20, -20])
def test_wrist_deviation_brings_the_little_finger_towards_the_forearm(degrees):
    straight, bent = _posed(), _posed(wrist_deviation=degrees)
    change = [np.linalg.norm(_joint(posed, "little_mcp") - _elbow(posed)) for posed in (straight, bent)]
    assert (change[1] - change[0]) * np.sign(degrees) < -5
