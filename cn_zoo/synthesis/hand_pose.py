"""Drawing hand poses: gestures, free poses and what lies between them, within human limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from cn_zoo.synthesis.gestures import FAMILIES, GESTURES
from cn_zoo.synthesis.kinematics import ANGLES
from cn_zoo.synthesis.pick import pick
from cn_zoo.synthesis.presets import PoseShares, UsualPose
from cn_zoo.synthesis.self_contact import penetration


@dataclass(frozen=True)
class JointLimit:
    """Range of one angle and the spread of its noise about a gesture, degrees."""

    low: float
    high: float
    noise: float


_FLEXION = {
    "mcp": JointLimit(-25.0, 95.0, 8.0),
    "pip": JointLimit(-8.0, 110.0, 9.0),
    "dip": JointLimit(-10.0, 85.0, 5.0),
}
LIMITS: dict[str, JointLimit] = {
    "wrist_flexion": JointLimit(-60.0, 65.0, 18.0),
    "wrist_deviation": JointLimit(-20.0, 35.0, 9.0),
    "palm_arch": JointLimit(0.0, 18.0, 3.0),
    "thumb_radial": JointLimit(-15.0, 70.0, 8.5),
    "thumb_palmar": JointLimit(-8.0, 65.0, 8.5),
    "thumb_roll": JointLimit(-20.0, 60.0, 6.0),
    "thumb_mcp": JointLimit(-12.0, 60.0, 8.0),
    "thumb_ip": JointLimit(-25.0, 85.0, 9.0),
    "index_abduction": JointLimit(-12.0, 28.0, 3.5),
    "middle_abduction": JointLimit(-15.0, 14.0, 3.5),
    "ring_abduction": JointLimit(-10.0, 23.0, 3.5),
    "little_abduction": JointLimit(-10.0, 40.0, 5.0),
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

_TRIES = 3

#: Neighbouring fingers move together.
_TOGETHER = np.linalg.cholesky(
    np.array([[1.0, 0.6, 0.4, 0.3], [0.6, 1.0, 0.7, 0.45], [0.4, 0.7, 1.0, 0.7], [0.3, 0.45, 0.7, 1.0]])
)
#: Index and middle finger lean one way, ring and little finger the other.
_FANNED = np.linalg.cholesky(
    np.array([[1.0, 0.4, -0.15, 0.3], [0.4, 1.0, -0.5, 0.0], [-0.15, -0.5, 1.0, 0.45], [0.3, 0.0, 0.45, 1.0]])
)
_SHARES = PoseShares()


def draw_pose(rng: np.random.Generator, shares: PoseShares = _SHARES) -> np.ndarray:
    """Draw a pose: around the usual one, a named gesture with noise, a free pose, or a step on the way between two.

    Args:
        rng: decides all randomness.
        shares: how often what.

    Returns:
        ``(24,)`` radians in the order of ``kinematics.ANGLES``, within ``LIMITS``. Fingers do not go through each other
        (``self_contact.penetration``) further than a named gesture's own touch does.
    """
    kind = rng.random()
    if kind < shares.usual:
        return _draw_clear(partial(_propose_usual, shares.around), rng)
    if kind < shares.usual + shares.gesture:
        return _draw_gesture(rng, shares)
    if kind < shares.usual + shares.gesture + shares.free:
        return _draw_clear(_propose_free, rng)
    return _draw_between(rng, shares)


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
_FAMILIES = {name: tuple(_ANGLES_OF[gesture] for gesture in family.values()) for name, family in FAMILIES.items()}
#: The ends of the thumb's reach: out and forward, back, beside, bent in, flat across.
_THUMB_ENDS = np.radians(
    [
        (64.0, 50.0, 40.0, 25.0, 0.0),
        (55.0, 55.0, 50.0, 35.0, -5.0),
        (65.0, 25.0, 10.0, 25.0, -10.0),
        (45.0, 48.0, 30.0, 30.0, 0.0),
        (55.0, 0.0, 0.0, 0.0, -20.0),
        (20.0, -2.0, 0.0, -8.0, -15.0),
        (20.0, 5.0, 20.0, -5.0, 65.0),
        (30.0, 40.0, 35.0, 45.0, 60.0),
        (5.0, 55.0, 50.0, 20.0, 15.0),
        (-6.0, 5.0, 10.0, 10.0, 20.0),
    ]
)
_THUMBS = np.concatenate([np.unique([angles[_THUMB] for angles in _ANGLES_OF.values()], axis=0), _THUMB_ENDS])


def _noise_from_normals() -> np.ndarray:
    """``(24, 24)``: independent normals to a gesture's noise, fingers together and each DIP along with its PIP."""
    mix = np.diag(_NOISE)
    for joints in (_MCP, _PIP):
        mix[np.ix_(joints, joints)] = _NOISE[joints, None] * _TOGETHER
    mix[_DIP] += 0.6 * mix[_PIP]
    return mix


_MIX = _noise_from_normals()


