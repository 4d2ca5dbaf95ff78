"""How hands are turned before the camera."""

from __future__ import annotations

import math

import numpy as np

from cn_zoo.synthesis.presets import Viewpoints


def draw_rotation(views: Viewpoints, rng: np.random.Generator) -> np.ndarray:
    """A hand's rotation (3, 3) from the rest pose (fingers up, palm to the camera), as often as ``views`` say."""
    kind = rng.random()
    if kind < views.any_view:
        return random_rotation(rng)
    usual = kind < views.any_view + views.usual
    yaw, pitch, roll = _draw_usual_turn(views, rng) if usual else _draw_wide_turn(views, rng)
    return turn(yaw, pitch, roll)


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """A rotation matrix (3, 3), all orientations alike (a normalised quaternion of normal numbers)."""
    w, x, y, z = rng.standard_normal(4)
    s = 2.0 / (w * w + x * x + y * y + z * z)
    return np.array(
        [
            [1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)],
            [s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w)],
            [s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)],
        ]
    )


def turn(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Rotation about the vertical axis, then the horizontal one, then the line of sight; degrees."""
    cy, cp, cr = (math.cos(math.radians(angle)) for angle in (yaw, pitch, roll))
    sy, sp, sr = (math.sin(math.radians(angle)) for angle in (yaw, pitch, roll))
    return np.array(
        [
            [cr * cy - sr * sp * sy, -sr * cp, cr * sy + sr * sp * cy],
            [sr * cy + cr * sp * sy, cr * cp, sr * sy - cr * sp * cy],
            [-cp * sy, sp, cp * cy],
        ]
    )


def _draw_usual_turn(views: Viewpoints, rng: np.random.Generator) -> tuple[float, float, float]:
    angles = (views.yaw, views.pitch, views.roll)
    return tuple(
        angle.mean + angle.deviation * normal for angle, normal in zip(angles, rng.standard_normal(3), strict=True)
    )


def _draw_wide_turn(views: Viewpoints, rng: np.random.Generator) -> tuple[float, float, float]:
    yaw = views.yaw_deg * _gathered(views.concentration, rng)
    pitch = views.pitch_deg * _gathered(views.concentration, rng)
    if rng.random() < views.back:
        yaw += 180
    roll = 360 * rng.random() if rng.random() < views.any_roll else views.roll_deg * rng.standard_normal()
    return yaw, pitch + views.lean_deg, roll


def _gathered(concentration: float, rng: np.random.Generator) -> float:
    """A number in -1..1, gathered in the middle."""
    side = 2 * rng.random() - 1
    return math.copysign(abs(side) ** concentration, side)
