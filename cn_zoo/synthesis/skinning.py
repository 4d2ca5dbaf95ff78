"""Sparse linear blending of bone transforms."""

from __future__ import annotations

import numpy as np

from cn_zoo.synthesis._jit import jit


@jit()
def skin(  # noqa: ANN201
    points: np.ndarray, indices: np.ndarray, weights: np.ndarray, matrices: np.ndarray, offsets: np.ndarray
):
    """Move each point by the weighted mean of four affine maps.

    Args:
        points: ``(V, 3)`` float32.
        indices, weights: ``(V, 4)`` bone numbers (integers) and weights (float32, rows sum to 1).
        matrices, offsets: ``(B, 3, 3)`` and ``(B, 3)`` float32: bone b moves p to ``matrices[b] @ p + offsets[b]``.

    Returns:
        ``(V, 3)`` float32.
    """
    moved = np.empty_like(points)
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        sx = sy = sz = np.float32(0.0)
        for k in range(4):
            w = weights[i, k]
            if w > 0.0:
                b = indices[i, k]
                sx += w * (matrices[b, 0, 0] * x + matrices[b, 0, 1] * y + matrices[b, 0, 2] * z + offsets[b, 0])
                sy += w * (matrices[b, 1, 0] * x + matrices[b, 1, 1] * y + matrices[b, 1, 2] * z + offsets[b, 1])
                sz += w * (matrices[b, 2, 0] * x + matrices[b, 2, 1] * y + matrices[b, 2, 2] * z + offsets[b, 2])
        moved[i, 0], moved[i, 1], moved[i, 2] = sx, sy, sz
    return moved
