"""What tells hands from what is none, and one side from the other, behind a trained posterior."""

from __future__ import annotations

import keras
from keras import layers, ops

#: The names of these networks within an estimator, and of their layer that knows what is usual.
HAND_HEAD, SIDE_HEAD, HEAD_NORM = "hand_head", "side_head", "head_norm"
#: What is farther from usual, in standard deviations, tells no more.
_FARTHEST = 3.0


def build_hand_head(evidence: int) -> keras.Model:
    """A small network that tells hands by what the posterior finds, and what it is unsure of.

    Args:
        evidence: E, how many features and doubts there are.

    Returns:
        A functional model from ``evidence`` (B, E) to the log odds (B, 1) that the crop shows a hand; 0 until it is
        trained.
    """
    return _build_head(evidence, HAND_HEAD)


def build_side_head(evidence: int) -> keras.Model:
    """The same for sides: the log odds (B, 1) that the hand is one of the side that the posterior knows."""
    return _build_head(evidence, SIDE_HEAD)


def _build_head(size: int, name: str) -> keras.Model:
    evidence = keras.Input((size,), name="evidence")
    x = layers.BatchNormalization(center=False, scale=False, epsilon=1e-4, name=HEAD_NORM)(evidence)
    x = layers.Dense(64, activation="relu", name=f"{name}_hidden")(ops.clip(x, -_FARTHEST, _FARTHEST))
    odds = layers.Dense(1, kernel_initializer="zeros", name=f"{name}_odds")(x)
    return keras.Model(evidence, odds, name=name)
