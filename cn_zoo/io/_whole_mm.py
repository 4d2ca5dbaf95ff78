"""Depth in whole millimetres, as 16-bit files keep it."""

from __future__ import annotations

import numpy as np


def to_whole_mm(depth_mm: np.ndarray) -> np.ndarray:
    """Round an ``(H, W)`` depth image to uint16 mm.

    Raises:
        ValueError: not two-dimensional, or a value is not finite or does not fit 16 bits.
    """
    depth_mm = np.asarray(depth_mm)
    if depth_mm.ndim != 2:
        raise ValueError(f"a depth image is (H, W); received shape {depth_mm.shape}")
    if depth_mm.dtype == np.uint16:
        return depth_mm
    whole = np.rint(depth_mm)
    if not ((whole >= 0) & (whole <= 65535)).all():
        raise ValueError("16-bit files keep 0 to 65535 mm; received values outside, or NaN")
    return whole.astype(np.uint16)
