import numpy as np
import pytest

from cn_zoo.datasets import CropAugmentation
from cn_zoo.training.sources import LabelledSource

UNCHANGED = CropAugmentation(rotation_deg=0.0, scale=0.0, shift_mm=0.0)


@pytest.mark.parametrize("augmentation", [{}, {"augmentation": CropAugmentation(tilt_deg=15)}])
def test_a_frame_is_changed_in_another_way_each_time(icvl_set, augmentation):
    source = LabelledSource(icvl_set, np.array([3]), 2, seed=1, **augmentation)
    plain = icvl_set.crops([3])
    drawn = [source.batch(index) for index in range(3)]
    for name, unchanged in zip(("depth", "pose"), plain, strict=True):
        versions = [*np.concatenate([batch[name] for batch in drawn]), unchanged[0]]
        assert len({version.tobytes() for version in versions}) == 7


def test_only_the_frames_that_may_be_used_are(icvl_set):
    usable = np.array([10, 7, 4])
    source = LabelledSource(icvl_set, usable, 2, seed=1, augmentation=UNCHANGED)
    drawn = [source.batch(index) for index in range(3)]
    depth, pose = icvl_set.crops(usable)
    found = [np.abs(pose - each).max(axis=(1, 2)).argmin() for batch in drawn for each in batch["pose"]]
    assert sorted(found) == [0, 0, 1, 1, 2, 2]
    np.testing.assert_allclose(np.concatenate([batch["pose"] for batch in drawn]), pose[found], atol=1e-5)
    np.testing.assert_allclose(np.concatenate([batch["depth"] for batch in drawn]), depth[found], atol=1e-5)
