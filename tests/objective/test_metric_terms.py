import keras
import numpy as np

from cn_zoo.objective import difference_error


def test_only_differences_count():
    """The first pair differs as its latents do, from another origin; the second is off by (2, 0)."""
    latent = np.array([[1.0, 0.0], [1.0, 0.0]], "float32")
    other_latent = np.zeros((2, 2), "float32")
    embedding = np.array([[8.0, 7.0], [3.0, 0.0]], "float32")
    other_embedding = np.array([[7.0, 7.0], [0.0, 0.0]], "float32")
    error = difference_error(embedding, other_embedding, latent, other_latent)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(error), [0.0, 2.0])
