from types import SimpleNamespace

import keras
import numpy as np
import pytest

from cn_zoo.objective import MIXED_LATENTS, Batch, convex_combinations, pose_latents, sample_latent


def _numpy(value):
    return keras.ops.convert_to_numpy(value)


def test_sample_scales_the_noise_and_leaves_the_root():
    mean = np.array([[1.0, 2.0, 7.0, 8.0, 9.0]], "float32")
    log_variance = np.array([[0.0, 2 * np.log(3.0)]], "float32")
    sampled = sample_latent(mean, log_variance, np.array([[0.5, -1.0]], "float32"))
    np.testing.assert_allclose(_numpy(sampled), [[1.5, -1.0, 7.0, 8.0, 9.0]], rtol=1e-6)


def test_combinations_by_hand():
    """Row 0 mixes latents 0 and 1 evenly, row 1 takes latent 2 alone, row 2 mixes 2 and (around the end) 0 by 3:1."""
    latents = np.array([[0.0, 8.0], [2.0, 0.0], [4.0, 4.0]], "float32")
    weights = np.array([[2.0, 2.0], [0.0, 1.0], [3.0, 1.0]], "float32")
    mixed = convex_combinations(latents, weights)
    np.testing.assert_allclose(_numpy(mixed), [[1.0, 4.0], [4.0, 4.0], [3.0, 5.0]])


@pytest.mark.parametrize("training", [True, False])
def test_mixed_latents_are_uniform_over_all_ways_of_mixing(training):
    """In training; else they weigh alike. Each row tells its weights, as the latents are unit vectors."""
    count = 2_000
    nets = SimpleNamespace(
        pose_encoder=lambda pose: {"mean": keras.ops.eye(count)}, seed_generator=keras.random.SeedGenerator(2)
    )
    latent, mixed = map(_numpy, pose_latents(nets, Batch(pose=np.zeros((count, 1, 3)), training=training)))
    np.testing.assert_array_equal(latent, np.eye(count))
    shares = np.stack([np.roll(mixed, -step, axis=1).diagonal() for step in range(MIXED_LATENTS)], axis=1)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(mixed.sum(axis=1), 1.0, rtol=1e-5)
    # A Dirichlet distribution's, of five equal parameters of one.
    expected = 4 / 150 if training else 0.0
    np.testing.assert_allclose(shares.mean(axis=0), 0.2, atol=0.015)
    np.testing.assert_allclose(shares.var(axis=0), expected, rtol=0.15, atol=1e-9)
