import keras
import numpy as np

from cn_zoo.objective import side_error


def test_each_view_and_the_pair_count():
    """The first pair is not told at all; the second rightly, and surely; the third the wrong way round."""
    known = np.array([0.0, 20.0, -3.0], "float32")
    mirrored = np.array([0.0, -20.0, 3.0], "float32")
    error = keras.ops.convert_to_numpy(side_error(known, mirrored))
    wrong = 2 * np.log1p(np.exp(3.0)) + np.log1p(np.exp(6.0))
    np.testing.assert_allclose(error, [3 * np.log(2.0), 0.0, wrong], rtol=1e-5, atol=1e-5)
