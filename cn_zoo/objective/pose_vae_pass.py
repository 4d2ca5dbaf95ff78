"""What the pose VAE learns from one batch."""

from __future__ import annotations

from functools import cached_property

import keras
from keras import KerasTensor, ops

from cn_zoo.models import Networks
from cn_zoo.objective.batch import Batch
from cn_zoo.objective.latent_sampling import sample_latent
from cn_zoo.objective.pose_vae_terms import kl_divergence, pose_reconstruction


class PoseVAEPass:
    """Each method is the term () of its name in `JointObjective`; what terms share is computed once."""

    def __init__(self, nets: Networks, batch: Batch) -> None:
        self.nets = nets
        self.batch = batch

    def pose_kl(self) -> KerasTensor:
        """The latents are unit Gaussian."""
        log_variance = self._code["log_variance"]
        return ops.mean(kl_divergence(self._code["mean"][:, : log_variance.shape[-1]], log_variance))

    def pose_reconstruction(self) -> KerasTensor:
        """Decoded poses are those that were encoded."""
        mean, log_variance = self._code["mean"], self._code["log_variance"]
        latent = mean
        if self.batch.training:
            noise = keras.random.normal(ops.shape(log_variance), seed=self.nets.seed_generator)
            latent = sample_latent(mean, log_variance, noise)
        return ops.mean(pose_reconstruction(self.batch.pose, self.nets.pose_decoder(latent)))

    @cached_property
    def _code(self) -> dict[str, KerasTensor]:
        return self.nets.pose_encoder(self.batch.pose)
