"""Training the posterior on labelled crops, with the pose VAE held fixed."""

from __future__ import annotations

import keras
from keras import KerasTensor, ops

from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.objective import joint_error, latent_likelihood


class PosteriorTask(keras.Model):
    """Trunk and posterior head, read through the fixed pose decoder.

    Args:
        trunk, posterior_head, pose_encoder, pose_decoder: as built by ``cn_zoo.models``; the pose VAE's
            halves are frozen.
    """

    def __init__(
        self,
        trunk: keras.Model,
        posterior_head: keras.Model,
        pose_encoder: keras.Model,
        pose_decoder: keras.Model,
    ) -> None:
        super().__init__(name="posterior_task")
        self.trunk = trunk
        self.posterior_head = posterior_head
        self.pose_encoder = pose_encoder
        self.pose_decoder = pose_decoder
        pose_encoder.trainable = False
        pose_decoder.trainable = False
        self.error_tracker = keras.metrics.Mean(name="error_mm")

    def call(self, depth: KerasTensor, training: bool = False) -> dict[str, KerasTensor]:
        """Posterior and decoded pose of depth maps (B, 128, 128, 1)."""
        posterior = self.posterior_head(self.trunk(depth, training=training), training=training)
        return {**posterior, "pose": self.pose_decoder(posterior["mean"])}

    def compute_loss(
        self,
        x: KerasTensor | None = None,
        y: KerasTensor | None = None,
        y_pred: dict[str, KerasTensor] | None = None,
        sample_weight: KerasTensor | None = None,
        training: bool = True,
    ) -> KerasTensor:
        """Joint error of the decoded pose and of the dense joints, plus the latent's likelihood.

        The likelihood trains the variance alone: the mean learns from the pose, where errors are millimetres.
        """
        error = joint_error(y, y_pred["pose"])
        self.error_tracker.update_state(error * POSE_UNIT_MM)
        target = self.pose_encoder(y)["mean"]
        likelihood = latent_likelihood(target, ops.stop_gradient(y_pred["mean"]), y_pred["log_variance"])
        loss = error + 0.1 * likelihood + 0.02 * ops.mean(ops.square(target - y_pred["mean"]), axis=-1)
        if "joints" in y_pred:
            loss = loss + joint_error(y, y_pred["joints"])
        return ops.mean(loss)
