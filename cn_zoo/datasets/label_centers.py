"""Hand centres from labels."""

from __future__ import annotations

import numpy as np

from cn_zoo.geometry import Camera


def label_centers(joints_xyz: np.ndarray, camera: Camera) -> np.ndarray:
    """Hand centres ``(N, 3)`` as u px, v px, d mm: the mean of the scored joints ``(N, J, 3)`` in mm, projected."""
    return camera.xyz_to_uvd(joints_xyz.mean(axis=1))
