"""Real against generated depth maps (paper section 3.2)."""

from __future__ import annotations

from keras import KerasTensor, ops


def realness_error(log_odds: KerasTensor, is_real: bool) -> KerasTensor:
    """Cross-entropy (B,) of the log odds (B, 1) that a depth map is real, where all of the batch is or none.

    Of log odds, and not of probabilities, it has a gradient even where the discriminator is certain and wrong.
    """
    return ops.softplus(-log_odds[:, 0] if is_real else log_odds[:, 0])


def feature_matching(real: KerasTensor, generated: KerasTensor) -> KerasTensor:
    """Distance () of the mean features of two batches, (B, ...) and (B', ...), in L1, averaged over features."""
    difference = _batch_mean(real) - _batch_mean(generated)
    return ops.mean(ops.abs(difference))


def _batch_mean(features: KerasTensor) -> KerasTensor:
    return ops.mean(ops.cast(features, "float32"), axis=0)
