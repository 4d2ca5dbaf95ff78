"""The pose VAE's loss terms (paper section 3.1)."""

from __future__ import annotations

from keras import KerasTensor, ops


def kl_divergence(mean: KerasTensor, log_variance: KerasTensor) -> KerasTensor:
    """KL divergence (B,) of a diagonal Gaussian (B, L) from the unit Gaussian, summed over L."""
    return 0.5 * ops.sum(ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance, axis=-1)


def pose_reconstruction(pose: KerasTensor, reconstructed: KerasTensor) -> KerasTensor:
    """Half the squared error (B,) of poses (B, J, 3), summed over joints and coordinates."""
    return 0.5 * ops.sum(ops.square(pose - reconstructed), axis=(1, 2))
