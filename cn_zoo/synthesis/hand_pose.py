"""Drawing hand poses: gestures, free poses and what lies between them, within human limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.synthesis.gestures import GESTURES
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
    "thumb_radial": JointLimit(-12.0, 65.0, 7.0),
    "thumb_palmar": JointLimit(-5.0, 65.0, 7.0),
    "thumb_roll": JointLimit(-15.0, 60.0, 6.0),
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
_MCP, _PIP, _DIP = (
    np.array([ANGLES.index(f"{f}_{j}") for f in ("index", "middle", "ring", "little")]) for j in _FLEXION
)
_ABDUCTION = _MCP - 1
_THUMB = slice(ANGLES.index("thumb_radial"), ANGLES.index("thumb_ip") + 1)

_GESTURE_SHARE, _FREE_SHARE = 0.45, 0.25  # the rest lies between two of them
_TRIES = 4

#: Neighbouring fingers move together.
_FINGER_CORRELATION = np.array([[1, 0.6, 0.4, 0.3], [0.6, 1, 0.7, 0.45], [0.4, 0.7, 1, 0.7], [0.3, 0.45, 0.7, 1]])
_TOGETHER = np.linalg.cholesky(_FINGER_CORRELATION)


def draw_pose(rng: np.random.Generator) -> np.ndarray:
    """Draw a pose: a named gesture with noise, a free pose, or a step on the way from one to another.

    Returns:
        ``(24,)`` radians in the order of ``kinematics.ANGLES``, within ``LIMITS``, fingers not through each other.
    """
    kind = rng.random()
    if kind < _GESTURE_SHARE:
        return _draw_clear(_draw_gesture, rng)
    if kind < _GESTURE_SHARE + _FREE_SHARE:
        return _draw_clear(_draw_free, rng)
    return _draw_clear(_draw_between, rng)


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
    return np.clip(angles, _LOW, _HIGH)


def _draw_clear(draw, rng: np.random.Generator) -> np.ndarray:  # noqa: ANN001
    """Draw until fingers are clear of each other; at last open the least bad hand until they are."""
    best, least = None, np.inf
    for _ in range(_TRIES):
        angles = draw(rng)
        depth = penetration(angles)
        if depth < least:
            best, least = angles, depth
        if least == 0.0:
            return best
    relaxed = _RELAXED.copy()
    relaxed[:2] = best[:2]
    for t in (0.2, 0.4, 0.6, 0.8):
        opened = (1.0 - t) * best + t * relaxed
        if penetration(opened) == 0.0:
            return opened
    return relaxed


_RELAXED = GESTURES["relaxed"].angles()
_NAMES = tuple(GESTURES)


def _draw_gesture(rng: np.random.Generator) -> np.ndarray:
    angles = GESTURES[_NAMES[rng.integers(len(_NAMES))]].angles()
    looseness = rng.uniform(0.3, 1.3)
    noise = rng.normal(0.0, _NOISE) * looseness
    noise[_MCP] = _TOGETHER @ rng.normal(0.0, _NOISE[_MCP]) * looseness
    noise[_PIP] = _TOGETHER @ rng.normal(0.0, _NOISE[_PIP]) * looseness
    noise[_DIP] += 0.6 * noise[_PIP]
    noise[:2] = rng.normal(0.0, _NOISE[:2])
    return within_limits(angles + noise)


def _draw_free(rng: np.random.Generator) -> np.ndarray:
    """Fingers curl by correlated amounts; the thumb goes anywhere between out, beside, across and opposed."""
    angles = np.empty(len(ANGLES))
    angles[:2] = rng.normal(0.0, _NOISE[:2])
    angles[2] = np.radians(rng.uniform(0.0, 14.0))
    shared = _TOGETHER @ rng.normal(size=4)
    curl_mcp = _uniform_from_normal(0.7 * shared + 0.7 * (_TOGETHER @ rng.normal(size=4)))
    curl_pip = _uniform_from_normal(0.8 * shared + 0.6 * (_TOGETHER @ rng.normal(size=4)))
    angles[_MCP] = np.radians(-12.0 + 98.0 * curl_mcp)
    angles[_PIP] = np.radians(110.0 * curl_pip)
    angles[_DIP] = angles[_PIP] * rng.uniform(0.55, 0.8) + rng.normal(0.0, _NOISE[_DIP])
    freedom = np.clip(np.cos(angles[_MCP]), 0.15, 1.0)  # a bent knuckle spreads little
    spread = rng.uniform(-0.2, 1.0)
    angles[_ABDUCTION] = freedom * (
        spread * _HIGH[_ABDUCTION] * (0.8, 0.2, 0.8, 0.9) + rng.normal(0.0, _NOISE[_ABDUCTION])
    )
    corners = _THUMB_CORNERS[rng.permutation(len(_THUMB_CORNERS))[:3]]
    angles[_THUMB] = rng.dirichlet((0.8, 0.8, 0.8)) @ corners + rng.normal(0.0, 0.7 * _NOISE[_THUMB])
    return within_limits(angles)


_THUMB_CORNERS = np.unique(np.array([gesture.angles()[_THUMB] for gesture in GESTURES.values()]), axis=0)


def _uniform_from_normal(values: np.ndarray) -> np.ndarray:
    """Logistic stand-in for the normal's cumulative distribution."""
    return 1.0 / (1.0 + np.exp(-1.702 * values))


def _draw_between(rng: np.random.Generator) -> np.ndarray:
    start, end = (_draw_gesture(rng) if rng.random() < 0.75 else _draw_free(rng) for _ in range(2))
    return interpolate(start, end, rng.random())
