from contextlib import closing

import numpy as np

from cn_zoo.synthesis.crop_batch import draw_crop_batch
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.sources import SyntheticSource


def test_synthetic_batches_are_numbered_from_the_first():
    """A run that goes on asks for a later one first."""
    with closing(SyntheticSource(PRESETS["icvl"], 2, seed=4)) as source:
        found = [source.batch(index) for index in (3, 4)]
    for number, batch in zip((3, 4), found, strict=True):
        expected = draw_crop_batch(PRESETS["icvl"], 4, 2 * number, 2)
        np.testing.assert_array_equal(batch["depth"], expected.depth)
        np.testing.assert_array_equal(batch["pose"], expected.poses["icvl"])
