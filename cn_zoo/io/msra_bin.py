"""MSRA's depth images: six int32 (columns, rows, left, top, right, bottom), then float32 mm of that box."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cn_zoo.errors import InputError
from cn_zoo.io._files import require_file, require_size
from cn_zoo.io.atomic import atomic_path

_HEADER_BYTES = 24


def read_msra_bin(path: str | Path) -> np.ndarray:
    """Read a file as a full frame: ``(rows, columns)`` float32 mm, 0 outside the stored box.

    Source: the dataset's readme (Sun et al. 2015); right and bottom are exclusive.

    Raises:
        InputError: the file is missing, cut off, or not in this format.
    """
    path = require_file(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            raise InputError(f"{path}: {size} bytes is too short for MSRA's .bin format; copy it again")
        columns, rows, left, top, right, bottom = (int(value) for value in np.frombuffer(header, "<i4"))
        if not (0 <= left < right <= columns and 0 <= top < bottom <= rows):
            raise InputError(
                f"{path}: is not in MSRA's .bin format (its header gives columns {columns}, rows {rows}, box "
                f"{left} {top} {right} {bottom}); save raw depth as 16-bit PNG or .npy instead"
            )
        require_size(columns, rows, path)
        expected = _HEADER_BYTES + 4 * (right - left) * (bottom - top)
        if size != expected:
            raise InputError(f"{path}: has {size} bytes where its header promises {expected}; copy it again")
        box = np.frombuffer(file.read(), "<f4").reshape(bottom - top, right - left)
    depth = np.zeros((rows, columns), np.float32)
    depth[top:bottom, left:right] = box
    return depth


def write_msra_bin(path: str | Path, depth_mm: np.ndarray) -> None:
    """Write ``(rows, columns)`` depth in mm; the box stored is the smallest around all values other than 0.

    Raises:
        ValueError: not two-dimensional, or there is no such value.
    """
    depth = np.asarray(depth_mm, "<f4")
    if depth.ndim != 2 or not depth.any():
        raise ValueError(f"a depth image is (H, W) with some value other than 0; received shape {depth.shape}")
    across, down = np.flatnonzero(depth.any(axis=0)), np.flatnonzero(depth.any(axis=1))
    left, right, top, bottom = across[0], across[-1] + 1, down[0], down[-1] + 1
    header = np.array([depth.shape[1], depth.shape[0], left, top, right, bottom], "<i4")
    with atomic_path(path) as temporary:
        temporary.write_bytes(header.tobytes() + depth[top:bottom, left:right].tobytes())
