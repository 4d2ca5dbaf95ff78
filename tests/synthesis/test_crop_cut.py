import numpy as np
import pytest

from cn_zoo.geometry import CAMERAS, HandCrop
from cn_zoo.synthesis.crop_cut import cut_crop


@pytest.mark.parametrize("center", [(160.3, 110.7, 400.0), (20.0, 230.0, 350.0), (-200.0, 120.0, 500.0)])
def test_it_cuts_as_the_cube_does(center):
    rng = np.random.default_rng(0)
    depth = rng.uniform(200, 600, (240, 320)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.2] = 0
    crop = HandCrop(CAMERAS["icvl"], center)
    np.testing.assert_array_equal(cut_crop(crop, depth, 0, 0), crop.cut(depth))
    part = np.ascontiguousarray(depth[30:, 12:])
    depth[:30], depth[:, :12] = 0, 0
    np.testing.assert_array_equal(cut_crop(crop, part, 12, 30), crop.cut(depth))
