"""The loss terms, as pure functions of tensors, and the joint objective that weighs them."""

from cn_zoo.objective.adversarial_terms import feature_matching, realness_error
from cn_zoo.objective.batch import Batch
from cn_zoo.objective.depth_terms import clipped_reconstruction
from cn_zoo.objective.gradient_routing import call_frozen
from cn_zoo.objective.joint_objective import TERMS, JointObjective
from cn_zoo.objective.latent_sampling import MIXED_LATENTS, convex_combinations, pose_latents, sample_latent
from cn_zoo.objective.metric_terms import difference_error
from cn_zoo.objective.pose_vae_terms import kl_divergence, pose_reconstruction
from cn_zoo.objective.posterior_terms import joint_error, latent_error, latent_likelihood, turn_pose
from cn_zoo.objective.side_terms import side_error

__all__ = [
    "MIXED_LATENTS",
    "TERMS",
    "Batch",
    "JointObjective",
    "call_frozen",
    "clipped_reconstruction",
    "convex_combinations",
    "difference_error",
    "feature_matching",
    "joint_error",
    "kl_divergence",
    "latent_error",
    "latent_likelihood",
    "pose_latents",
    "pose_reconstruction",
    "realness_error",
    "sample_latent",
    "side_error",
    "turn_pose",
]
