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
        paper: whether the networks are built as in the paper. Else a linear way leads past the pose VAE's hidden
            layers, each way (most of a pose is linear in its latent, and a narrow hidden layer then learns the rest);
            the trunk is smaller; the posterior reads joints off dense maps (soft-argmax) on a residual backbone, where
            the paper has a plain convolutional branch; and the generator draws the hand's points into its maps.
    """

    name: str
    pose_latent: int
    pose_hidden: int
    paper: bool

    @property
    def latent(self) -> int:
        """Dimensions of the shared latent space: the pose latent and the root's offset (x, y, z)."""
        return self.pose_latent + 3


#: ``paper``: the sizes of the paper and its authors' code. ``default``: the best accuracy for its speed.
ARCHITECTURES: dict[str, Architecture] = {
    "paper": Architecture("paper", pose_latent=20, pose_hidden=40, paper=True),
    "default": Architecture("default", pose_latent=40, pose_hidden=128, paper=False),
}
