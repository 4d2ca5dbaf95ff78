"""Drawing hand poses: gestures, free poses and what lies between them, within human limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.synthesis.gestures import FAMILIES, GESTURES
from cn_zoo.synthesis.kinematics import ANGLES
from cn_zoo.synthesis.self_contact import penetration


@dataclass(frozen=True)
class JointLimit:
    """Range of one angle and the spread of its noise about a gesture, degrees."""

    low: float
    high: float
    noise: float


_FLEXION = {
    "mcp": JointLimit(-20.0, 95.0, 8.0),
    "pip": JointLimit(-4.0, 110.0, 9.0),
    "dip": JointLimit(-8.0, 80.0, 5.0),
}
LIMITS: dict[str, JointLimit] = {
    "wrist_flexion": JointLimit(-60.0, 65.0, 18.0),
    "wrist_deviation": JointLimit(-20.0, 35.0, 9.0),
    "palm_arch": JointLimit(0.0, 18.0, 3.0),
    "thumb_radial": JointLimit(-12.0, 65.0, 8.5),
    "thumb_palmar": JointLimit(-5.0, 65.0, 8.5),
    "thumb_roll": JointLimit(-20.0, 55.0, 6.0),
    "thumb_mcp": JointLimit(-10.0, 60.0, 8.0),
    "thumb_ip": JointLimit(-20.0, 85.0, 9.0),
    "index_abduction": JointLimit(-10.0, 25.0, 3.5),
    "middle_abduction": JointLimit(-12.0, 12.0, 3.0),
    "ring_abduction": JointLimit(-8.0, 20.0, 3.0),
    "little_abduction": JointLimit(-8.0, 35.0, 5.0),
    **{
        f"{finger}_{joint}": limit
        for finger in ("index", "middle", "ring", "little")
        for joint, limit in _FLEXION.items()
    },
}
_LOW = np.radians([LIMITS[name].low for name in ANGLES])
_HIGH = np.radians([LIMITS[name].high for name in ANGLES])
_NOISE = np.radians([LIMITS[name].noise for name in ANGLES])
_MCP = np.array([ANGLES.index(f"{finger}_mcp") for finger in ("index", "middle", "ring", "little")])
_ABDUCTION, _PIP, _DIP = _MCP - 1, _MCP + 1, _MCP + 2
_WRIST = slice(0, 2)
_THUMB = slice(ANGLES.index("thumb_radial"), ANGLES.index("thumb_ip") + 1)

_GESTURE_SHARE, _FREE_SHARE = 0.38, 0.34  # the rest lies between two of them
_FREE_TRIES = 3

#: Neighbouring fingers move together.
_TOGETHER = np.linalg.cholesky(
    np.array([[1.0, 0.6, 0.4, 0.3], [0.6, 1.0, 0.7, 0.45], [0.4, 0.7, 1.0, 0.7], [0.3, 0.45, 0.7, 1.0]])
)


def draw_pose(rng: np.random.Generator) -> np.ndarray:
    """Draw a pose: a named gesture with noise, a free pose, or a step on the way from one to another.

    Returns:
        ``(24,)`` radians in the order of ``kinematics.ANGLES``, within ``LIMITS``. Fingers do not go through each other
        (``self_contact.penetration``) further than a named gesture's own touch does.
    """
    kind = rng.random()
    if kind < _GESTURE_SHARE:
        return _draw_gesture(rng)
    if kind < _GESTURE_SHARE + _FREE_SHARE:
        return _draw_free(rng)
    return _draw_between(rng)


def gesture_pose(name: str) -> np.ndarray:
    """The exact angles of a named gesture, ``(24,)`` radians.

    Raises:
        ValueError: no gesture has that name.
    """
    if name not in GESTURES:
        raise ValueError(f"no gesture {name!r}; there are {', '.join(GESTURES)}")
    return GESTURES[name].angles()


def interpolate(start: np.ndarray, end: np.ndarray, t: float) -> np.ndarray:
    """The pose at ``t`` in 0..1 of a smooth movement that starts and ends at rest."""
    eased = t * t * (3.0 - 2.0 * t)
    return (1.0 - eased) * start + eased * end


def within_limits(angles: np.ndarray) -> np.ndarray:
    """Clip ``(..., 24)`` radians to human ranges."""
    return np.minimum(np.maximum(angles, _LOW), _HIGH)


_ANGLES_OF = {name: gesture.angles() for name, gesture in GESTURES.items()}
_RELAXED = _ANGLES_OF["relaxed"]
_FAMILIES = tuple(tuple(_ANGLES_OF[name] for name in family.values()) for family in FAMILIES.values())
#: Where gestures have the thumb, and the far ends of its reach: out and forward, back, flat across.
_THUMBS = np.concatenate(
    [
        np.unique([angles[_THUMB] for angles in _ANGLES_OF.values()], axis=0),
        np.radians(
            [
                (62.0, 45.0, 20.0, 5.0, 0.0),
                (45.0, 55.0, 35.0, 20.0, 5.0),
                (60.0, 25.0, 10.0, 20.0, -10.0),
                (50.0, 0.0, 0.0, 0.0, -15.0),
                (35.0, 40.0, 30.0, 40.0, 60.0),
                (0.0, 5.0, 10.0, 10.0, 20.0),
            ]
        ),
    ]
)


def _noise_from_normals() -> np.ndarray:
    """``(24, 24)``: independent normals to a gesture's noise, fingers together and each DIP along with its PIP."""
    mix = np.diag(_NOISE)
    for joints in (_MCP, _PIP):
        mix[np.ix_(joints, joints)] = _NOISE[joints, None] * _TOGETHER
    mix[_DIP] += 0.6 * mix[_PIP]
    return mix


