"""Simple solids for scenes (bodies, furniture, held things), ray cast into a depth image."""

from __future__ import annotations

import math

import numpy as np

from cn_zoo.geometry import Camera
from cn_zoo.synthesis._jit import jit

#: What a unit solid is, before its axes stretch, turn and shear it.
SPHERE, CYLINDER, BOX, PLANE = 0, 1, 2, 3

_COLUMNS = 14
_NEAR_MM = 30.0


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
    return _limb(
        np.asarray(start, np.float64), np.asarray(end, np.float64), float(start_radius), float(end_radius), float(flat)
    )


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
    _cast_all(solids, camera.fx, camera.fy, camera.cx, camera.cy, depth)
    return depth


def _row(kind: int, center: np.ndarray, axes: np.ndarray) -> np.ndarray:
    row = np.zeros(_COLUMNS)
    row[0] = kind
    row[1:4] = center
    row[4:13] = np.asarray(axes).reshape(9)
    return row


@jit()
def _limb(start, end, start_radius, end_radius, flat):  # noqa: ANN001, ANN202
    row = np.zeros(_COLUMNS)
    along = (end - start) / 2
    direction = along / max(np.sqrt((along * along).sum()), 1e-6)
    helper = np.zeros(3)
    helper[np.argmin(np.abs(direction))] = 1.0
    first = np.cross(direction, helper)
    first /= np.sqrt((first * first).sum())
    radius = (start_radius + end_radius) / 2
    row[0] = CYLINDER
    row[1:4] = start + along
    row[4:7] = first * radius
    row[7:10] = np.cross(direction, first) * radius * flat
    row[10:13] = along
    row[13] = (end_radius - start_radius) / (2 * radius)
    return row


@jit()
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


@jit()
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


@jit(error_model="numpy")
def _local_rays(row, fx, fy, cx, cy):  # noqa: ANN001, ANN202
    """Origin of the camera's rays in the unit solid's frame, and their direction as a linear function of u and v."""
    inverse = _inverse(row)
    origin, base, per_u, per_v = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for i in range(3):
        origin[i] = -(inverse[i, 0] * row[1] + inverse[i, 1] * row[2] + inverse[i, 2] * row[3])
        per_u[i], per_v[i] = inverse[i, 0] / fx, inverse[i, 1] / fy
        base[i] = inverse[i, 2] - per_u[i] * cx - per_v[i] * cy
    return origin, base, per_u, per_v


# The loops below take no branches, so that the processor handles several pixels at once.


@jit(error_model="numpy", inline="always")
def _nearer(t, hit, z):  # noqa: ANN001, ANN202
    """The depth of a pixel that holds ``z`` after a surface at ``t``, if it was hit."""
    return np.float32(t) if hit & (t > _NEAR_MM) & ((z == 0) | (t < z)) else z


@jit(error_model="numpy")
def _cast_sphere(rays, bounds, depth):  # noqa: ANN001, ANN202
    (ox, oy, oz), base, per_u, per_v = rays
    left, right, top, bottom = bounds
    c = ox * ox + oy * oy + oz * oz - 1.0
    for v in range(top, bottom + 1):
        pixels = depth[v, left : right + 1]
        x0, y0, z0 = base + v * per_v + left * per_u
        for u in range(pixels.shape[0]):
            dx, dy, dz = x0 + u * per_u[0], y0 + u * per_u[1], z0 + u * per_u[2]
            a = dx * dx + dy * dy + dz * dz
            b = ox * dx + oy * dy + oz * dz
            discriminant = b * b - a * c
            t = (-b - np.sqrt(abs(discriminant))) / a
            pixels[u] = _nearer(t, discriminant >= 0, pixels[u])


@jit(error_model="numpy")
def _cast_cone(rays, bounds, taper, depth):  # noqa: ANN001, ANN202
    """Side x^2 + y^2 = (1 + taper z)^2 with |z| <= 1, and the two caps."""
    (ox, oy, oz), base, per_u, per_v = rays
    left, right, top, bottom = bounds
    k = 1.0 + taper * oz
    c = ox * ox + oy * oy - k * k
    for v in range(top, bottom + 1):
        pixels = depth[v, left : right + 1]
        x0, y0, z0 = base + v * per_v + left * per_u
        for u in range(pixels.shape[0]):
            dx, dy, dz = x0 + u * per_u[0], y0 + u * per_u[1], z0 + u * per_u[2]
            m = taper * dz
            a = dx * dx + dy * dy - m * m
            b = ox * dx + oy * dy - k * m
            discriminant = b * b - a * c
            root = np.sqrt(abs(discriminant))
            near, far = (-b - root) / a, (-b + root) / a
            z = pixels[u]
            z = _nearer(near, (discriminant >= 0) & (abs(oz + near * dz) <= 1.0), z)
            z = _nearer(far, (discriminant >= 0) & (abs(oz + far * dz) <= 1.0), z)
            for cap in (-1.0, 1.0):
                t = (cap - oz) / dz
                x, y, r = ox + t * dx, oy + t * dy, 1.0 + taper * cap
                z = _nearer(t, x * x + y * y <= r * r, z)
            pixels[u] = z


@jit(error_model="numpy")
def _cast_box(rays, bounds, depth):  # noqa: ANN001, ANN202
    (ox, oy, oz), base, per_u, per_v = rays
    left, right, top, bottom = bounds
    for v in range(top, bottom + 1):
        pixels = depth[v, left : right + 1]
        x0, y0, z0 = base + v * per_v + left * per_u
        for u in range(pixels.shape[0]):
            dx, dy, dz = x0 + u * per_u[0], y0 + u * per_u[1], z0 + u * per_u[2]
            # Where a ray enters and leaves the slab |x| <= 1 of each axis; the summand keeps parallel rays finite.
            per_x, per_y, per_z = 1.0 / (dx + 1e-18), 1.0 / (dy + 1e-18), 1.0 / (dz + 1e-18)
            mx, my, mz = -ox * per_x, -oy * per_y, -oz * per_z
            hx, hy, hz = abs(per_x), abs(per_y), abs(per_z)
            enter = np.maximum(np.maximum(mx - hx, my - hy), mz - hz)
            leave = np.minimum(np.minimum(mx + hx, my + hy), mz + hz)
            pixels[u] = _nearer(enter, enter <= leave, pixels[u])


@jit(error_model="numpy")
def _cast_plane(row, fx, fy, cx, cy, depth):  # noqa: ANN001, ANN202
    height, width = depth.shape
    nx, ny, nz = row[4], row[5], row[6]
    offset = row[1] * nx + row[2] * ny + row[3] * nz
    for v in range(height):
        pixels = depth[v]
        across = nx / fx
        base = ny * (v - cy) / fy + nz - across * cx
        for u in range(width):
            pixels[u] = _nearer(offset / (base + across * u), True, pixels[u])


@jit()
def _cast(row, fx, fy, cx, cy, depth):  # noqa: ANN001, ANN202
    height, width = depth.shape
    kind = int(row[0])
    if kind == PLANE:
        _cast_plane(row, fx, fy, cx, cy, depth)
        return
    bounds = _bounds(row, fx, fy, cx, cy, height, width)
    rays = _local_rays(row, fx, fy, cx, cy)
    if kind == SPHERE:
        _cast_sphere(rays, bounds, depth)
    elif kind == CYLINDER:
        _cast_cone(rays, bounds, row[13], depth)
    else:
        _cast_box(rays, bounds, depth)


@jit()
def _cast_all(solids, fx, fy, cx, cy, depth):  # noqa: ANN001, ANN202
    for row in solids:
        _cast(row, fx, fy, cx, cy, depth)
