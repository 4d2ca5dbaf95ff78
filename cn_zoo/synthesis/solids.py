"""Simple solids for scenes (bodies, furniture, held things), ray cast into a depth image."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from cn_zoo.geometry import Camera

#: What a unit solid is, before its axes stretch, turn and shear it.
SPHERE, CYLINDER, BOX, PLANE = 0, 1, 2, 3

_COLUMNS = 14
_NEAR_MM = 30.0
_FAR_MM = 1e9


def ellipsoid(center: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """An ellipsoid, as a row for `cast_solids`.

    Args:
        center: (3,) camera coordinates in mm.
        axes: (3, 3) half axes in mm, one a row.
    """
    return _row(SPHERE, center, axes)


def box(center: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """A box, as a row for `cast_solids`; arguments as for `ellipsoid`."""
    return _row(BOX, center, axes)


def limb(start: np.ndarray, end: np.ndarray, start_radius: float, end_radius: float, flat: float = 1.0) -> np.ndarray:
    """A capped cone from one point to another, as a row for `cast_solids`.

    Args:
        start, end: (3,) camera coordinates in mm of the axis' ends.
        start_radius, end_radius: radii in mm there.
        flat: thickness over width of the elliptic cross section.
    """
    start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
    along = (end - start) / 2
    length = max(math.sqrt(along @ along), 1e-6)
    direction = along / length
    helper = np.zeros(3)
    helper[int(np.argmin(np.abs(direction)))] = 1.0
    first = _cross(direction, helper)
    first /= math.sqrt(first @ first)
    second = _cross(direction, first)
    radius = (start_radius + end_radius) / 2
    row = _row(CYLINDER, start + along, np.stack([first * radius, second * radius * flat, along]))
    row[13] = (end_radius - start_radius) / (2 * radius)
    return row


def plane(point: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """An endless plane through a point, as a row for `cast_solids`."""
    axes = np.zeros((3, 3))
    axes[0] = normal
    return _row(PLANE, point, axes)


def cast_solids(solids: np.ndarray, camera: Camera, depth: np.ndarray) -> np.ndarray:
    """Ray cast solids into a depth image, nearest surface first.

    Args:
        solids: (N, 14) rows made by `ellipsoid`, `box`, `limb`, `plane`.
        camera: the camera of ``depth``.
        depth: (H, W) float32 z in mm, 0 = nothing; changed in place.

    Returns:
        ``depth``.
    """
    for row in solids:
        _cast(row, camera.fx, camera.fy, camera.cx, camera.cy, depth)
    return depth


def _row(kind: int, center: np.ndarray, axes: np.ndarray) -> np.ndarray:
    row = np.zeros(_COLUMNS)
    row[0] = kind
    row[1:4] = center
    row[4:13] = np.asarray(axes).reshape(9)
    return row


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`np.cross` of two vectors, without its set-up cost."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


@njit(cache=True)
def _bounds(row, fx, fy, cx, cy, height, width):  # noqa: ANN001, ANN202
    """First and last column and row that the solid's bounding box can touch."""
    left, right, top, bottom = 1e9, -1e9, 1e9, -1e9
    for corner in range(8):
        x, y, z = row[1], row[2], row[3]
        for axis in range(3):
            sign = 1.0 if (corner >> axis) & 1 else -1.0
            if row[0] == CYLINDER and axis < 2:
                sign *= 1.0 + abs(row[13])
            x += sign * row[4 + 3 * axis]
            y += sign * row[5 + 3 * axis]
            z += sign * row[6 + 3 * axis]
        if z < _NEAR_MM:
            return 0, width - 1, 0, height - 1
        u, v = x / z * fx + cx, y / z * fy + cy
        left, right, top, bottom = min(left, u), max(right, u), min(top, v), max(bottom, v)
    return (
        max(0, math.floor(max(left, -1.0))),
        min(width - 1, math.ceil(min(right, width + 1.0))),
        max(0, math.floor(max(top, -1.0))),
        min(height - 1, math.ceil(min(bottom, height + 1.0))),
    )


@njit(cache=True)
def _inverse(row):  # noqa: ANN001, ANN202
    """Inverse of the matrix whose columns are the solid's axes."""
    a, b, c = row[4], row[7], row[10]
    d, e, f = row[5], row[8], row[11]
    g, h, i = row[6], row[9], row[12]
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    s = 1.0 / determinant
    return np.array(
        [
            [(e * i - f * h) * s, (c * h - b * i) * s, (b * f - c * e) * s],
            [(f * g - d * i) * s, (a * i - c * g) * s, (c * d - a * f) * s],
            [(d * h - e * g) * s, (b * g - a * h) * s, (a * e - b * d) * s],
        ]
    )


