import keras
import numpy as np

from cn_zoo.objective import convex_combinations, sample_latent


def test_sample_scales_the_noise_and_leaves_the_root():
    mean = np.array([[1.0, 2.0, 7.0, 8.0, 9.0]], "float32")
    log_variance = np.array([[0.0, 2 * np.log(3.0)]], "float32")
    sampled = sample_latent(mean, log_variance, np.array([[0.5, -1.0]], "float32"))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(sampled), [[1.5, -1.0, 7.0, 8.0, 9.0]], rtol=1e-6)


def test_combinations_by_hand():
    """Row 0 mixes latents 0 and 1 evenly, row 1 takes latent 2 alone, row 2 mixes 2 and (around the end) 0 by 3:1."""
    latents = np.array([[0.0, 8.0], [2.0, 0.0], [4.0, 4.0]], "float32")
    weights = np.array([[2.0, 2.0], [0.0, 1.0], [3.0, 1.0]], "float32")
    mixed = convex_combinations(latents, weights)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(mixed), [[1.0, 4.0], [4.0, 4.0], [3.0, 5.0]])
