"""Frames that are synthesized in a benchmark's format come back through the readers of the originals."""

import numpy as np
import pytest

from cn_zoo.datasets import open_dataset
from cn_zoo.geometry import CAMERAS, SKELETONS
from cn_zoo.synthesis.dataset_writer import write_dataset
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS

FRAMES = 3


@pytest.mark.parametrize("name", ["nyu", "icvl", "msra"])
def test_depth_and_joints_come_back(tmp_path, name):
    assert list(write_dataset(name, FRAMES, tmp_path / "set", seed=5)) == list(range(1, FRAMES + 1))
    dataset = open_dataset(tmp_path / "set")
    assert (dataset.name, len(dataset)) == (name, FRAMES)
    assert dataset.hand == "right"
    for index, frame in enumerate(dataset.frames()):
        drawn = draw_frame(PRESETS[name].own(), 5, index)
        assert frame.camera == drawn.camera == CAMERAS[name]
        np.testing.assert_allclose(frame.joints_xyz, drawn.joints[name], atol=0.01)
        assert frame.joints_xyz.shape == (len(SKELETONS[name]), 3)
        # NYU and ICVL keep whole mm. MSRA keeps floats, and of the hand only.
        expected = drawn.depth_mm if name == "msra" else np.rint(drawn.depth_mm)
        kept = frame.depth_mm > 0 if name == "msra" else np.ones_like(frame.depth_mm, bool)
        np.testing.assert_array_equal(frame.depth_mm[kept], expected[kept])
        assert kept.sum() > 500
