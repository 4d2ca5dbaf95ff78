"""Crops turned about their middle, and poses with them."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np


def turn_crop(crop: np.ndarray, angle: float) -> np.ndarray:
    """Turn what a crop shows.

    Args:
        crop: ``(S, S)`` float, as of `HandCrop.cut`.
        angle: in radians, from right towards down.

    Returns:
        ``(S, S)`` values of the nearest pixels; 1, as where nothing is, where the crop has none.
    """
    indices, inside = _nearest(len(crop), angle)
    return np.where(inside, crop.ravel()[indices], crop.dtype.type(1.0))


def turn_joints(pose: np.ndarray, angle: float) -> np.ndarray:
    """Joints ``(..., 3)`` in crop coordinates (right, down, forward) as a crop turned by so much shows them."""
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray(pose) @ np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])


@lru_cache(maxsize=8)
def _nearest(size: int, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel of a turned crop, the place of the nearest one in the crop, and whether there is one."""
    steps = np.arange(size) - (size - 1) / 2
    points = np.stack([*np.meshgrid(steps, steps), np.zeros((size, size))], axis=-1)
    columns, rows = np.rint(turn_joints(points, -angle)[..., :2] + (size - 1) / 2).astype(np.intp).transpose(2, 0, 1)
    inside = (columns >= 0) & (columns < size) & (rows >= 0) & (rows < size)
    return np.where(inside, rows * size + columns, 0), inside
