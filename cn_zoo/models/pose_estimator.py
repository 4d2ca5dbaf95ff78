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

    A posterior with maps says more of single joints: its variance tells how sure the hand as a whole is, the scatter
    of a joint's votes how well that joint is seen. Their product ranks errors better than either, and needs one factor
    a joint for hidden joints and seen ones alike.

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
    moved = _decode_around(pose_decoder, latent, posterior["log_variance"])
    pose = layers.Reshape((len(skeleton), 3), name="pose")(moved[:, 0])
    spread = _spread(moved, len(skeleton))
    if "scatter" in posterior:
        spread = spread * posterior["scatter"]
    sigma = layers.Identity(name="sigma")(calibration(spread))
    return keras.Model(depth, {"pose": pose, "sigma": sigma, "latent": latent}, name="pose_estimator")


def set_sigma_calibration(estimator: keras.Model, factors: np.ndarray) -> None:
    """Set the factors ``(J,)`` that turn each joint's spread into a calibrated deviation."""
    estimator.get_layer("sigma_calibration").set_weights([np.diag(factors)])


def _decode_around(pose_decoder: keras.Model, latent: KerasTensor, log_variance: KerasTensor) -> KerasTensor:
    """Poses (B, L + 1, 3 J) of the latent itself, then of one standard deviation beside it along every axis.

    One call of the decoder for all of them: runtimes spend more on its many small steps than on the products.
    """
    size = latent.shape[-1]
    axes = np.concatenate([np.zeros((1, size)), np.eye(size)]).astype("float32")
    points = ops.expand_dims(latent, 1) + ops.expand_dims(ops.exp(0.5 * log_variance), 1) * axes
    poses = pose_decoder(ops.reshape(points, (-1, size)))
    return ops.reshape(poses, (-1, size + 1, poses.shape[1] * 3))


def _spread(moved: KerasTensor, count: int) -> KerasTensor:
    """Root of the summed variances (B, J) of each joint's three coordinates: the axes' squared changes add up."""
    variance = ops.sum(ops.square(moved - moved[:, :1]), axis=1)
    return ops.sqrt(ops.sum(ops.reshape(variance, (-1, count, 3)), axis=-1) + 1e-8)
