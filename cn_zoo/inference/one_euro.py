"""The One-Euro filter: still points are smoothed much, moving ones follow at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OneEuro:
    """Settings of the filter.

    Attributes:
        min_cutoff_hz: cutoff frequency for points at rest; lower is calmer.
        beta: what each mm/s of speed adds to the cutoff, in Hz; higher follows more closely.
        speed_cutoff_hz: cutoff frequency of the speed itself.
    """

    min_cutoff_hz: float
    beta: float
    speed_cutoff_hz: float


#: For joints in mm; measured with the zoo's models on synthetic sequences.
JOINT_SMOOTHING = OneEuro(min_cutoff_hz=0.5, beta=0.015, speed_cutoff_hz=1.5)


class OneEuroFilter:
    """Smooths points over time: a low-pass filter whose cutoff rises with each point's own speed.

    Source: Casiez, Roussel and Vogel, "1 Euro Filter", CHI 2012. There every coordinate has its own speed; here a
    point has one, so that the answer does not depend on the direction of the axes.
    """

    def __init__(self, settings: OneEuro) -> None:
        self._settings = settings
        self._time: float | None = None

    def update(self, points: np.ndarray, time: float) -> np.ndarray:
        """Smooth the points of one frame.

        Args:
            points: ``(..., 3)`` mm; the same shape every time.
            time: seconds, later than the last.

        Returns:
            the smoothed points; those of the first frame as they are.

        Raises:
            ValueError: time does not advance.
        """
        points = np.asarray(points, dtype=np.float64)
        if self._time is None:
            self._smooth, self._velocity = points, np.zeros_like(points)
        else:
            step = time - self._time
            if not step > 0:
                raise ValueError(f"frames come one after another: {time} s does not follow {self._time} s")
            change = (points - self._raw) / step
            self._velocity = _approach(self._velocity, change, self._settings.speed_cutoff_hz, step)
            speed = np.linalg.norm(self._velocity, axis=-1, keepdims=True)
            cutoff = self._settings.min_cutoff_hz + self._settings.beta * speed
            self._smooth = _approach(self._smooth, points, cutoff, step)
        self._raw, self._time = points, time
        return self._smooth

    @property
    def velocity(self) -> np.ndarray:
        """Smoothed velocity of each point, ``(..., 3)`` mm/s, after the first update."""
        return self._velocity


def _approach(old: np.ndarray, new: np.ndarray, cutoff_hz: float | np.ndarray, step: float) -> np.ndarray:
    """One step of a first-order low-pass filter."""
    return old + (new - old) / (1 + 1 / (2 * math.pi * cutoff_hz * step))
