"""The conventions in which files give a hand's points, and which people mix up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cn_zoo.geometry import Camera

#: Name -> from points ``(..., 3)`` as a file gives them, and the camera, to xyz mm in camera coordinates (x right, y
#: down, z forward).
LABEL_CONVENTIONS: dict[str, Callable[[np.ndarray, Camera], np.ndarray]] = {
    "x y z in mm": lambda points, camera: points,
    "u v d": lambda points, camera: camera.uvd_to_xyz(points),
    "x y z with y up": lambda points, camera: points * (1, -1, 1),
    "x y z with y up and z negative": lambda points, camera: points * (1, -1, -1),
    "x y z in metres": lambda points, camera: points * 1000,
}
