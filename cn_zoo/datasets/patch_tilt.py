"""A depth patch seen from another side."""

from __future__ import annotations

import numpy as np

#: Neighbours on one surface differ by less than so many pixel widths in depth, and a point on a surface has so many of
#: them among its four. Where sensors mix what lies before and behind an edge, points float between the two: unseen
#: from the front, a cloud of dust from anywhere else.
_STEP, _NEIGHBOURS = 4, 2


def tilt_rotation(tilt: tuple[float, float]) -> np.ndarray:
    """The rotation of points ``p`` (right, down, forward) about an axis in the image plane, as ``p @ rotation``.

    Args:
        tilt: the axis (right, down), as long as the angle in radians; a positive one about the axis to the right
            takes what is down forward, about the axis down what is right towards the viewer.

    Returns:
        ``(3, 3)``.
    """
    angle = float(np.hypot(*tilt))
    if angle == 0:
        return np.eye(3)
    right, down = tilt[0] / angle, tilt[1] / angle
    cross = np.array([[0, 0, down], [0, 0, -right], [-down, right, 0]])
    return (np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross).T


def tilt_patch(patch: np.ndarray, tilt: tuple[float, float], center: float, units_per_pixel: float) -> np.ndarray:
    """Turn what a patch shows about its centre.

    What comes to lie behind something else vanishes; what was hidden, and beyond the patch's edges, is unmeasured.
    Lines of sight are taken as parallel, as in crop coordinates, where the turn is then linear.

    Args:
        patch: ``(S, S)`` uint16 depth, 0 = no measurement.
        tilt: as for `tilt_rotation`.
        center: depth of the point that stays, in the patch's unit, above the middle of the patch.
        units_per_pixel: width of a pixel in the patch's unit.

    Returns:
        ``(S, S)`` uint16.
    """
    if not any(tilt):
        return patch
    size = len(patch)
    rows, columns = np.nonzero(_on_surface(patch, _STEP * units_per_pixel))
    depth = (patch[rows, columns] - np.float32(center)) / np.float32(units_per_pixel)
    middle = np.float32((size - 1) / 2)
    points = np.stack([columns - middle, rows - middle, depth], axis=-1).astype(np.float32)
    right, down, forward = (points @ tilt_rotation(tilt).astype(np.float32)).T
    # Every point covers the four pixels around it, or surfaces that turn towards the viewer would come out with holes.
    first = (np.floor(down + middle).astype(np.int32) + 1) * (size + 2) + np.floor(right + middle).astype(np.int32) + 1
    near_edge = size / 2
    inside = (np.abs(right) < near_edge) & (np.abs(down) < near_edge)
    far_to_near = np.flatnonzero(inside)[np.argsort(-forward[inside])]
    values = np.clip(forward[far_to_near] * units_per_pixel + center, 1, np.iinfo(np.uint16).max).astype(np.uint16)
    # One pixel wider all round, for points at the edges.
    buffer = np.zeros((size + 2) ** 2, np.uint16)
    corners = first[far_to_near, None] + np.array([0, 1, size + 2, size + 3], np.int32)
    # Of values for one pixel the last, the nearest, stays.
    buffer[corners.ravel()] = np.repeat(values, 4)
    return buffer.reshape(size + 2, size + 2)[1:-1, 1:-1]


def _on_surface(patch: np.ndarray, step: float) -> np.ndarray:
    """``(S, S)`` bool: measured points with enough neighbours that differ by less than a step."""
    depth = patch.astype(np.int32)
    across, down = (np.abs(np.diff(depth, axis=axis)) < step for axis in (1, 0))
    count = np.zeros(patch.shape, np.int8)
    count[:, 1:] += across
    count[:, :-1] += across
    count[1:] += down
    count[:-1] += down
    return (patch > 0) & (count >= _NEIGHBOURS)
