"""The crop cube: the part of a depth image that the networks see, and the way back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cn_zoo.geometry.camera import Camera

#: Side of the square crop image in pixels (paper section 4).
CROP_SIZE = 128
#: Poses are given to the networks in units of 50 mm (method of the paper's code).
POSE_UNIT_MM = 50.0
#: Edge of the cube that the pose networks see, in mm.
CUBE_MM = 250.0
#: The nearest and the farthest depth at which hands are looked for, in mm.
HAND_RANGE_MM = (50.0, 3000.0)


@dataclass(frozen=True)
class HandCrop:
    """A cube of ``cube_mm`` around a hand centre, as seen by a camera.

    The crop window is the cube's front view at the centre's depth: crop column ``i`` shows the image
    column nearest to ``u + ((i + 0.5) / 64 - 1) * (cube_mm / 2) * fx / d``; rows likewise.

    Crop coordinates are ``(..., 3)`` triples: (right, down, forward) from the centre in units of
    ``POSE_UNIT_MM``, the first two measured at the centre's depth. They map to uvd one to one, for any camera.

    Args:
        camera: the camera that took the image.
        center_uvd: hand centre (u px, v px, d mm), d > 0; it may lie outside the image.
        cube_mm: edge length of the cube in mm.
        mirror: flip left to right, so that a left hand looks like a right hand. ``center_uvd`` stays in
            the coordinates of the image as it is.

    Raises:
        ValueError: the centre is not finite, its depth is not positive, or the cube has no size.
    """

    camera: Camera
    center_uvd: tuple[float, float, float]
    cube_mm: float = CUBE_MM
    mirror: bool = False

    def __post_init__(self) -> None:
        center = tuple(float(value) for value in self.center_uvd)
        if len(center) != 3 or not all(map(math.isfinite, center)) or center[2] <= 0:
            raise ValueError(f"a crop centre is u px, v px, d mm with d > 0; received {self.center_uvd}")
        if not 0 < self.cube_mm < math.inf:
            raise ValueError(f"the cube's edge must be a positive number; received {self.cube_mm} mm")
        object.__setattr__(self, "center_uvd", center)

    @property
    def _half_window(self) -> tuple[float, float]:
        """Half the window's width and height in image pixels."""
        half = self.cube_mm / 2 / self.center_uvd[2]
        return half * self.camera.fx, half * self.camera.fy

    def window(self, size: int = CROP_SIZE) -> tuple[np.ndarray, np.ndarray]:
        """Image columns and rows ``(size,)`` int that a crop of that size samples, left to right and top to bottom.

        They may lie outside the image. Where the crop is mirrored, the columns run from right to left.
        """
        half_u, half_v = self._half_window
        columns = np.rint(self.center_uvd[0] + _steps(size) * half_u).astype(np.int64)
        rows = np.rint(self.center_uvd[1] + _steps(size) * half_v).astype(np.int64)
        return (columns[::-1] if self.mirror else columns), rows

    def sample(self, depth_mm: np.ndarray, size: int = CROP_SIZE) -> np.ndarray:
        """What the window shows of a depth image ``(H, W)``: ``(size, size)`` pixels as they are, 0 outside of it."""
        height, width = depth_mm.shape
        columns, rows = self.window(size)
        shown = depth_mm.take(rows, axis=0, mode="clip").take(columns, axis=1, mode="clip")
        if rows[0] < 0 or rows[-1] >= height:
            shown[(rows < 0) | (rows >= height)] = 0
        if min(columns[0], columns[-1]) < 0 or max(columns[0], columns[-1]) >= width:
            shown[:, (columns < 0) | (columns >= width)] = 0
        return shown

    def cut(self, depth_mm: np.ndarray) -> np.ndarray:
        """Cut the cube out of a depth image.

        Args:
            depth_mm: ``(H, W)`` depth in mm; 0, negative and non-finite mean no measurement.

        Returns:
            ``(128, 128)`` float32 in [-1, 1]: -1 the cube's near face (and anything nearer), +1 its far
            face, everything behind it, pixels without measurement and pixels outside the image.
        """
        crop = self.sample(depth_mm).astype(np.float32, copy=False)
        # In place: fresh memory costs as much as the arithmetic. What was not measured is infinitely far away.
        np.copyto(crop, np.float32(np.inf), where=~(crop > 0))
        crop -= np.float32(self.center_uvd[2])
        crop /= np.float32(self.cube_mm / 2)
        return np.clip(crop, np.float32(-1.0), np.float32(1.0), out=crop)

    def uvd_to_crop(self, uvd: np.ndarray) -> np.ndarray:
        """Image points ``(..., 3)`` (u px, v px, d mm) to crop coordinates in units of 50 mm."""
        offset = np.asarray(uvd, dtype=np.float64) - np.array(self.center_uvd)
        return offset * mm_per_step(self.camera, self.center_uvd[2], self.mirror) / POSE_UNIT_MM

    def crop_to_uvd(self, crop: np.ndarray) -> np.ndarray:
        """Crop coordinates ``(..., 3)`` in units of 50 mm to image points (u px, v px, d mm)."""
        steps = mm_per_step(self.camera, self.center_uvd[2], self.mirror)
        return np.asarray(crop, dtype=np.float64) * POSE_UNIT_MM / steps + np.array(self.center_uvd)


def mm_per_step(camera: Camera, depth_mm: float | np.ndarray, mirror: bool = False) -> np.ndarray:
    """Millimetres in crop coordinates per unit of u, v and d, ``(..., 3)``.

    Args:
        camera: that took the image.
        depth_mm: ``(...)`` depth of hand centres.
        mirror: as of `HandCrop`.
    """
    across = -depth_mm if mirror else depth_mm
    return np.stack([across / camera.fx, depth_mm / camera.fy, np.ones_like(depth_mm)], axis=-1)


@lru_cache(maxsize=4)
def _steps(size: int) -> np.ndarray:
    """Where a crop's columns and rows lie between the cube's left and right (top and bottom) face, -1..1."""
    return (np.arange(size) + 0.5) / (size / 2) - 1
