"""Learning rates over a run."""

from __future__ import annotations

import keras


def warm_cosine(peak: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Rise linearly over the first 2 % of ``steps``, then fall to zero along a cosine."""
    warmup = max(1, steps // 50)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=peak * 0.05,
        decay_steps=max(1, steps - warmup),
        warmup_target=peak,
        warmup_steps=warmup,
    )
