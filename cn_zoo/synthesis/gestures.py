"""Named hand gestures, as records of anatomical angles in degrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Finger states: (flexion of MCP, PIP, DIP).
STRAIGHT = (2.0, 5.0, 3.0)
RELAXED = (20.0, 28.0, 18.0)
CURLED = (78.0, 100.0, 62.0)
HOOKED = (10.0, 85.0, 60.0)
BENT = (70.0, 8.0, 5.0)
ROUND = (42.0, 48.0, 32.0)

#: Thumb states: (radial, palmar, roll, MCP, IP).
THUMB_OUT = (55.0, 12.0, 0.0, 0.0, -5.0)
THUMB_RELAXED = (32.0, 28.0, 5.0, 12.0, 12.0)
THUMB_BESIDE = (20.0, 18.0, 0.0, 5.0, 5.0)
THUMB_OVER = (28.0, 50.0, 25.0, 35.0, 45.0)
THUMB_ACROSS = (8.0, 40.0, 30.0, 40.0, 40.0)
THUMB_MEETS = (30.0, 52.0, 35.0, 15.0, 25.0)


@dataclass(frozen=True)
class Gesture:
    """One gesture, angles in degrees: each finger (abduction, MCP, PIP, DIP), the thumb as the states above."""

    name: str
    thumb: tuple[float, float, float, float, float]
    index: tuple[float, float, float, float]
    middle: tuple[float, float, float, float]
    ring: tuple[float, float, float, float]
    little: tuple[float, float, float, float]
    arch: float = 4.0

    def angles(self) -> np.ndarray:
        """``(24,)`` radians in the order of ``kinematics.ANGLES``, wrist straight."""
        wrist = (0.0, 0.0, self.arch)
        return np.radians([*wrist, *self.thumb, *self.index, *self.middle, *self.ring, *self.little])


def _gesture(
    name: str,
    thumb: tuple[float, ...],
    states: tuple[tuple[float, float, float], ...],
    spread: tuple[float, float, float, float] = (2.0, 0.0, 2.0, 4.0),
) -> Gesture:
    index, middle, ring, little = ((side, *state) for side, state in zip(spread, states, strict=True))
    return Gesture(name, thumb, index, middle, ring, little)


_S, _C, _H, _B, _R = STRAIGHT, CURLED, HOOKED, BENT, ROUND
_WIDE = (14.0, 1.0, 11.0, 24.0)

GESTURES: dict[str, Gesture] = {
    gesture.name: gesture
    for gesture in (
        _gesture("relaxed", THUMB_RELAXED, (RELAXED,) * 4),
        _gesture("flat", THUMB_BESIDE, (_S,) * 4),
        _gesture("spread", THUMB_OUT, (_S,) * 4, _WIDE),
        _gesture("fist", THUMB_OVER, (_C,) * 4),
        _gesture("thumb_up", THUMB_OUT, (_C,) * 4),
        _gesture("point", THUMB_OVER, (_S, _C, _C, _C)),
        _gesture("gun", THUMB_OUT, (_S, _C, _C, _C)),
        _gesture("two", THUMB_OVER, (_S, _S, _C, _C), (10.0, -6.0, 2.0, 4.0)),
        _gesture("three", THUMB_ACROSS, (_S, _S, _S, _C), (10.0, 0.0, 8.0, 4.0)),
        _gesture("four", THUMB_ACROSS, (_S,) * 4, _WIDE),
        _gesture("horns", THUMB_OVER, (_S, _C, _C, _S)),
        _gesture("claw", THUMB_RELAXED, (_H,) * 4, (8.0, 0.0, 7.0, 14.0)),
        _gesture("round", THUMB_MEETS, (_R,) * 4),
        _gesture("bent", THUMB_BESIDE, (_B,) * 4),
        _gesture("ok", THUMB_MEETS, ((50.0, 50.0, 35.0), _S, _S, _S), (0.0, 0.0, 6.0, 14.0)),
    )
}
