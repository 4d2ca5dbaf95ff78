import numpy as np

from cn_zoo.training.sources import PoseSource


def test_all_samples_come_before_any_comes_again():
    poses = np.arange(12, dtype="float32").reshape(12, 1, 1)
    source = PoseSource(poses, 8, seed=0)
    drawn = np.concatenate([source.batch(index)["pose"].ravel() for index in range(3)])
    assert set(drawn[:12]) == set(drawn[12:]) == set(range(12))
    assert not np.array_equal(drawn[:12], drawn[12:])
