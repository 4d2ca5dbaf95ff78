"""What tells hands from what is none, and one side from the other, by what a trained posterior is unsure of.

What it finds, its features, would tell more on synthetic depth maps, but less on real ones, which look different all
over; where it is in doubt, and where it is not, is much the same on both.
"""

from __future__ import annotations

import keras
from keras import layers, ops

#: The name of this network within an estimator, and of its layer that knows what features usually are.
HAND_HEAD, HAND_NORM = "hand_head", "hand_norm"
#: Doubts farther from usual, in standard deviations, tell no more.
_FARTHEST = 3.0


def build_hand_head(doubts: int) -> keras.Model:
    """A small network; until it is trained it knows nothing, and says 0.5.

    Args:
        doubts: D, how many there are.

    Returns:
        A functional model from ``doubts`` (B, D), logarithms of the latent's variances and of the maps' scatter, to
        ``hand`` (B, 2): the probability that the crop shows a hand, and that it is one of the side that the posterior
        knows.
    """
    inputs = keras.Input((doubts,), name="doubts")
    x = layers.BatchNormalization(center=False, scale=False, epsilon=1e-4, name=HAND_NORM)(inputs)
    x = layers.Dense(64, activation="relu", name="hand_hidden")(ops.clip(x, -_FARTHEST, _FARTHEST))
    hand = layers.Dense(2, activation="sigmoid", kernel_initializer="zeros", name="hand_probability")(x)
    return keras.Model(inputs, hand, name=HAND_HEAD)
