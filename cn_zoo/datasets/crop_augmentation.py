"""Chance changes of a training crop: tilted, turned in the plane, scaled, shifted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.datasets.patch_tilt import tilt_patch, tilt_rotation
from cn_zoo.geometry import turn_joints


@dataclass(frozen=True)
class CropJitter:
    """One change of a crop, the same for its image and its pose. What is tilted is then turned, scaled and shifted.

    Attributes:
        angle: turn in the image plane, in radians, from x (right) towards y (down).
        scale: 1.1 shows the hand a tenth larger.
        shift_mm: (right, down, forward) by which the hand centre is missed.
        tilt: turn about an axis in the image plane through the hand centre: the axis (right, down), as long as the
            angle in radians.
    """

    angle: float = 0.0
    scale: float = 1.0
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    tilt: tuple[float, float] = (0.0, 0.0)

    def tilt_patch(self, patch: np.ndarray, center: float, units_per_pixel: float) -> np.ndarray:
        """See a patch from another side, as `cn_zoo.datasets.patch_tilt.tilt_patch`."""
        return tilt_patch(patch, self.tilt, center, units_per_pixel)

    def resample(self, patch: np.ndarray, size: int, pitch_mm: float) -> np.ndarray:
        """Turn, unscale and shift in the image plane: cut a changed crop out of a larger patch of the same centre.

        Args:
            patch: ``(S, S)`` depth of any unit, 0 = no measurement; tilted already.
            size: pixels along an edge of the crop, at most S.
            pitch_mm: width of a pixel of patch and crop alike.

        Returns:
            ``(size, size)`` values of the nearest pixels; 0 where the patch ends.
        """
        edge = len(patch)
        if (self.angle, self.scale, self.shift_mm[:2]) == (0, 1, (0, 0)):
            first = (edge - size) // 2
            return patch[first : first + size, first : first + size]
        steps = (np.arange(size, dtype=np.float32) + 0.5 - size / 2) / self.scale
        along, across = steps * np.float32(np.cos(self.angle)), steps * np.float32(np.sin(self.angle))
        # Half a pixel is added so that cutting off the fraction rounds to the nearest.
        right, down = (edge / 2 + shift / pitch_mm for shift in self.shift_mm[:2])
        columns = (across[:, None] + (along + right)[None, :]).astype(np.int32)
        rows = ((along + down)[:, None] - across[None, :]).astype(np.int32)
        inside = (columns > 0) & (columns < edge) & (rows > 0) & (rows < edge)
        rows *= edge
        rows += columns
        rows *= inside
        return np.take(patch, rows) * inside

    def move(self, pose: np.ndarray, unit_mm: float) -> np.ndarray:
        """Change a pose ``(J, 3)`` in crop coordinates (right, down, forward) of ``unit_mm`` alike."""
        return self.scale * turn_joints(pose @ tilt_rotation(self.tilt) - np.array(self.shift_mm) / unit_mm, self.angle)


@dataclass(frozen=True)
class CropAugmentation:
    """How far crops are changed by chance.

    Attributes:
        rotation_deg: half range of the turn in the image plane.
        scale: relative half range of the hand's size.
        shift_mm: standard deviation of the centre's error along each axis.
        tilt_deg: standard deviation of the tilt about each axis of the image plane.
    """

    rotation_deg: float = 180.0
    scale: float = 0.1
    shift_mm: float = 8.0
    tilt_deg: float = 0.0

    def draw(self, rng: np.random.Generator) -> CropJitter:
        """One change by chance."""
        return CropJitter(
            angle=float(np.radians(rng.uniform(-self.rotation_deg, self.rotation_deg))),
            scale=float(rng.uniform(1 - self.scale, 1 + self.scale)),
            shift_mm=tuple(rng.normal(0, self.shift_mm, 3).tolist()),
            tilt=tuple(np.radians(rng.normal(0, self.tilt_deg, 2)).tolist()) if self.tilt_deg else (0.0, 0.0),
        )

    def draw_several(self, rng: np.random.Generator, count: int) -> list[CropJitter]:
        """Changes of so many crops, one after another."""
        return [self.draw(rng) for _ in range(count)]
