import numpy as np
import pytest

from cn_zoo.drawing import draw_samples
from cn_zoo.geometry import SKELETONS

SKELETON = SKELETONS["msra"]


def test_pairs_lie_side_by_side():
    """A skeleton whose joints all lie at one place is one dot there; the depth map beside it is bright where near."""
    depth = np.ones((5, 128, 128, 1), "float32")
    depth[:, :64, :64] = -1
    pose = np.zeros((5, 21, 3))
    pose[..., :2] = (1.25, -1.25)
    sheet = np.array(draw_samples(depth, pose, SKELETON).convert("L")).astype(int)
    assert sheet.shape == (2 * 260 + 4, 8 * 260 + 4)
    skeleton, crop = sheet[4:260, 4:260], sheet[4:260, 264:520]
    rows, columns = np.nonzero(skeleton > 60)
    assert abs(rows.mean() - 64) < 2 and abs(columns.mean() - 192) < 2
    assert crop[:120, :120].min() > 150 and crop[140:, 140:].max() < 5


def test_no_pairs():
    with pytest.raises(ValueError, match="needs pictures"):
        draw_samples(np.ones((0, 128, 128, 1)), np.zeros((0, 21, 3)), SKELETON)
