"""Pinhole cameras: pixels and depth to camera coordinates, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cn_zoo.benchmark import BENCHMARKS

#: How far from the middle a principal point may be, in image sizes; how wide a view, from long-range structured light
#: to wide time of flight; ratio of the focal lengths.
_OFF_MIDDLE, _VIEW_DEG, _ASPECT = 0.2, (30, 130), 1.25
#: Focal lengths in pixels that a user may give, and those of any image that is computed from theirs, thinned or
#: enlarged: with others, sizes in pixels overflow or vanish.
_GIVEN_FOCAL_PX, _FOCAL_PX = (1.0, 1e5), (1e-3, 1e8)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera without lens distortion.

    Pixel coordinates: u to the right, v down, pixel centres at integers.
    Camera coordinates: x to the right, y down, z forward, in millimetres.

    Args:
        fx, fy: focal lengths in pixels, 0.001 to 1e8.
        cx, cy: principal point in pixels.

    Raises:
        ValueError: a parameter is not finite, or a focal length is no camera's.
    """

    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.fx, self.fy, self.cx, self.cy)):
            raise ValueError(f"camera parameters must be finite numbers; received {self}")
        _check_focal(self.fx, self.fy, _FOCAL_PX)

    @classmethod
    def parse(cls, text: str) -> Camera:
        """Read a camera from a preset's name or from ``"fx,fy,cx,cy"``.

        Raises:
            ValueError: the text is neither, or as of `given`.
        """
        if text in CAMERAS:
            return CAMERAS[text]
        try:
            fx, fy, cx, cy = (float(part) for part in text.split(","))
        except ValueError:
            raise ValueError(
                f"a camera is one of {', '.join(CAMERAS)} or four numbers fx,fy,cx,cy; received {text!r}"
            ) from None
        return cls.given(fx, fy, cx, cy)

    @classmethod
    def given(cls, fx: float, fy: float, cx: float, cy: float) -> Camera:
        """A camera by the numbers that somebody gives for images as they were taken.

        Raises:
            ValueError: a number is not finite, a focal length is not 1 to 100,000 pixels, or the principal point lies
                farther off than that.
        """
        _check_focal(fx, fy, _GIVEN_FOCAL_PX)
        farthest = _GIVEN_FOCAL_PX[1]
        if not (abs(cx) <= farthest and abs(cy) <= farthest):
            raise ValueError(f"cx and cy must be pixels, at most {farthest:,.0f} off; received cx={cx}, cy={cy}")
        return cls(fx, fy, cx, cy)

    def misfit(self, width: int, height: int) -> str | None:
        """Why these can hardly be the intrinsics of an image of ``width`` x ``height`` pixels; None where they may be.

        Numbers of another image size, or in another order, show in it. An image cut out of a larger one does too,
        although its numbers are right.
        """
        for name, center, size in (("cx", self.cx, width), ("cy", self.cy, height)):
            if abs(center - (size - 1) / 2) > _OFF_MIDDLE * size:
                return f"{name} {center:g} is far from the middle of {size} pixels"
        low, high = _VIEW_DEG
        view = math.degrees(2 * math.atan(width / 2 / self.fx))
        if not low <= view <= high:
            return (
                f"with fx {self.fx:g}, {width} pixels would see {view:.0f} degrees; depth cameras see {low} to {high}"
            )
        if not 1 / _ASPECT <= self.fx / self.fy <= _ASPECT:
            return f"fx {self.fx:g} and fy {self.fy:g} differ, but the pixels of depth cameras are nearly square"
        return None

    def uvd_to_xyz(self, uvd: np.ndarray) -> np.ndarray:
        """Back-project ``(..., 3)`` points (u px, v px, depth mm) to camera coordinates in mm."""
        xyz = np.array(uvd, dtype=np.float64)
        u, v, d = xyz[..., 0], xyz[..., 1], xyz[..., 2]
        xyz[..., 0] = (u - self.cx) * d / self.fx
        xyz[..., 1] = (v - self.cy) * d / self.fy
        return xyz

    def xyz_to_uvd(self, xyz: np.ndarray) -> np.ndarray:
        """Project ``(..., 3)`` camera coordinates in mm to (u px, v px, depth mm).

        A point with z = 0 has no image: its u and v come out as infinity or NaN.
        """
        uvd = np.array(xyz, dtype=np.float64)
        x, y, z = uvd[..., 0], uvd[..., 1], uvd[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            uvd[..., 0] = x / z * self.fx + self.cx
            uvd[..., 1] = y / z * self.fy + self.cy
        return uvd

    def mirrored(self, width: int) -> Camera:
        """The camera that sees an image of ``width`` columns flipped left to right."""
        return Camera(self.fx, self.fy, width - 1 - self.cx, self.cy)


def _check_focal(fx: float, fy: float, bounds: tuple[float, float]) -> None:
    least, most = bounds
    if not (least <= fx <= most and least <= fy <= most):
        raise ValueError(f"focal lengths must be {least:g} to {most:,.0f} pixels; received fx={fx}, fy={fy}")


#: Cameras of the three benchmark datasets.
CAMERAS: dict[str, Camera] = {benchmark.name: Camera(*benchmark.camera) for benchmark in BENCHMARKS.values()}
