"""Triangles to depth: a z-buffer in numba."""

from __future__ import annotations

import numpy as np

from cn_zoo.geometry import Camera
from cn_zoo.synthesis._jit import jit

#: Triangles with a corner nearer than this are skipped.
NEAR_MM = 10.0
#: Barycentric slack that keeps rounding from opening cracks along shared edges.
_EDGE = -1e-9


def rasterize(
    vertices: np.ndarray,
    faces: np.ndarray,
    camera: Camera,
    width: int,
    height: int,
    depth: np.ndarray | None = None,
    *,
    closed: bool = False,
) -> np.ndarray:
    """Draw triangles into a depth image.

    Args:
        vertices: ``(V, 3)`` float32 camera coordinates, mm (x right, y down, z forward).
        faces: ``(F, 3)`` int32 vertex indices.
        camera: the camera; shift ``cx`` and ``cy`` to draw a window of a larger image.
        width, height: size of the image, pixels.
        depth: an image to draw into, in place; what is nearer wins, so scenes are built call by call.
        closed: the faces look outward and enclose a body: those turned away are hidden, and skipping them saves half
            of the time. By default both sides of a triangle are drawn.

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
        camera.fx, camera.fy, camera.cx, camera.cy, depth, closed,
    )  # fmt: skip
    return depth


@jit(inline="always")
def _smallest(a, b, c):  # noqa: ANN001, ANN202
    smaller = a if a < b else b
    return smaller if smaller < c else c


# numpy's error model: Python's would check each division.
@jit(error_model="numpy")
def _draw(vertices, faces, projected, fx, fy, cx, cy, depth, closed):  # noqa: ANN001, ANN202
    height, width = depth.shape
    for i in range(vertices.shape[0]):
        z = vertices[i, 2]
        inverse = 1.0 / z if z >= NEAR_MM else 0.0
        projected[i, 0] = vertices[i, 0] * inverse * fx + cx
        projected[i, 1] = vertices[i, 1] * inverse * fy + cy
        projected[i, 2] = inverse

    last_u, last_v = width - 1.0, height - 1.0
    for f in range(faces.shape[0]):
        # Unsigned indices spare the check for negative ones.
        a, b, c = np.uint64(faces[f, 0]), np.uint64(faces[f, 1]), np.uint64(faces[f, 2])
        ax, ay = projected[a, 0], projected[a, 1]
        bx, by = projected[b, 0], projected[b, 1]
        qx, qy = projected[c, 0], projected[c, 1]
        area = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
        if area == 0.0 or (closed and area > 0.0):
            continue
        # Pixel centres are at integers, and most triangles of a fine mesh hold none.
        low_u, high_u = np.ceil(_smallest(ax, bx, qx)), np.floor(-_smallest(-ax, -bx, -qx))
        low_v, high_v = np.ceil(_smallest(ay, by, qy)), np.floor(-_smallest(-ay, -by, -qy))
        if low_u > high_u or low_v > high_v or low_u > last_u or low_v > last_v or high_u < 0.0 or high_v < 0.0:
            continue
        wa, wb, wc = projected[a, 2], projected[b, 2], projected[c, 2]
        if wa == 0.0 or wb == 0.0 or wc == 0.0:
            continue
        left, right = int(max(low_u, 0.0)), int(min(high_u, last_u))
        top, bottom = int(max(low_v, 0.0)), int(min(high_v, last_v))

        # Barycentric weights are linear in the image, and so is 1/z: step both along each row.
        scale = 1.0 / area
        step_b = (qy - ay) * scale
        step_c = -(by - ay) * scale
        step_w = step_b * (wb - wa) + step_c * (wc - wa)
        for v in range(top, bottom + 1):
            row = depth[v]
            dx, dy = left - ax, v - ay
            share_b = (dx * (qy - ay) - dy * (qx - ax)) * scale
            share_c = (dy * (bx - ax) - dx * (by - ay)) * scale
            w = wa + share_b * (wb - wa) + share_c * (wc - wa)
            for u in range(left, right + 1):
                # No branches: whether a pixel lies inside a small triangle is anyone's guess, and guesses cost.
                z = np.float32(1.0 / w)
                old = row[u]
                inside = (share_b >= _EDGE) & (share_c >= _EDGE) & (share_b + share_c <= 1.0 - _EDGE)
                row[u] = z if inside & ((old == 0.0) | (z < old)) else old
                share_b += step_b
                share_c += step_c
                w += step_w
