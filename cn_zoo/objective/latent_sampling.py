"""Points of the shared latent space."""

from __future__ import annotations

import keras
from keras import KerasTensor, ops

from cn_zoo.models import Networks
from cn_zoo.objective.batch import Batch

#: How many latents a random synthesis mixes (paper section 3.3).
MIXED_LATENTS = 5


def sample_latent(mean: KerasTensor, log_variance: KerasTensor, noise: KerasTensor) -> KerasTensor:
    """A point of the pose VAE's posterior (B, L + 3): unit noise (B, L) scaled by the deviation, the root untouched.

    Args:
        mean: (B, L + 3), the root's offset last.
        log_variance: (B, L).
        noise: (B, L), unit Gaussian.
    """
    size = log_variance.shape[-1]
    sampled = mean[:, :size] + noise * ops.exp(0.5 * log_variance)
    return ops.concatenate([sampled, mean[:, size:]], axis=-1)


def convex_combinations(latents: KerasTensor, weights: KerasTensor) -> KerasTensor:
    """Mix each latent (B, L) with those behind it in the batch: new poses between known ones (paper section 3.3).

    Args:
        latents: (B, L).
        weights: (B, K), positive; row i weighs latents i, i + 1, ... i + K - 1 (around the batch's end) and is scaled
            to sum to one.

    Returns:
        (B, L).
    """
    shares = weights / ops.sum(weights, axis=-1, keepdims=True)
    mixed = ops.zeros_like(latents)
    for step in range(weights.shape[-1]):
        mixed = mixed + shares[:, step : step + 1] * ops.roll(latents, -step, axis=0)
    return mixed


def pose_latents(nets: Networks, batch: Batch) -> tuple[KerasTensor, KerasTensor]:
    """The latents (B, L + 3) of a batch's poses, and as many random ones between them; no gradient goes back."""
    latent = ops.stop_gradient(nets.pose_encoder(batch.pose)["mean"])
    shape = (ops.shape(latent)[0], MIXED_LATENTS)
    weights = ops.ones(shape)
    if batch.training:
        # Minus the logarithm of uniform numbers, scaled to sum to one, is uniform over all ways of mixing.
        weights = -ops.log(keras.random.uniform(shape, 1e-6, 1.0 - 1e-6, seed=nets.seed_generator))
    return latent, convex_combinations(latent, weights)
