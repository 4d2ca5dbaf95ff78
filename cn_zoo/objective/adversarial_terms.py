"""Real against generated depth maps (paper section 3.2)."""

from __future__ import annotations

from keras import KerasTensor, ops

#: Keeps the logarithm finite where the discriminator is certain and wrong.
_SMALLEST = 1e-6


def realness_error(probability: KerasTensor, is_real: bool) -> KerasTensor:
    """Cross-entropy (B,) of the probability (B, 1) that a depth map is real, where all of the batch is or none."""
    right = probability if is_real else 1.0 - probability
    return -ops.log(ops.maximum(right[:, 0], _SMALLEST))


def feature_matching(real: KerasTensor, generated: KerasTensor) -> KerasTensor:
    """Distance () of the mean features of two batches, (B, ...) and (B', ...), in L1, averaged over features."""
    difference = _batch_mean(real) - _batch_mean(generated)
    return ops.mean(ops.abs(difference))


def _batch_mean(features: KerasTensor) -> KerasTensor:
    return ops.mean(ops.cast(features, "float32"), axis=0)
