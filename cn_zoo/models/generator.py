"""The generator: latent to depth map."""

from __future__ import annotations

import keras
from keras import layers

from cn_zoo.models.architecture import Architecture

_FILTERS = 32


def build_generator(architecture: Architecture) -> keras.Model:
    """Depth map of a latent point (paper section 3.2; sizes of the authors' code).

    Returns:
        A functional model from ``latent`` (B, L + 3), after the mapping layer, to ``depth`` (B, 128, 128, 1)
        in [-1, 1], background +1.
    """
    latent = keras.Input((architecture.latent,), name="latent")
    x = layers.Activation("tanh")(latent)
    x = layers.Dense(4 * 4 * _FILTERS, use_bias=False, name="generator_dense")(x)
    x = layers.ReLU()(layers.BatchNormalization(name="generator_dense_norm")(x))
    x = layers.Reshape((4, 4, _FILTERS))(x)
    for index in range(1, 5):
        x = layers.Conv2DTranspose(
            _FILTERS, 6, strides=2, padding="same", use_bias=False, name=f"generator_conv{index}"
        )(x)
        x = layers.ReLU()(layers.BatchNormalization(name=f"generator_conv{index}_norm")(x))
    # The losses read the depth map in float32 under mixed precision as well.
    depth = layers.Conv2DTranspose(
        1, 6, strides=2, padding="same", activation="tanh", dtype="float32", name="generator_conv5"
    )(x)
    return keras.Model(latent, depth, name="generator")
