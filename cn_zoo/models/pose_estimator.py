"""The pose estimator: depth map to pose, in one model that any Keras loads."""

from __future__ import annotations

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from cn_zoo.geometry import Skeleton
from cn_zoo.models.hand_head import build_hand_head, build_side_head

#: The layer that turns spreads into deviations.
SIGMA_CALIBRATION = "sigma_calibration"


def build_pose_estimator(
    trunk: keras.Model, posterior_head: keras.Model, pose_decoder: keras.Model, skeleton: Skeleton
) -> keras.Model:
    """Chain trunk, posterior and pose decoder; push the posterior's variance through the decoder.

    A posterior with maps says more of single joints: its variance tells how sure the hand as a whole is, the scatter
    of a joint's votes how well that joint is seen. Their product ranks errors better than either, but errors grow less
    than it does and more than its root: a joint's deviation is a mix of both.

    Built-in layers only: the saved file loads where cn_zoo is not installed, and exports as it is.

    Returns:
        A functional model from ``depth`` (B, 128, 128, 1) in [-1, 1] to a dict:
        ``pose`` (B, J, 3), crop coordinates in units of 50 mm;
        ``sigma`` (B, J), the deviation of each joint in the same unit;
        ``latent`` (B, L + 3), the posterior's mean;
        ``hand`` (B, 2), the probability that this is a hand, and that it is one of the side that the posterior knows.
    """
    # layers
    # Calibration turns each joint's spreads into a deviation; it is fitted on validation data after training.
    calibration = layers.Dense(
        len(skeleton), use_bias=False, trainable=False, kernel_initializer="identity", name=SIGMA_CALIBRATION
    )

    # functional graph
    depth = keras.Input((128, 128, 1), name="depth")
    posterior = posterior_head(trunk(depth))
    latent = layers.Identity(name="latent")(posterior["mean"])
    moved = _decode_around(pose_decoder, latent, posterior["log_variance"])
    pose = layers.Reshape((len(skeleton), 3), name="pose")(moved[:, 0])
    spreads = _spread(moved, len(skeleton))
    if "scatter" in posterior:
        product = spreads * posterior["scatter"]
        spreads = layers.Concatenate(dtype="float32")([ops.sqrt(product), product])
    sigma = layers.Identity(name="sigma")(calibration(spreads))
    hand = layers.Activation("sigmoid", name="hand")(_hand_odds(posterior_evidence(posterior)))
    return keras.Model(depth, {"pose": pose, "sigma": sigma, "latent": latent, "hand": hand}, name="pose_estimator")


def spreads_of(estimator: keras.Model) -> keras.Model:
    """The part of an estimator that comes before calibration.

    Returns:
        A functional model from ``depth`` to a dict: ``pose`` as the estimator's, and ``spreads`` (B, T, J), T measures
        of how far off each joint may be, of which calibration makes its deviation.
    """
    flat = estimator.get_layer(SIGMA_CALIBRATION).input
    joints = estimator.output["pose"].shape[1]
    spreads = layers.Reshape((flat.shape[-1] // joints, joints), dtype="float32")(flat)
    return keras.Model(estimator.input, {"pose": estimator.output["pose"], "spreads": spreads})


def evidence_of(estimator: keras.Model) -> keras.Model:
    """The part of an estimator that comes before its two heads.

    Returns:
        A functional model from ``depth`` to ``evidence`` (B, E): the posterior's features, and all that it says of how
        unsure it is, as logarithms.
    """
    posterior = estimator.get_layer("posterior_head")(estimator.get_layer("trunk")(estimator.input))
    return keras.Model(estimator.input, posterior_evidence(posterior))


def set_head(estimator: keras.Model, head: keras.Model) -> None:
    """Give an estimator the weights of a trained `build_hand_head` or `build_side_head`."""
    estimator.get_layer(head.name).set_weights(head.get_weights())


def set_sigma_calibration(estimator: keras.Model, factors: np.ndarray) -> None:
    """Set the factors ``(T, J)`` by which each joint's spreads are multiplied, and summed up to its deviation."""
    kernel = np.concatenate([np.diag(each) for each in factors])
    estimator.get_layer(SIGMA_CALIBRATION).set_weights([kernel])


def posterior_evidence(posterior: dict[str, KerasTensor]) -> KerasTensor:
    """What heads go by, as `evidence_of` tells, of what a posterior head gives."""
    evidence = [posterior["features"], posterior["log_variance"]]
    if "scatter" in posterior:
        evidence.append(ops.log(posterior["scatter"]))
    return layers.Concatenate(dtype="float32")(evidence)


def _hand_odds(evidence: KerasTensor) -> KerasTensor:
    """Log odds (B, 2) of a hand, and of the known side. They are learned last, on a finished posterior."""
    heads = [build(evidence.shape[-1]) for build in (build_hand_head, build_side_head)]
    for head in heads:
        head.trainable = False
    return layers.Concatenate(dtype="float32")([head(evidence) for head in heads])


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
