"""A whole depth image as the hand locator sees it: small, and with the same focal length for every camera."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cn_zoo.geometry.camera import Camera
from cn_zoo.geometry.hand_crop import HAND_RANGE_MM

#: Focal length of all views in pixels: a hand of 180 mm covers 25 pixels at 700 mm.
VIEW_FOCAL = 96.0
#: The hand finder's map has a cell for so many pixels of the view, each way; it looks at twice that at its coarsest.
VIEW_CELL = 8
#: Edge of the cube that the judge sees around a place in the view, in mm: more than a pose network's, as it is less
#: well centred.
JUDGE_CUBE_MM = 300.0
#: Depth at which nearness is 1 and the finder's logarithm of depth 0, in mm.
VIEW_DEPTH_MM = 500.0
#: Depth outside of this, in mm, counts as not measured.
_NEAR_MM, _FAR_MM = HAND_RANGE_MM
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
        samples = depth_mm.take(rows, axis=0, mode="clip").take(columns, axis=1, mode="clip")
        samples = samples.astype(np.float32, copy=False)
        np.copyto(samples, np.float32(np.inf), where=~(samples > _NEAR_MM))
        shape = len(rows) // 2, len(columns) // 2
        nearest = np.minimum(samples[: shape[0]], samples[shape[0] :])
        view = np.zeros((_whole_cells(shape[0]), _whole_cells(shape[1])), np.float32)
        seen = np.minimum(nearest[:, : shape[1]], nearest[:, shape[1] :], out=view[: shape[0], : shape[1]])
        np.copyto(seen, np.float32(0), where=seen > _FAR_MM)
        return cls(view, Camera(focal, focal, (camera.cx + 0.5) * across - 0.5, (camera.cy + 0.5) * down - 0.5))

    def planes(self) -> np.ndarray:
        """What the network gets, ``(h, w, 2)`` float32.

        Depth in units of 50 mm, 40 (2 m) where it is farther or was not measured; and 500 mm over depth, 0 where it was
        not measured.
        """
        depth = self._depth_or_infinity()
        planes = np.empty((*depth.shape, 2), np.float32)
        np.divide(np.minimum(depth, np.float32(_BACKGROUND_MM)), np.float32(_STEP_MM), out=planes[..., 0])
        np.divide(np.float32(VIEW_DEPTH_MM), depth, out=planes[..., 1])
        return planes

    def cell_depths(self) -> np.ndarray:
        """The nearest measurement in each cell ``(h / 8, w / 8)`` float32 mm.

        Cells without any have their neighbours' nearest, and where there is none either, 500 mm.
        """
        height, width = (size // VIEW_CELL for size in self.depth_mm.shape)
        # One axis at a time: NumPy is fast along long rows only.
        nearest = self._depth_or_infinity().reshape(height, VIEW_CELL, width * VIEW_CELL).min(axis=1)
        nearest = nearest.reshape(height, width, VIEW_CELL).min(axis=2)
        nearest = np.where(nearest < np.inf, nearest, with_neighbours(nearest, np.minimum))
        return np.where(nearest < np.inf, nearest, np.float32(VIEW_DEPTH_MM))

    def _depth_or_infinity(self) -> np.ndarray:
        """What was not measured infinitely far away."""
        return np.where(self.depth_mm > 0, self.depth_mm, np.float32(np.inf))


def with_neighbours(values: np.ndarray, pick: Callable[..., np.ndarray]) -> np.ndarray:
    """Of each cell ``(h, w)`` and its eight neighbours, what a ufunc such as ``np.minimum`` picks."""
    across = values.copy()
    pick(across[:, 1:], values[:, :-1], out=across[:, 1:])
    pick(across[:, :-1], values[:, 1:], out=across[:, :-1])
    around = across.copy()
    pick(around[1:], across[:-1], out=around[1:])
    pick(around[:-1], across[1:], out=around[:-1])
    return around


@lru_cache(maxsize=16)
def _samples(size: int, scale: float) -> np.ndarray:
    """Source columns (or rows) at a quarter of each pixel of the view, then those at three quarters."""
    count = max(1, math.floor(size * scale))
    places = (np.arange(2 * count) + 0.5) / (2 * scale) - 0.5
    places = np.minimum(np.rint(places).astype(np.int64), size - 1)
    return np.concatenate([places[0::2], places[1::2]])


def _whole_cells(size: int) -> int:
    return -(-size // (2 * VIEW_CELL)) * (2 * VIEW_CELL)
