"""The pose estimator: depth map to pose, in one model that any Keras loads."""

from __future__ import annotations

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from cn_zoo.geometry import Skeleton


def build_pose_estimator(
    trunk: keras.Model, posterior_head: keras.Model, pose_decoder: keras.Model, skeleton: Skeleton
) -> keras.Model:
    """Chain trunk, posterior and pose decoder; push the posterior's variance through the decoder.

    Built-in layers only: the saved file loads where cn_zoo is not installed, and exports as it is.

    Returns:
        A functional model from ``depth`` (B, 128, 128, 1) in [-1, 1] to a dict:
        ``pose`` (B, J, 3), crop coordinates in units of 50 mm;
        ``sigma`` (B, J), the deviation of each joint in the same unit;
        ``latent`` (B, L + 3), the posterior's mean.
    """
    # layers
    # Calibration multiplies each joint's deviation; it is fitted on validation data after training.
    calibration = layers.Dense(
        len(skeleton), use_bias=False, trainable=False, kernel_initializer="identity", name="sigma_calibration"
    )

    # functional graph
    depth = keras.Input((128, 128, 1), name="depth")
    posterior = posterior_head(trunk(depth))
    latent = layers.Identity(name="latent")(posterior["mean"])
    pose = layers.Identity(name="pose")(pose_decoder(latent))
    spread = _spread(pose_decoder, latent, posterior["log_variance"], pose)
    sigma = layers.Identity(name="sigma")(calibration(spread))
    return keras.Model(depth, {"pose": pose, "sigma": sigma, "latent": latent}, name="pose_estimator")


def set_sigma_calibration(estimator: keras.Model, factors: np.ndarray) -> None:
    """Set the factors ``(J,)`` that turn each joint's spread into a calibrated deviation."""
    estimator.get_layer("sigma_calibration").set_weights([np.diag(factors)])


def _spread(
    pose_decoder: keras.Model, latent: KerasTensor, log_variance: KerasTensor, pose: KerasTensor
) -> KerasTensor:
    """Root of the summed variances (B, J) of each joint's three coordinates.

    The decoder is asked at one standard deviation along every latent axis; the squared changes add up.
    """
    size = latent.shape[-1]
    count = pose.shape[1]
    steps = ops.expand_dims(ops.exp(0.5 * log_variance), 1) * np.eye(size, dtype="float32")
    points = layers.Reshape((size * size,))(ops.expand_dims(latent, 1) + steps)
    moved = pose_decoder(ops.reshape(points, (-1, size)))
    moved = ops.reshape(moved, (-1, size, count, 3))
    change = moved - ops.expand_dims(pose, 1)
    return ops.sqrt(ops.sum(ops.square(change), axis=(1, 3)) + 1e-8)
