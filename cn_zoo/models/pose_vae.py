"""The pose VAE: hand poses to the shared latent space, and back."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from cn_zoo.geometry import Skeleton
from cn_zoo.models.architecture import Architecture


def build_pose_encoder(architecture: Architecture, skeleton: Skeleton) -> keras.Model:
    """Pose to the parameters of its latent distribution (paper section 3.1).

    The root's offset is split off and passed through; the rest, relative to the root, is encoded.

    Returns:
        A functional model from ``pose`` (B, J, 3), crop coordinates in units of 50 mm, to a dict:
        ``mean`` (B, L + 3), the latent mean with the root's offset last, and ``log_variance`` (B, L).
    """
    # layers
    count = len(skeleton)
    hidden = layers.Dense(architecture.pose_hidden, activation="relu", name="pose_encoder_hidden")
    mean = layers.Dense(architecture.pose_latent, name="pose_encoder_mean")
    log_variance = layers.Dense(architecture.pose_latent, name="pose_encoder_log_variance")

    # functional graph
    pose = keras.Input((count, 3), name="pose")
    root = pose[:, skeleton.root]
    relative = layers.Reshape((3 * count,))(pose - keras.ops.expand_dims(root, 1))
    code = hidden(relative)
    if not architecture.paper:
        code = layers.Concatenate()([relative, code])
    outputs = {"mean": layers.Concatenate()([mean(code), root]), "log_variance": log_variance(code)}
    return keras.Model(pose, outputs, name="pose_encoder")


def build_pose_decoder(architecture: Architecture, skeleton: Skeleton) -> keras.Model:
    """Latent to pose (paper section 3.1): the part that runs at test time, behind the posterior.

    Returns:
        A functional model from ``latent`` (B, L + 3) to ``pose`` (B, J, 3), crop coordinates in units of 50 mm.
    """
    # layers
    count = len(skeleton)
    hidden = layers.Dense(architecture.pose_hidden, name="pose_decoder_hidden")
    output = layers.Dense(3 * count, name="pose_decoder_output")

    # functional graph
    latent = keras.Input((architecture.latent,), name="latent")
    inner = latent[:, : architecture.pose_latent]
    code = layers.LeakyReLU(0.2)(hidden(inner))
    if not architecture.paper:
        code = layers.Concatenate()([code, inner])
    relative = layers.Reshape((count, 3))(output(code))
    root = keras.ops.expand_dims(latent[:, architecture.pose_latent :], 1)
    return keras.Model(latent, relative + root, name="pose_decoder")


def initialize_from_poses(encoder: keras.Model, decoder: keras.Model, skeleton: Skeleton, poses: np.ndarray) -> None:
    """Set the encoder's first and the decoder's last weights from a PCA of poses (paper section 4).

    Where the hidden layer is wider than the pose space, the components fill its first units.

    Args:
        encoder, decoder: the two halves, changed in place.
        skeleton: whose root the poses are made relative to.
        poses: ``(N, J, 3)`` crop coordinates in units of 50 mm, N of a few thousand or more.
    """
    relative = (poses - poses[:, skeleton.root : skeleton.root + 1]).reshape(len(poses), -1)
    center = relative.mean(axis=0)
    components = np.linalg.svd(relative - center, full_matrices=False)[2]

    first, last = encoder.get_layer("pose_encoder_hidden"), decoder.get_layer("pose_decoder_output")
    kept = min(len(components), first.units)
    kernel, bias = (np.array(weight) for weight in first.get_weights())
    kernel[:, :kept], bias[:kept] = components[:kept].T, -components[:kept] @ center
    first.set_weights([kernel, bias])

    kernel = np.array(last.get_weights()[0])
    kernel[:kept] = components[:kept]
    last.set_weights([kernel, center])
