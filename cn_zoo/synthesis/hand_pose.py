"""Drawing hand poses: gestures, free poses and what lies between them, within human limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from cn_zoo.synthesis._jit import jit
from cn_zoo.synthesis.gestures import FAMILIES, GESTURES
from cn_zoo.synthesis.kinematics import ANGLES
from cn_zoo.synthesis.presets import PoseShares
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
#: How much of its sideways range each finger uses to open the hand.
_OPENING = (0.65, -0.1, 0.65, 0.9)

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
    prior = _prior(shares)
    kind = rng.random()
    if kind < shares.usual:
        return _draw_usual(prior, rng)
    if kind < shares.usual + shares.gesture:
        return _draw_gesture(prior, rng)
    if kind < shares.usual + shares.gesture + shares.free:
        return _draw_free(rng)
    return _draw_between(prior, rng)


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


_RELAXED = gesture_pose("relaxed")
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
_THUMBS = np.concatenate([np.unique([gesture.angles()[_THUMB] for gesture in GESTURES.values()], axis=0), _THUMB_ENDS])


def _gesture_from_normals() -> np.ndarray:
    """``(24, 24)``: independent normals to a gesture's noise in units of ``_NOISE``; fingers move together.

    Each DIP has its own and goes along with its PIP.
    """
    mix = np.eye(len(ANGLES))
    for joints in (_MCP, _PIP):
        mix[np.ix_(joints, joints)] = _TOGETHER
    mix[_DIP] += 0.6 * (_NOISE[_PIP] / _NOISE[_DIP])[:, None] * mix[_PIP]
    return mix


_GESTURE_MIX = _gesture_from_normals()


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


@dataclass(frozen=True)
class _Prior:
    """Poses' shares as arrays.

    Attributes:
        mean, deviation: ``(24,)`` of the usual angles, radians.
        gestures: ``(G, 24)``.
        until: ``(G,)`` the luck below which each gesture is taken.
    """

    mean: np.ndarray
    deviation: np.ndarray
    gestures: np.ndarray
    until: np.ndarray


@cache
def _prior(shares: PoseShares) -> _Prior:
    pairs = np.radians([*shares.around.thumb, *(pair for finger in shares.around.fingers for pair in finger)])
    arch = math.radians(5.0)
    # The wrist varies as about a gesture.
    mean = np.concatenate([[0.0, 0.0, arch], pairs[:, 0]])
    deviation = np.concatenate([_NOISE[:2], [arch], pairs[:, 1]])
    named = [
        (name, share / len(FAMILIES[family])) for family, share in shares.families for name in FAMILIES[family].values()
    ]
    until = np.cumsum([share for _, share in named])
    return _Prior(mean, deviation, np.stack([gesture_pose(name) for name, _ in named]), until / until[-1])


def _draw_usual(prior: _Prior, rng: np.random.Generator) -> np.ndarray:
    for _ in range(_TRIES):
        width = 0.7 + 0.7 * rng.random()
        angles = _noisy(prior.mean, prior.deviation, _USUAL_MIX, width * rng.standard_normal(len(ANGLES)))
        if penetration(angles) == 0.0:
            return angles
    return _eased_off(angles, _RELAXED)


def _draw_gesture(prior: _Prior, rng: np.random.Generator) -> np.ndarray:
    exact = prior.gestures[prior.until.searchsorted(rng.random())]
    normals = rng.standard_normal(len(ANGLES))
    normals[2:] *= 0.3 + rng.random()  # some people are exact; the wrist is free in any gesture
    return _eased_off(_noisy(exact, _NOISE, _GESTURE_MIX, normals), exact)


def _draw_free(rng: np.random.Generator) -> np.ndarray:
    """Fingers curl by correlated amounts; the thumb goes anywhere between an end of its reach and a gesture's place."""
    for _ in range(_TRIES):
        one, end = _THUMBS[rng.integers(len(_THUMBS))], _THUMB_ENDS[rng.integers(len(_THUMB_ENDS))]
        thumb = end + rng.random() * (one - end)
        angles = _free(thumb, rng.random(5), rng.standard_normal(len(ANGLES)), rng.standard_normal((4, 4)))
        if penetration(angles) == 0.0:
            return angles
    return _eased_off(angles, _RELAXED)


def _draw_between(prior: _Prior, rng: np.random.Generator) -> np.ndarray:
    start = _draw_gesture(prior, rng)
    end = _draw_free(rng) if rng.random() < 0.4 else _draw_gesture(prior, rng)
    return _eased_off(interpolate(start, end, rng.random()), start)


def _eased_off(angles: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Go from a pose towards one whose contacts are right, no further than needed; the wrist stays."""
    if penetration(angles) == 0.0:
        return angles
    target = np.concatenate([angles[_WRIST], clear[2:]])
    for share in (0.3, 0.6, 0.85):
        eased = angles + share * (target - angles)
        if penetration(eased) == 0.0:
            return eased
    return target


@jit()
def _noisy(mean, deviation, mix, normals):  # noqa: ANN001, ANN202
    return _clipped(mean + deviation * _mixed(mix, normals))


@jit()
def _free(thumb, shares, noise, normals):  # noqa: ANN001, ANN202
    """A free pose from where the thumb is, five even shares, 24 normals, and four for each finger."""
    angles = _NOISE * _mixed(_GESTURE_MIX, noise)
    cupping, spread, together, openness, tip_share = shares
    openness = 0.9 + 1.6 * openness  # hands are open more often than closed
    # From each finger for itself to all as one.
    knuckles = together * _mixed(_TOGETHER, normals[0]) + math.sqrt(1.0 - together**2) * normals[1]
    middles = 0.6 * knuckles + 0.8 * (together * _mixed(_TOGETHER, normals[2]) + (1.0 - together) * normals[2])
    angles[2] = math.radians(14.0) * cupping
    for finger in range(4):
        knuckle = _MCP[finger]
        side, middle, tip = knuckle - 1, knuckle + 1, knuckle + 2
        angles[knuckle] = math.radians(-24.0) + math.radians(112.0) * _even(knuckles[finger]) ** openness
        angles[middle] = math.radians(110.0) * _even(middles[finger]) ** (openness + 0.5)
        angles[tip] = angles[middle] * (0.5 + 0.25 * tip_share) + _NOISE[tip] * normals[3, finger]
        freedom = max(math.cos(angles[knuckle]), 0.15)  # a bent knuckle spreads little
        opening = (1.5 * spread - 0.2) * _OPENING[finger] * _HIGH[side]
        angles[side] = freedom * (opening + 1.6 * angles[side])
    angles[_THUMB] = 1.3 * angles[_THUMB] + thumb
    return _clipped(angles)


@jit()
def _mixed(mix, normals):  # noqa: ANN001, ANN202
    """``mix @ normals``, without the linear algebra library's preparations."""
    out = np.zeros(len(mix))
    for i in range(len(mix)):
        for j in range(len(normals)):
            out[i] += mix[i, j] * normals[j]
    return out


@jit()
def _even(normal):  # noqa: ANN001, ANN202
    """A standard normal to an even share in 0..1: a logistic stands in for its cumulative distribution."""
    return 1.0 / (1.0 + math.exp(-1.702 * normal))


@jit()
def _clipped(angles):  # noqa: ANN001, ANN202
    return np.minimum(np.maximum(angles, _LOW), _HIGH)
