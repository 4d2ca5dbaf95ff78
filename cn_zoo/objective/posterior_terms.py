"""The posterior's loss terms: its latent is right, and so is the pose that it decodes to."""

from __future__ import annotations

from keras import KerasTensor, ops


def latent_likelihood(target: KerasTensor, mean: KerasTensor, log_variance: KerasTensor) -> KerasTensor:
    """Negative log-likelihood (B,) of latents (B, L) under a diagonal Gaussian, averaged over L; constants left out."""
    return 0.5 * ops.mean(ops.square(target - mean) * ops.exp(-log_variance) + log_variance, axis=-1)


def joint_error(pose: KerasTensor, estimate: KerasTensor) -> KerasTensor:
    """Distance (B,) between joints (B, J, 3), averaged over joints: the field's measure, in the poses' unit.

    The small constant keeps the gradient finite where a joint is exact.
    """
    return ops.mean(ops.sqrt(ops.sum(ops.square(pose - estimate), axis=-1) + 1e-6), axis=-1)


def latent_error(target: KerasTensor, mean: KerasTensor) -> KerasTensor:
    """Squared error (B,) of latents (B, L), averaged over L."""
    return ops.mean(ops.square(target - mean), axis=-1)


def turn_pose(pose: KerasTensor, turn: KerasTensor) -> KerasTensor:
    """Poses (B, J, 3) as another view shows them: ``pose @ turn[:3] + turn[3]``, with ``turn`` (B, 4, 3)."""
    return ops.matmul(pose, turn[:, :3]) + turn[:, 3:]
