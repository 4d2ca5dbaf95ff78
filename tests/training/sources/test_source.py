import numpy as np

from cn_zoo.training.sources import LabelledSource, PoseSource, UnlabelledSource


def test_a_batch_depends_on_its_number_alone(icvl_set):
    every = np.arange(len(icvl_set))
    for make in (
        lambda: LabelledSource(icvl_set, every, 3, seed=1),
        lambda: UnlabelledSource([(icvl_set, every)], 3, seed=1),
        lambda: PoseSource(icvl_set.poses(every), 5, seed=1),
    ):
        in_turn = [make().batch(index) for index in range(7)]
        source = make()
        assert all(_same(source.batch(index), in_turn[index]) for index in (6, 0, 3))
        assert not _same(in_turn[0], in_turn[1])


def _same(left, right):
    return all(np.array_equal(left[name], right[name]) for name in left)
