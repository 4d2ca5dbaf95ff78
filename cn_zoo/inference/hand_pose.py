"""An estimated hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cn_zoo.geometry import Camera, HandCrop, Skeleton

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class HandPose:
    """A hand pose in one depth image, as the camera saw it (left hands are not mirrored here).

    Attributes:
        xyz: ``(J, 3)`` joints in camera coordinates, mm (x right, y down, z forward).
        uvd: ``(J, 3)`` the same joints as (u px, v px, d mm).
        sigma: ``(J,)`` mm; 68 % of joints lie within their sigma of the true place, or some more on hands like those of
            training (docs/uncertainty.md).
        latent: ``(L + 3,)`` the hand's place in the shared latent space, as it is seen straight.
        confidence: 0 to 1; see ``HandPoseEstimator.predict``.
        hand: ``"right"`` or ``"left"``.
        skeleton: names and order of the joints.
        camera: the camera of the image.
        crop: the crop cube that the network saw.
        shows_hand: 0 to 1, the network's own probability that the crop shows a hand, whatever led there.
        fits_side: 0 to 1, its word that this hand is of the side that it was taken for.
        looks_like: the other of ``"right"`` and ``"left"`` where the image speaks against ``hand``; None as a rule.
    """

    xyz: np.ndarray
    uvd: np.ndarray
    sigma: np.ndarray
    latent: np.ndarray
    confidence: float
    hand: str
    skeleton: Skeleton
    camera: Camera
    crop: HandCrop
    shows_hand: float = 0.5
    fits_side: float = 0.5
    looks_like: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Joint names in order."""
        return self.skeleton.joints

    @property
    def center_uvd(self) -> tuple[float, float, float]:
        """Centre of the crop cube (u px, v px, d mm)."""
        return self.crop.center_uvd

    def plot(self, ax: Axes) -> None:
        """Draw the skeleton on a matplotlib axes, 2D (over the image) or 3D (in mm)."""
        from cn_zoo.drawing import plot_pose

        plot_pose(ax, self.xyz if ax.name == "3d" else self.uvd, self.skeleton)