_MIX = _noise_from_normals()


def _draw_gesture(rng: np.random.Generator) -> np.ndarray:
    family = _FAMILIES[rng.integers(len(_FAMILIES))]
    exact = family[rng.integers(len(family))]
    normals = rng.standard_normal(len(ANGLES))
    normals[2:] *= 0.3 + rng.random()  # some people are exact; the wrist is free in any gesture
    return _eased_off(within_limits(exact + _MIX @ normals), exact)


def _draw_free(rng: np.random.Generator) -> np.ndarray:
    """Fingers curl by correlated amounts; the thumb goes anywhere between where gestures have it."""
    for _ in range(_FREE_TRIES):
        angles = _propose_free(rng)
        if penetration(angles) == 0.0:
            return angles
    return _eased_off(angles, _RELAXED)


def _propose_free(rng: np.random.Generator) -> np.ndarray:
    angles = _MIX @ rng.standard_normal(len(ANGLES))
    share = rng.random(5)
    shared, mcp, pip = rng.standard_normal((3, 4))
    shared = _TOGETHER @ shared
    mcp = share[4] * shared + np.sqrt(1.0 - share[4] ** 2) * mcp  # from each finger for itself to all as one
    pip = 0.6 * mcp + 0.8 * (share[4] * (_TOGETHER @ pip) + (1.0 - share[4]) * pip)
    angles[2] = np.radians(14.0) * share[0]
    angles[_MCP] = np.radians(-18.0) + np.radians(106.0) * _mostly_open(mcp)
    angles[_PIP] = np.radians(110.0) * _mostly_open(pip)
    angles[_DIP] = angles[_PIP] * (0.55 + 0.25 * share[1]) + _NOISE[_DIP] * rng.standard_normal(4)
    freedom = np.maximum(np.cos(angles[_MCP]), 0.15)  # a bent knuckle spreads little
    opening = (1.3 * share[2] - 0.2) * _HIGH[_ABDUCTION] * (0.8, 0.2, 0.8, 0.9)
    angles[_ABDUCTION] = freedom * (opening + angles[_ABDUCTION])
    one, other = _THUMBS[rng.integers(len(_THUMBS), size=2)]
    angles[_THUMB] += one + share[3] * (other - one)
    return within_limits(angles)


def _mostly_open(normals: np.ndarray) -> np.ndarray:
    """Standard normals to shares in 0..1 that favour little: hands are open more often than closed.

    A logistic stands in for the normals' cumulative distribution; the power leans its even shares.
    """
    return (1.0 + np.exp(-1.702 * normals)) ** -1.4


def _draw_between(rng: np.random.Generator) -> np.ndarray:
    start = _draw_gesture(rng)
    end = _draw_free(rng) if rng.random() < 0.4 else _draw_gesture(rng)
    return _eased_off(interpolate(start, end, rng.random()), start)


def _eased_off(angles: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Go from a pose towards one whose contacts are right, no further than needed; the wrist stays."""
    target = np.concatenate([angles[_WRIST], clear[2:]])
    for share in (0.0, 0.3, 0.6, 0.85):
        eased = angles + share * (target - angles)
        if penetration(eased) == 0.0:
            return eased
    return target
