import numpy as np
import pytest

from cn_zoo.training.sources.batch_order import BatchOrder


@pytest.mark.parametrize("batch_size", [1, 4, 10, 23])
def test_every_pass_sees_each_sample_once(batch_size):
    order = BatchOrder(10, batch_size, seed=3)
    seen = np.concatenate([order.batch(index) for index in range(60 // batch_size + 1)])
    passes = seen[: len(seen) // 10 * 10].reshape(-1, 10)
    assert all(sorted(each) == list(range(10)) for each in passes.tolist())
    assert len({tuple(each) for each in passes.tolist()}) == len(passes)


def test_a_batch_is_the_same_whenever_it_is_asked_for():
    forwards, backwards = BatchOrder(10, 4, seed=3), BatchOrder(10, 4, seed=3)
    batches = [forwards.batch(index) for index in range(12)]
    for index in reversed(range(12)):
        np.testing.assert_array_equal(backwards.batch(index), batches[index])


def test_a_seed_has_its_own_order():
    first, second = (BatchOrder(100, 50, seed).batch(0) for seed in (3, 4))
    assert first.tolist() != second.tolist()
