"""Triangles to depth: a z-buffer in numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from cn_zoo.geometry import Camera

NEAR_MM = 10.0
"""Triangles with a corner nearer than this are skipped."""


def rasterize(
    vertices: np.ndarray, faces: np.ndarray, camera: Camera, width: int, height: int, depth: np.ndarray | None = None
) -> np.ndarray:
    """Draw triangles into a depth image.

    Args:
        vertices: ``(V, 3)`` float32 camera coordinates, mm (x right, y down, z forward).
        faces: ``(F, 3)`` int32 vertex indices; both sides of a triangle are drawn.
        camera: the camera; shift ``cx`` and ``cy`` to draw a window of a larger image.
        width, height: size of the image, pixels.
        depth: an image to draw into, in place; what is nearer wins, so scenes are built call by call.

    Returns:
        ``(height, width)`` float32 z-depth in mm at pixel centres (integers), 0 where nothing is.

    Raises:
        ValueError: ``depth`` is not a ``(height, width)`` float32 array.
    """
    if depth is None:
        depth = np.zeros((height, width), dtype=np.float32)
    elif depth.shape != (height, width) or depth.dtype != np.float32:
        raise ValueError(f"depth must be ({height}, {width}) float32; received {depth.shape} {depth.dtype}")
    projected = np.empty((len(vertices), 3), dtype=np.float64)
    _draw(
        np.ascontiguousarray(vertices, dtype=np.float32), np.ascontiguousarray(faces, dtype=np.int32), projected,
        camera.fx, camera.fy, camera.cx, camera.cy, depth,
    )  # fmt: skip
    return depth


@njit(cache=True)
def _draw(vertices, faces, projected, fx, fy, cx, cy, depth):  # noqa: ANN001, ANN202
    height, width = depth.shape
    for i in range(vertices.shape[0]):
        z = vertices[i, 2]
        inverse = 1.0 / z if z >= NEAR_MM else 0.0
        projected[i, 0] = vertices[i, 0] * inverse * fx + cx
        projected[i, 1] = vertices[i, 1] * inverse * fy + cy
        projected[i, 2] = inverse

    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        wa, wb, wc = projected[a, 2], projected[b, 2], projected[c, 2]
        if wa == 0.0 or wb == 0.0 or wc == 0.0:
            continue
        ax, ay = projected[a, 0], projected[a, 1]
        bx, by = projected[b, 0], projected[b, 1]
        qx, qy = projected[c, 0], projected[c, 1]
        area = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
        if area == 0.0:
            continue

        left = max(0, int(np.ceil(max(min(ax, bx, qx), 0.0))))
        right = int(np.floor(min(max(ax, bx, qx), width - 1.0)))
        top = max(0, int(np.ceil(max(min(ay, by, qy), 0.0))))
        bottom = int(np.floor(min(max(ay, by, qy), height - 1.0)))
        if left > right or top > bottom:
            continue

        # Barycentric weights are linear in the image, and so is 1/z: step both along each row.
        scale = 1.0 / area
        step_b = (qy - ay) * scale
        step_c = -(by - ay) * scale
        step_w = step_b * (wb - wa) + step_c * (wc - wa)
        for v in range(top, bottom + 1):
            dx, dy = left - ax, v - ay
            share_b = (dx * (qy - ay) - dy * (qx - ax)) * scale
            share_c = (dy * (bx - ax) - dx * (by - ay)) * scale
            w = wa + share_b * (wb - wa) + share_c * (wc - wa)
            for u in range(left, right + 1):
                if share_b >= 0.0 and share_c >= 0.0 and share_b + share_c <= 1.0:
                    z = np.float32(1.0 / w)
                    old = depth[v, u]
                    if old == 0.0 or z < old:
                        depth[v, u] = z
                share_b += step_b
                share_c += step_c
                w += step_w
