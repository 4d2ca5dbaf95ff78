"""Training the pose VAE alone (the paper's first stage)."""

from __future__ import annotations

import keras
from keras import KerasTensor, ops

from cn_zoo.objective import kl_divergence, pose_reconstruction


class PoseVAETask(keras.Model):
    """Pose encoder and decoder, joined by a sampled latent, with the VAE's objective.

    Args:
        encoder, decoder: as built by ``cn_zoo.models``.
        pose_weight: of the squared error against the KL divergence. The paper's 1 assumes that a decoded
            coordinate is off by 50 mm; (50 / s) ** 2 assumes s mm.
        seed: of the sampled latents.
    """

    def __init__(self, encoder: keras.Model, decoder: keras.Model, pose_weight: float = 1.0, seed: int = 0) -> None:
        super().__init__(name="pose_vae_task")
        self.encoder = encoder
        self.decoder = decoder
        self.pose_weight = pose_weight
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, pose: KerasTensor, training: bool = False) -> dict[str, KerasTensor]:
        """Encode, sample (when training) and decode poses (B, J, 3)."""
        code = self.encoder(pose)
        latent = code["mean"]
        if training:
            size = code["log_variance"].shape[-1]
            noise = keras.random.normal(ops.shape(code["log_variance"]), seed=self.seed_generator)
            sampled = latent[:, :size] + noise * ops.exp(0.5 * code["log_variance"])
            latent = ops.concatenate([sampled, latent[:, size:]], axis=-1)
        return {**code, "pose": self.decoder(latent)}

    def compute_loss(
        self,
        x: KerasTensor | None = None,
        y: KerasTensor | None = None,
        y_pred: dict[str, KerasTensor] | None = None,
        sample_weight: KerasTensor | None = None,
        training: bool = True,
    ) -> KerasTensor:
        """KL divergence plus half the squared error, averaged over the batch."""
        size = y_pred["log_variance"].shape[-1]
        kl = kl_divergence(y_pred["mean"][:, :size], y_pred["log_variance"])
        return ops.mean(kl + self.pose_weight * pose_reconstruction(y, y_pred["pose"]))
