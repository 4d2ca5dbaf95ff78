"""The generator: latent to depth map."""

from __future__ import annotations

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from cn_zoo.geometry import POSE_UNIT_MM, Skeleton
from cn_zoo.models.architecture import Architecture
from cn_zoo.models.convolution import convolution

_FILTERS = 32
#: Points are drawn on a map of this many cells along an edge, as blobs about as wide as a finger.
_CELLS = 32
_BLOB_MM = 9.0
#: Width of the paper's Dense layer, as a map of 4 x 4 cells.
_DENSE_CELLS = 4


def build_generator(architecture: Architecture, skeleton: Skeleton, cube_mm: float) -> keras.Model:
    """Depth map of a latent point (paper section 3.2; sizes of the authors' code).

    The default architecture's also draws the hand's points, which a linear layer reads off the latent, into the maps
    half-way up: the paper's generator takes tens of epochs to learn where fingers are (see `initialize_points`).

    Returns:
        A functional model from ``latent`` (B, L + 3), after the mapping layer, to ``depth`` (B, 128, 128, 1)
        in [-1, 1], background +1.
    """
    latent = keras.Input((architecture.latent,), name="latent")
    x = layers.Activation("tanh")(latent)
    x = layers.Dense(_DENSE_CELLS**2 * _FILTERS, use_bias=False, name="generator_dense")(x)
    x = layers.ReLU()(layers.BatchNormalization(name="generator_dense_norm")(x))
    x = layers.Reshape((_DENSE_CELLS, _DENSE_CELLS, _FILTERS))(x)
    for index in range(1, 5):
        x = layers.Conv2DTranspose(
            _FILTERS, 6, strides=2, padding="same", use_bias=False, name=f"generator_conv{index}"
        )(x)
        x = layers.ReLU()(layers.BatchNormalization(name=f"generator_conv{index}_norm")(x))
        if x.shape[1] == _CELLS and not architecture.paper:
            x = layers.Concatenate()([x, _drawn_points(latent, skeleton, cube_mm)])
            x = convolution(x, _FILTERS, "generator_points_conv1")
            x = convolution(x, _FILTERS, "generator_points_conv2")
    # The losses read the depth map in float32 under mixed precision as well.
    depth = layers.Conv2DTranspose(
        1, 6, strides=2, padding="same", activation="tanh", dtype="float32", name="generator_conv5"
    )(x)
    return keras.Model(latent, depth, name="generator")


def initialize_points(
    mapping: keras.Model, generator: keras.Model, latents: np.ndarray, poses: np.ndarray, skeleton: Skeleton
) -> None:
    """Let a generator that draws points start with those of the hand: the best linear map from latents.

    The mapping layer starts as the identity, in training and after it, so that the points are the same in both.

    Args:
        mapping, generator: of an architecture that is not the paper's; changed in place.
        latents: ``(N, L + 3)`` of the pose VAE, N of a few thousand.
        poses: ``(N, J, 3)`` their poses, crop coordinates in units of 50 mm.
        skeleton: of the poses.
    """
    points = _hand_points(poses, skeleton).reshape(len(poses), -1)
    inputs = np.concatenate([latents, np.ones((len(latents), 1))], axis=1)
    solution = np.linalg.lstsq(inputs, points, rcond=None)[0]
    generator.get_layer("generator_points").set_weights([solution[:-1], solution[-1]])
    norm = mapping.get_layer("mapping_norm")
    mean, variance = latents.mean(axis=0), latents.var(axis=0)
    mapping.get_layer("mapping").set_weights([np.eye(latents.shape[1]), np.zeros(latents.shape[1])])
    norm.set_weights([np.sqrt(variance + norm.epsilon), mean, mean, variance])


def _hand_points(poses: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Joints and the middles of bones ``(N, P, 3)``."""
    parents, children = np.array(skeleton.bones).T
    return np.concatenate([poses, (poses[:, parents] + poses[:, children]) / 2], axis=1)


def _drawn_points(latent: KerasTensor, skeleton: Skeleton, cube_mm: float) -> KerasTensor:
    """Maps (B, 32, 32, 2 P): a blob where each point is, and the same weighted by the point's depth."""
    count = len(skeleton) + len(skeleton.bones)
    half = cube_mm / 2 / POSE_UNIT_MM
    middles = (((np.arange(_CELLS) + 0.5) / _CELLS * 2 - 1) * half).astype("float32")[:, None]
    points = layers.Dense(3 * count, dtype="float32", name="generator_points")(latent)
    points = layers.Reshape((count, 3), dtype="float32")(points)
    sharpness = 0.5 * (POSE_UNIT_MM / _BLOB_MM) ** 2
    across, down = (ops.exp(-sharpness * ops.square(points[:, None, :, axis] - middles)) for axis in (0, 1))
    blobs = ops.expand_dims(down, 2) * ops.expand_dims(across, 1)
    return layers.Concatenate(dtype="float32")([blobs, blobs * points[:, None, None, :, 2] / half])
