"""A whole depth image as the hand locator sees it: small, and with the same focal length for every camera."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cn_zoo.geometry.camera import Camera

#: Focal length of all views in pixels: a hand of 180 mm covers 25 pixels at 700 mm.
VIEW_FOCAL = 96.0
#: The hand finder's map has a cell for so many pixels of the view, each way; it looks at twice that at its coarsest.
VIEW_CELL = 8
#: Depth at which nearness is 1 and the finder's logarithm of depth 0, in mm.
VIEW_DEPTH_MM = 500.0
#: Depth outside of this, in mm, counts as not measured.
_NEAR_MM, _FAR_MM = 50.0, 3000.0
#: In the network's planes, what was not measured is so far away, and depth counts in these steps.
_BACKGROUND_MM, _STEP_MM = 2000.0, 50.0
#: Cameras that see more than this, in pixels of a view (98 degrees), are seen through a shorter focal length.
_LARGEST = 224


@dataclass(frozen=True, eq=False)
class FrameView:
    """A depth image resampled to square pixels and one focal length.

    Attributes:
        depth_mm: ``(h, w)`` float32, 0 = no measurement; both sides are multiples of 16, zeros fill the right and
            the lower border.
        camera: the camera of the view.
    """

    depth_mm: np.ndarray
    camera: Camera

    @classmethod
    def of(cls, depth_mm: np.ndarray, camera: Camera) -> FrameView:
        """Resample a depth image.

        Each pixel of the view is the nearest of four measurements in it: averages would invent surfaces between a
        finger and what is behind it, and single ones would miss fingers and fall into holes.

        Args:
            depth_mm: ``(H, W)`` mm; 0, negative, non-finite, and nearer than 50 mm or farther than 3 m mean no
                measurement.
            camera: that took it.
        """
        height, width = depth_mm.shape
        widest = max(width / camera.fx, height / camera.fy)
        focal = min(VIEW_FOCAL, _LARGEST / widest)
        across, down = focal / camera.fx, focal / camera.fy
        columns, rows = _samples(width, across), _samples(height, down)
        samples = depth_mm[rows][:, columns].astype(np.float32, copy=False)
        samples = np.where(samples > _NEAR_MM, samples, np.float32(np.inf))
        upper, lower = samples[0::2], samples[1::2]
        nearest = np.minimum(upper, lower)
        nearest = np.minimum(nearest[:, 0::2], nearest[:, 1::2])
        nearest[nearest > _FAR_MM] = 0
        view = np.zeros((_whole_cells(nearest.shape[0]), _whole_cells(nearest.shape[1])), np.float32)
        view[: nearest.shape[0], : nearest.shape[1]] = nearest
        return cls(view, Camera(focal, focal, (camera.cx + 0.5) * across - 0.5, (camera.cy + 0.5) * down - 0.5))

    def planes(self) -> np.ndarray:
        """What the network gets, ``(h, w, 2)`` float32.

        Depth in units of 50 mm, 40 (2 m) where it is farther or was not measured; and 500 mm over depth, 0 where it was
        not measured.
        """
        measured = self.depth_mm > 0
        planes = np.empty((*self.depth_mm.shape, 2), np.float32)
        planes[..., 0] = np.minimum(np.where(measured, self.depth_mm, _BACKGROUND_MM), _BACKGROUND_MM) / _STEP_MM
        np.divide(VIEW_DEPTH_MM, self.depth_mm, out=planes[..., 1], where=measured)
        planes[~measured, 1] = 0
        return planes

    def cell_depths(self) -> np.ndarray:
        """The nearest measurement in each cell ``(h / 8, w / 8)`` float32 mm.

        Cells without any have their neighbours' nearest, and where there is none either, 500 mm.
        """
        height, width = (size // VIEW_CELL for size in self.depth_mm.shape)
        blocks = np.where(self.depth_mm > 0, self.depth_mm, np.float32(np.inf))
        nearest = blocks.reshape(height, VIEW_CELL, width, VIEW_CELL).min(axis=(1, 3))
        padded = np.pad(nearest, 1, constant_values=np.inf)
        across = np.minimum(np.minimum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
        around = np.minimum(np.minimum(across[:-2], across[1:-1]), across[2:])
        nearest = np.where(np.isfinite(nearest), nearest, around)
        return np.where(np.isfinite(nearest), nearest, np.float32(VIEW_DEPTH_MM))


def _samples(size: int, scale: float) -> np.ndarray:
    """Source columns (or rows) at a quarter and at three quarters of each pixel of the view."""
    count = max(1, math.floor(size * scale))
    places = (np.arange(2 * count) + 0.5) / (2 * scale) - 0.5
    return np.minimum(np.rint(places).astype(np.int64), size - 1)


def _whole_cells(size: int) -> int:
    return -(-size // (2 * VIEW_CELL)) * (2 * VIEW_CELL)
