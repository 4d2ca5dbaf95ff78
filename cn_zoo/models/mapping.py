"""The mapping layer: pose latent to depth latent."""

from __future__ import annotations

import keras
from keras import layers

from cn_zoo.models.architecture import Architecture


def build_mapping(architecture: Architecture) -> keras.Model:
    """One linear layer with batch norm that aligns the two latent spaces (paper section 3.3).

    Returns:
        A functional model from ``latent`` (B, L + 3) of the pose VAE to the generator's latent (B, L + 3).
    """
    latent = keras.Input((architecture.latent,), name="latent")
    mapped = layers.Dense(architecture.latent, name="mapping")(latent)
    return keras.Model(latent, layers.BatchNormalization(name="mapping_norm")(mapped), name="mapping_layer")