@njit(cache=True)
def _hit_sphere(ox, oy, oz, dx, dy, dz):  # noqa: ANN001, ANN202
    a = dx * dx + dy * dy + dz * dz
    b = ox * dx + oy * dy + oz * dz
    c = ox * ox + oy * oy + oz * oz - 1.0
    discriminant = b * b - a * c
    if discriminant < 0:
        return _FAR_MM
    return (-b - math.sqrt(discriminant)) / a


@njit(cache=True)
def _hit_cone(ox, oy, oz, dx, dy, dz, taper):  # noqa: ANN001, ANN202
    """Nearest hit with x^2 + y^2 = (1 + taper z)^2, |z| <= 1, or with its caps."""
    nearest = _FAR_MM
    k, m = 1.0 + taper * oz, taper * dz
    a = dx * dx + dy * dy - m * m
    b = ox * dx + oy * dy - k * m
    c = ox * ox + oy * oy - k * k
    discriminant = b * b - a * c
    if discriminant >= 0 and abs(a) > 1e-12:
        root = math.sqrt(discriminant)
        for t in ((-b - root) / a, (-b + root) / a):
            if _NEAR_MM < t < nearest and abs(oz + t * dz) <= 1.0:
                nearest = t
    if abs(dz) > 1e-12:
        for cap in (-1.0, 1.0):
            t = (cap - oz) / dz
            if _NEAR_MM < t < nearest:
                x, y, r = ox + t * dx, oy + t * dy, 1.0 + taper * cap
                if x * x + y * y <= r * r:
                    nearest = t
    return nearest


@njit(cache=True)
def _hit_box(ox, oy, oz, dx, dy, dz):  # noqa: ANN001, ANN202
    enter, leave = -_FAR_MM, _FAR_MM
    for o, d in ((ox, dx), (oy, dy), (oz, dz)):
        if abs(d) < 1e-12:
            if abs(o) > 1.0:
                return _FAR_MM
            continue
        near, far = (-1.0 - o) / d, (1.0 - o) / d
        if near > far:
            near, far = far, near
        enter, leave = max(enter, near), min(leave, far)
    return enter if enter <= leave else _FAR_MM


@njit(cache=True)
def _cast_plane(row, fx, fy, cx, cy, depth):  # noqa: ANN001, ANN202
    height, width = depth.shape
    nx, ny, nz = row[4], row[5], row[6]
    offset = row[1] * nx + row[2] * ny + row[3] * nz
    for v in range(height):
        across = nx / fx
        base = ny * (v - cy) / fy + nz - across * cx
        for u in range(width):
            t = np.float32(offset / (base + across * u))
            z = depth[v, u]
            depth[v, u] = t if (t > _NEAR_MM) & ((z == 0) | (t < z)) else z


@njit(cache=True)
def _cast(row, fx, fy, cx, cy, depth):  # noqa: ANN001, ANN202
    height, width = depth.shape
    kind = int(row[0])
    if kind == PLANE:
        _cast_plane(row, fx, fy, cx, cy, depth)
        return
    left, right, top, bottom = _bounds(row, fx, fy, cx, cy, height, width)
    inverse = _inverse(row)
    ox = -(inverse[0, 0] * row[1] + inverse[0, 1] * row[2] + inverse[0, 2] * row[3])
    oy = -(inverse[1, 0] * row[1] + inverse[1, 1] * row[2] + inverse[1, 2] * row[3])
    oz = -(inverse[2, 0] * row[1] + inverse[2, 1] * row[2] + inverse[2, 2] * row[3])
    for v in range(top, bottom + 1):
        y = (v - cy) / fy
        for u in range(left, right + 1):
            x = (u - cx) / fx
            dx = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
            dy = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
            dz = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2]
            if kind == SPHERE:
                t = _hit_sphere(ox, oy, oz, dx, dy, dz)
            elif kind == CYLINDER:
                t = _hit_cone(ox, oy, oz, dx, dy, dz, row[13])
            else:
                t = _hit_box(ox, oy, oz, dx, dy, dz)
            z = depth[v, u]
            if _NEAR_MM < t < _FAR_MM and (z == 0 or t < z):
                depth[v, u] = t