def _usual_from_normals() -> np.ndarray:
    """``(24, 24)``: independent normals to standard normals that hang together as angles of moving hands do."""
    mix = np.eye(len(ANGLES))
    mix[np.ix_(_MCP, _MCP)] = _TOGETHER
    mix[np.ix_(_PIP, _PIP)] = 0.9 * _TOGETHER
    mix[np.ix_(_PIP, _MCP)] = 0.44 * _TOGETHER
    mix[_DIP] = 0.75 * mix[_PIP] + 0.66 * mix[_DIP]
    mix[np.ix_(_ABDUCTION, _ABDUCTION)] = _FANNED
    # A thumb far out is not far forward as well, and it turns its pad towards the fingers as it bends.
    radial, palmar, roll, mcp = range(_THUMB.start, _THUMB.start + 4)
    mix[palmar] = 0.87 * mix[palmar] - 0.5 * mix[radial]
    mix[mcp] = 0.87 * mix[mcp] + 0.5 * mix[roll]
    return mix


_USUAL_MIX = _usual_from_normals()


def _draw_gesture(rng: np.random.Generator, shares: PoseShares) -> np.ndarray:
    names, weights = zip(*shares.families, strict=True)
    family = _FAMILIES[names[pick(weights, rng)]]
    exact = family[rng.integers(len(family))]
    normals = rng.standard_normal(len(ANGLES))
    normals[2:] *= 0.3 + rng.random()  # some people are exact; the wrist is free in any gesture
    return _eased_off(within_limits(exact + _MIX @ normals), exact)


def _draw_clear(propose: Callable[[np.random.Generator], np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """The first proposal whose parts are clear of each other, or the last one eased off."""
    for _ in range(_TRIES):
        angles = propose(rng)
        if penetration(angles) == 0.0:
            return angles
    return _eased_off(angles, _RELAXED)


def _propose_usual(around: UsualPose, rng: np.random.Generator) -> np.ndarray:
    mean, deviation = _spread(around)
    width = 0.7 + 0.7 * rng.random()
    normals = rng.standard_normal(len(ANGLES))
    return within_limits(mean + width * deviation * (_USUAL_MIX @ normals))


@cache
def _spread(around: UsualPose) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation ``(24,)`` of all angles, radians; wrist and palm vary as about a gesture."""
    pairs = np.radians([*around.thumb, *(pair for finger in around.fingers for pair in finger)])
    arch = math.radians(5.0)
    return np.concatenate([[0.0, 0.0, arch], pairs[:, 0]]), np.concatenate([_NOISE[:2], [arch], pairs[:, 1]])


def _propose_free(rng: np.random.Generator) -> np.ndarray:
    angles = _MIX @ rng.standard_normal(len(ANGLES))
    share = rng.random(6)
    shared, mcp, pip = rng.standard_normal((3, 4))
    shared = _TOGETHER @ shared
    mcp = share[4] * shared + np.sqrt(1.0 - share[4] ** 2) * mcp  # from each finger for itself to all as one
    pip = 0.6 * mcp + 0.8 * (share[4] * (_TOGETHER @ pip) + (1.0 - share[4]) * pip)
    openness = 0.9 + 1.6 * share[5]  # hands are open more often than closed
    angles[2] = np.radians(14.0) * share[0]
    angles[_MCP] = np.radians(-24.0) + np.radians(112.0) * _evenly(mcp) ** openness
    angles[_PIP] = np.radians(110.0) * _evenly(pip) ** (openness + 0.5)
    angles[_DIP] = angles[_PIP] * (0.5 + 0.25 * share[1]) + _NOISE[_DIP] * rng.standard_normal(4)
    freedom = np.maximum(np.cos(angles[_MCP]), 0.15)  # a bent knuckle spreads little
    opening = (1.5 * share[2] - 0.2) * _HIGH[_ABDUCTION] * (0.65, -0.1, 0.65, 0.9)
    angles[_ABDUCTION] = freedom * (opening + 1.6 * angles[_ABDUCTION])
    one, end = _THUMBS[rng.integers(len(_THUMBS))], _THUMB_ENDS[rng.integers(len(_THUMB_ENDS))]
    angles[_THUMB] = 1.3 * angles[_THUMB] + end + share[3] * (one - end)
    return within_limits(angles)


def _evenly(normals: np.ndarray) -> np.ndarray:
    """Standard normals to even shares in 0..1: a logistic stands in for their cumulative distribution."""
    return 1.0 / (1.0 + np.exp(-1.702 * normals))


def _draw_between(rng: np.random.Generator, shares: PoseShares) -> np.ndarray:
    start = _draw_gesture(rng, shares)
    end = _draw_clear(_propose_free, rng) if rng.random() < 0.4 else _draw_gesture(rng, shares)
    return _eased_off(interpolate(start, end, rng.random()), start)


def _eased_off(angles: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Go from a pose towards one whose contacts are right, no further than needed; the wrist stays."""
    target = np.concatenate([angles[_WRIST], clear[2:]])
    for share in (0.0, 0.3, 0.6, 0.85):
        eased = angles + share * (target - angles)
        if penetration(eased) == 0.0:
            return eased
    return target
