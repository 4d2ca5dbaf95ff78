import keras
import numpy as np

from cn_zoo.objective import clipped_reconstruction


def test_squared_errors_are_clipped_at_one():
    """Off by 0.5, exact, and by 2 (clipped) in one map of four pixels: (0.25 + 0 + 0 + 1) / 4."""
    depth = np.array([0.5, 0.0, 0.0, 1.0], "float32").reshape(1, 2, 2, 1)
    other = np.array([0.0, 0.0, 0.0, -1.0], "float32").reshape(1, 2, 2, 1)
    both = clipped_reconstruction(np.concatenate([depth, depth]), np.concatenate([other, depth]))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(both), [0.3125, 0.0])
