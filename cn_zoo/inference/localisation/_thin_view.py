"""A depth image thinned until a hand is some hundred pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.geometry import HAND_RANGE_MM, Camera

_COLUMNS = 160
#: What is this wide where it is nearest shows little more than a hand.
_TIGHT_MM = 250.0
#: Per cent of the pixels that are nearer than where that width is measured: single ones may err.
_NEAREST_PERCENT = 10


@dataclass(frozen=True)
class ThinView:
    """A thinned depth image.

    Attributes:
        z: ``(h, w)`` mm, 0 = nothing.
        camera: the camera that fits it.
        tight: the picture shows little more than a hand: somebody has cut it out, or it is close to the lens.
    """

    z: np.ndarray
    camera: Camera
    tight: bool


def thin(depth_mm: np.ndarray, camera: Camera) -> ThinView:
    """Every n-th pixel: a hand stays some hundred pixels, and the rest costs little.

    Args:
        depth_mm: ``(H, W)`` depth in mm; 0, negative and non-finite mean no measurement.
        camera: the camera that took the image.
    """
    near, far = HAND_RANGE_MM
    step = max(1, round(depth_mm.shape[1] / _COLUMNS))
    height, width = (size // step * step for size in depth_mm.shape)
    first = step // 2
    before = max(0, first - 1)
    z = np.zeros((height // step, width // step), dtype=np.float32)
    # The pixel in the middle of its square, or one beside it: sensors drop single pixels.
    for row, column in ((first, first), (before, first), (first, before)):
        sample = depth_mm[row:height:step, column:width:step].astype(np.float32)
        with np.errstate(invalid="ignore"):
            z = np.where((z == 0) & (sample > near) & (sample < far), sample, z)
    thinned = Camera(camera.fx / step, camera.fy / step, (camera.cx - first) / step, (camera.cy - first) / step)
    return ThinView(z, thinned, _is_tight(z, thinned))


def _is_tight(z: np.ndarray, camera: Camera) -> bool:
    measured = z[z > 0]
    distance = np.percentile(measured, _NEAREST_PERCENT) if len(measured) else np.inf
    widest = max(z.shape[1] / camera.fx, z.shape[0] / camera.fy) * distance
    return bool(widest < _TIGHT_MM)
