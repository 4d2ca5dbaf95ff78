"""The discriminator: a trunk that three tasks share, and the two tasks that only training needs."""

from __future__ import annotations

import keras
from keras import layers

from cn_zoo.models.architecture import Architecture
from cn_zoo.models.convolution import convolution, paper_convolution

#: What the trunk hands to its tasks.
TRUNK_SHAPE = (32, 32, 32)


def build_trunk(architecture: Architecture) -> keras.Model:
    """The first two convolutions, shared by all tasks (paper section 3.2).

    The default architecture's are smaller than the paper's: its posterior has its depth behind them.

    Returns:
        A functional model from ``depth`` (B, 128, 128, 1) in [-1, 1] to features (B, 32, 32, 32).
    """
    depth = keras.Input((128, 128, 1), name="depth")
    if architecture.paper:
        x = paper_convolution(depth, "trunk_conv1")
        x = paper_convolution(x, "trunk_conv2")
    else:
        x = convolution(depth, 16, "trunk_conv1", kernel=5, strides=2)
        x = convolution(x, 32, "trunk_conv2", strides=2)
    return keras.Model(depth, x, name="trunk")


def build_realness_head() -> keras.Model:
    """Real or fake (paper section 3.2).

    Returns:
        A functional model from trunk features to a dict: ``real`` (B, 1), the log odds that the depth map is real,
        and ``features`` (B, 4, 4, 32), which feature matching compares.
    """
    features = keras.Input(TRUNK_SHAPE, name="trunk_features")
    x = features
    for index in (3, 4, 5):
        x = paper_convolution(x, f"realness_conv{index}")
    real = layers.Dense(1, dtype="float32", name="realness")(layers.Flatten()(x))
    return keras.Model(features, {"real": real, "features": x}, name="realness_head")


def build_metric_head(architecture: Architecture) -> keras.Model:
    """The smooth task: differences of its output follow differences of latents (paper section 3.2).

    Returns:
        A functional model from trunk features to an embedding (B, L + 3).
    """
    features = keras.Input(TRUNK_SHAPE, name="trunk_features")
    x = features
    for index in (3, 4, 5):
        x = paper_convolution(x, f"metric_conv{index}")
    x = layers.Dense(512, use_bias=False, name="metric_hidden")(layers.Flatten()(x))
    x = layers.LeakyReLU(0.2)(layers.BatchNormalization(name="metric_hidden_norm")(x))
    embedding = layers.Dense(architecture.latent, dtype="float32", name="metric")(x)
    return keras.Model(features, embedding, name="metric_head")
