from types import SimpleNamespace

import numpy as np
import pytest

from cn_zoo.evaluation.round_trip import round_trip_error


def test_joints_that_come_back_moved():
    """Half of the hands by 3 and 4 units of 50 mm to two sides, half not at all."""
    depth, pose = np.zeros((2, 128, 128, 1), "float32"), np.ones((2, 16, 3), "float32")
    moved = pose + np.array([[[3, 0, -4]], [[0, 0, 0]]], "float32")
    nets = SimpleNamespace(estimate=lambda seen: {"pose": moved} if seen is depth else None)
    assert round_trip_error(nets, depth, pose) == pytest.approx(125)
