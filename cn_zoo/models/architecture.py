"""Architectures: the sizes of all networks, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """Sizes that the network builders read.

    Attributes:
        name: what a preset calls it.
        pose_latent: dimensions of the pose VAE's latent, the root's offset not counted.
        pose_hidden: width of the pose VAE's hidden layer, each way.
        linear_bypass: whether the pose VAE's hidden layers have a linear way beside them, each way: most of a
            pose is linear in its latent, and a narrow hidden layer then learns the rest.
        dense_posterior: whether the posterior reads joints off dense maps (soft-argmax) on a residual
            backbone, or is the paper's plain convolutional branch.
        drawn_points: whether the generator draws the hand's points into its maps, or is the paper's.
    """

    name: str
    pose_latent: int
    pose_hidden: int
    linear_bypass: bool
    dense_posterior: bool
    drawn_points: bool

    @property
    def latent(self) -> int:
        """Dimensions of the shared latent space: the pose latent and the root's offset (x, y, z)."""
        return self.pose_latent + 3


#: ``paper``: the sizes of the paper and its authors' code. ``default``: the best accuracy for its speed.
ARCHITECTURES: dict[str, Architecture] = {
    "paper": Architecture(
        "paper", pose_latent=20, pose_hidden=40, linear_bypass=False, dense_posterior=False, drawn_points=False
    ),
    "default": Architecture(
        "default", pose_latent=40, pose_hidden=128, linear_bypass=True, dense_posterior=True, drawn_points=True
    ),
}
