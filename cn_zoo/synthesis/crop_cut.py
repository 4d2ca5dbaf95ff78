"""`HandCrop.cut` compiled, for the one case of synthetic crops: float32, nothing mirrored."""

from __future__ import annotations

import numpy as np

from cn_zoo.geometry import CROP_SIZE, HandCrop
from cn_zoo.synthesis._jit import jit


def cut_crop(crop: HandCrop, depth: np.ndarray, left: int, top: int) -> np.ndarray:
    """What ``crop.cut`` gives, several times as fast, from the part of the image that begins at a column and a row.

    Args:
        crop: the cube, in the coordinates of the whole image; not mirrored.
        depth: (H, W) float32 mm, 0 = no measurement.
        left, top: image column and row of ``depth[0, 0]``.

    Returns:
        (128, 128) float32 in [-1, 1], as `HandCrop.cut`.
    """
    u, v, d = crop.center_uvd
    half = crop.cube_mm / 2 / d
    out = np.empty((CROP_SIZE, CROP_SIZE), np.float32)
    _cut(depth, u, v, d, half * crop.camera.fx, half * crop.camera.fy, crop.cube_mm / 2, left, top, out)
    return out


@jit(error_model="numpy")
def _cut(depth, u, v, d, half_u, half_v, half_cube, left, top, out):  # noqa: ANN001, ANN202
    height, width = depth.shape
    size = out.shape[0]
    near, half_cube, one = np.float32(d), np.float32(half_cube), np.float32(1)
    columns = np.empty(size, np.int64)
    for i in range(size):
        columns[i] = np.int64(np.rint(u + ((i + 0.5) / (size / 2) - 1) * half_u)) - left
    for j in range(size):
        row = np.int64(np.rint(v + ((j + 0.5) / (size / 2) - 1) * half_v)) - top
        if row < 0 or row >= height:
            out[j] = one
            continue
        source, here = depth[row], out[j]
        for i in range(size):
            column = columns[i]
            z = source[np.uint64(column)] if 0 <= column < width else np.float32(0)
            offset = (z - near) / half_cube
            offset = min(max(offset, -one), one)
            here[i] = offset if z > 0 else one
