import numpy as np
import tensorflow as tf

from cn_zoo.objective.rows import rows


def test_rows_and_their_gradient_are_those_of_a_subscript():
    maps = tf.constant(np.random.default_rng(0).normal(size=(5, 2, 3, 4)).astype("float32"))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(maps)
        found, expected = (tf.reduce_sum(part**2) for part in (rows(maps, 1, 2), maps[1:3]))
    np.testing.assert_array_equal(rows(maps, 1, 2).numpy(), maps[1:3].numpy())
    np.testing.assert_array_equal(tape.gradient(found, maps).numpy(), tape.gradient(expected, maps).numpy())
