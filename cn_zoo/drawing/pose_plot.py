"""Skeletons on matplotlib axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cn_zoo.geometry import Skeleton

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_pose(ax: Axes, points: np.ndarray, skeleton: Skeleton) -> None:
    """Draw a skeleton, coloured by finger, the camera's up pointing up.

    Args:
        ax: 2D axes show the first two coordinates and stay as they are where they hold an image; 3D axes
            (``projection="3d"``) show all three at equal scale, seen from the camera.
        points: ``(J, 3)`` joints: uvd for 2D axes, xyz in mm for 3D axes (or anything alike).
        skeleton: whose joints and bones they are.
    """
    points = np.asarray(points, dtype=np.float64)
    in_space = ax.name == "3d"
    # matplotlib's vertical axis is its third: (right, forward, up).
    drawn = points[:, [0, 2, 1]] if in_space else points[:, :2]
    colours = np.array(skeleton.colours) / 255
    if not in_space and ax.images:
        ax.autoscale(False)
    for parent, child in skeleton.bones:
        ax.plot(*drawn[[parent, child]].T, color=colours[child], linewidth=2.5, solid_capstyle="round")
    ax.scatter(*drawn.T, c=colours, s=28, edgecolors="0.2", linewidths=0.6, zorder=3)
    if in_space:
        ax.set(xlabel="x (mm)", ylabel="z (mm)", zlabel="y (mm)")
        ax.locator_params(nbins=5)
        ax.set_aspect("equal")
        ax.view_init(elev=10, azim=-80)
        if not ax.zaxis_inverted():
            ax.invert_zaxis()
    elif not ax.images:
        ax.set(xlabel="u (px)", ylabel="v (px)")
        ax.set_aspect("equal")
        if not ax.yaxis_inverted():
            ax.invert_yaxis()
