"""The posterior: depth map to latent. The network that runs at test time."""

from __future__ import annotations

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from cn_zoo.geometry import POSE_UNIT_MM, Skeleton
from cn_zoo.models.architecture import Architecture
from cn_zoo.models.convolution import convolution, paper_convolution, residual_block
from cn_zoo.models.discriminator import TRUNK_SHAPE

#: Dense maps have 16 x 16 cells.
_CELLS = 16
#: Log-variances start small: about a tenth of a latent's unit prior deviation.
_INITIAL_LOG_VARIANCE = -4.0


def build_posterior_head(architecture: Architecture, skeleton: Skeleton, cube_mm: float) -> keras.Model:
    """The posterior task, on the trunk's features (paper section 3.2).

    Returns:
        A functional model from trunk features (B, 32, 32, 32) to a dict: ``mean`` and ``log_variance``
        (B, L + 3) of the latent, and ``features`` (B, F), what both are made of; the dense posterior also gives
        ``joints`` (B, J, 3), the joints read off its maps, in crop coordinates of 50 mm, and ``scatter`` (B, J), the
        deviation of the maps' votes from them.
    """
    features = keras.Input(TRUNK_SHAPE, name="trunk_features")
    if architecture.paper:
        outputs = _paper_posterior(features, architecture)
    else:
        outputs = _dense_posterior(features, architecture, skeleton, cube_mm)
    return keras.Model(features, outputs, name="posterior_head")


def _paper_posterior(x: KerasTensor, architecture: Architecture) -> dict[str, KerasTensor]:
    for index in (3, 4, 5):
        x = paper_convolution(x, f"posterior_conv{index}")
    x = layers.Dense(architecture.latent, use_bias=False, name="posterior_hidden")(layers.Flatten()(x))
    x = layers.LeakyReLU(0.2)(layers.BatchNormalization(name="posterior_hidden_norm")(x))
    return _latent(x, architecture)


def _dense_posterior(
    x: KerasTensor, architecture: Architecture, skeleton: Skeleton, cube_mm: float
) -> dict[str, KerasTensor]:
    x = convolution(x, TRUNK_SHAPE[-1], "posterior_32")
    x = convolution(x, 64, "posterior_down16", strides=2)
    middle = residual_block(x, "posterior_16a")
    x = convolution(middle, 128, "posterior_down8", strides=2)
    coarse = residual_block(x, "posterior_8a")

    context = convolution(coarse, 64, "posterior_up16", kernel=1)
    maps = layers.Add()([middle, layers.UpSampling2D(2, interpolation="nearest")(context)])
    maps = convolution(maps, 64, "posterior_maps")
    joints, scatter = _joints_of_maps(maps, len(skeleton), cube_mm)

    summary = convolution(coarse, 32, "posterior_summary", strides=2)
    summary = layers.Dense(128, activation="relu", name="posterior_summary_dense")(layers.Flatten()(summary))
    evidence = layers.Concatenate()([layers.Reshape((3 * len(skeleton),), dtype="float32")(joints), summary])
    hidden = layers.Dense(256, activation="relu", name="posterior_hidden")(evidence)
    hidden = layers.Concatenate()([evidence, hidden])
    return {**_latent(hidden, architecture), "joints": joints, "scatter": scatter}


def _joints_of_maps(maps: KerasTensor, count: int, cube_mm: float) -> tuple[KerasTensor, KerasTensor]:
    """Soft-argmax: every cell votes for each joint's place, weighted by a softmax over the cells.

    A vote is the cell's own place plus a learned offset; the forward coordinate is all offset. Where the picture shows
    little of a joint, its votes lie far apart: their deviation is the second result.
    """
    # Coordinate by coordinate, all joints side by side: no product needs broadcasting, which runtimes do slowly.
    cells = _CELLS * _CELLS
    logits = layers.Conv2D(count, 1, name="posterior_weights")(maps)
    weights = layers.Softmax(axis=1, dtype="float32")(layers.Reshape((cells, count), dtype="float32")(logits))
    offsets = layers.Conv2D(3 * count, 1, name="posterior_offsets")(maps)
    votes = layers.Reshape((cells, 3 * count), dtype="float32")(offsets) + _cell_places(count, cube_mm)
    weights = layers.Concatenate(dtype="float32")([weights] * 3)
    joints = ops.sum(weights * votes, axis=1)
    # Not the difference of two means, which leaves too few digits of a small variance.
    variance = ops.sum(weights * ops.square(votes - ops.expand_dims(joints, 1)), axis=1)
    variance = ops.sum(layers.Reshape((3, count), dtype="float32")(variance), axis=1)
    scatter = ops.sqrt(variance + 1e-6)
    return layers.Permute((2, 1), dtype="float32")(layers.Reshape((3, count), dtype="float32")(joints)), scatter


def _cell_places(count: int, cube_mm: float) -> np.ndarray:
    """Crop coordinates ``(cells, 3 J)`` of the map cells, row by row, on the centre's plane; x of all joints first."""
    steps = ((np.arange(_CELLS) + 0.5) / _CELLS * 2 - 1) * cube_mm / 2 / POSE_UNIT_MM
    down, right = np.meshgrid(steps, steps, indexing="ij")
    places = np.stack([right, down, np.zeros_like(right)], axis=-1).reshape(-1, 3)
    return np.repeat(places, count, axis=1).astype("float32")


def _latent(features: KerasTensor, architecture: Architecture) -> dict[str, KerasTensor]:
    mean = layers.Dense(architecture.latent, dtype="float32", name="posterior_mean")
    start = keras.initializers.Constant(_INITIAL_LOG_VARIANCE)
    log_variance = layers.Dense(
        architecture.latent,
        kernel_initializer="zeros",
        bias_initializer=start,
        dtype="float32",
        name="posterior_log_variance",
    )
    return {"mean": mean(features), "log_variance": log_variance(features), "features": features}
