"""The loss terms, as pure functions of tensors."""

from cn_zoo.objective.pose_vae_terms import kl_divergence, pose_reconstruction
from cn_zoo.objective.posterior_terms import joint_error, latent_likelihood

__all__ = ["joint_error", "kl_divergence", "latent_likelihood", "pose_reconstruction"]
