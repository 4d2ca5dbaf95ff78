import itertools

import numpy as np

from cn_zoo.training.devices import Host
from cn_zoo.training.sources import LabelledSource, PoseSource, UnlabelledSource, batches


def test_streams_of_different_sizes_run_side_by_side(icvl_set):
    every = np.arange(len(icvl_set))
    labelled = [LabelledSource(icvl_set, every[:2], size, seed=0) for size in (2, 3)]
    stream = batches([*labelled, UnlabelledSource([(icvl_set, every)], 4, seed=0)], first=9)
    for x, y in itertools.islice(stream, 2):
        shapes = {name: value.shape for name, value in {**x, "y": y}.items()}
        assert shapes == {
            "depth": (5, 128, 128, 1),
            "unlabelled": (4, 128, 128, 1),
            "twin": (4, 128, 128, 1),
            "turn": (4, 4, 3),
            "y": (5, 16, 3),
        }


def test_poses_alone_are_a_batch_without_targets(icvl_set):
    (x,) = next(batches([PoseSource(icvl_set.poses(np.arange(4)), 2, seed=0)], first=0))
    assert list(x) == ["pose"]


def test_each_host_gets_its_rows(icvl_set):
    def sources():
        return [LabelledSource(icvl_set, np.arange(len(icvl_set)), 6, seed=0)]

    x, y = next(batches(sources(), first=4))
    parts = [next(batches(sources(), 4, Host(index, 3))) for index in range(3)]
    assert [len(depth["depth"]) for depth, _ in parts] == [2, 2, 2]
    np.testing.assert_array_equal(np.concatenate([part["depth"] for part, _ in parts]), x["depth"])
    np.testing.assert_array_equal(np.concatenate([poses for _, poses in parts]), y)
