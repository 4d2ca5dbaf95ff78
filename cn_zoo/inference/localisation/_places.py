"""From good places of a view to the hands' centres, and the odds that each is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cn_zoo.inference.localisation._surface import Surface
from cn_zoo.inference.localisation._thin_view import ThinView
from cn_zoo.inference.localisation._walks import Walks, arms, likeness, walk

#: A hand, from wrist to fingertips, lies in a ball of this radius around its centre, and ends at the wrist behind it.
BALL_MM = 95.0
_WRIST_MM = 42.0

# Which places are good ones.
_SEED_SPACING_MM = 27.0
_MOST_PLACES, _SPACING_MM = 6, 70.0
_LEAST_LIKENESS = 0.05
#: Per cent of the points that are nearer than what counts as the nearest surface: single ones may err.
_NEAREST_PERCENT = 2
#: This far behind the nearest surface a place counts half.
_HALF_NEAR_MM = 600

# From a good place to the hand's centre; measured on real frames with labelled joints.
_MOST_STEPS = 6
#: Where no centre moves by more in a step, all have arrived.
_ARRIVED_MM = 2

# Is it a hand? Log odds, fitted by logistic regression on synthetic full frames.
_BIAS = -13.3
_WEIGHTS = {
    "nearness": 10.0,  # people hold the hand towards the camera
    "palm": 2.5,  # share of a ring of 40 mm radius that is on the surface
    "area": -3.6,  # per 100 cm^2: arms and torsos fill the ball
    "contour": 29.2,  # per m, half of it counted: fingers have much
    "arm": 1.8,  # an arm leaves to one side
    "staying": -9.4,  # share of walks that stay on the surface
    "beyond": -2.3,  # the limb goes on where a hand ends
}
_LEAST_HAND_MM2 = 2500.0
#: More surface in the ball than this tells no more: it is full.
_LARGEST_MM2 = 16_000.0
_LONGEST_CONTOUR_M = 0.3  # more is ragged cloth
#: As much surface beyond the hand's end is half as bad as it can get.
_HALF_BEYOND_MM2 = 1500

#: The ring that a palm fills, and how far in depth a point of it may be off.
_RING_MM, _RING_DEPTH_MM = 40.0, 60
_RING_ANGLES = np.arange(32) * (2 * np.pi / 32)
_RING_DIRECTIONS = np.stack([np.cos(_RING_ANGLES), np.sin(_RING_ANGLES)], axis=1)

#: Ahead of the centre, opposite to the arm: past the fingertips, and not so far that it is another thing.
_BEYOND_MM, _TOO_FAR_BEYOND_MM = 125, 350
#: The cone's half width over its length, across the image and in depth: limbs go straight on.
_CONE_ASIDE, _CONE_IN_DEPTH = 0.4, 0.5
#: An arm that is told less clearly than this, of 1, has no direction to look opposite to.
_LEAST_ARM = 0.5


@dataclass(frozen=True)
class Places:
    """K candidates.

    Attributes:
        centers: ``(K, 3)`` (x, y, z) mm on the visible surface.
        log_odds: ``(K,)`` that each is a hand.
    """

    centers: np.ndarray
    log_odds: np.ndarray


def places_of(view: ThinView, surface: Surface) -> Places:
    """The most promising places of a view, moved to the ends of their limbs; none where nothing is like a hand."""
    nearest = float(np.percentile(surface.xyz[:, 2], _NEAREST_PERCENT))
    centers = _promising(view, surface, nearest)
    if not len(centers):
        return Places(centers, np.empty(0))
    centers, balls = _at_ends_of_limbs(view, surface, centers)
    large_enough = balls.weights.sum(axis=1) >= _LEAST_HAND_MM2
    measured = _measured(view, surface, centers, balls, nearest)
    return Places(centers, np.where(large_enough, _log_odds(measured), -np.inf))


class _Balls(NamedTuple):
    """What lies around K centres, of N points.

    Attributes:
        walks: from the centres.
        arms: ``(K, 2)`` image directions of their arms.
        offsets: ``(K, N, 3)`` mm of the points from the centres.
        along: ``(K, N)`` mm along the arms.
        inside: ``(K, N)`` which points are the hand's: in the ball, and not behind the wrist.
        weights: ``(K, N)`` their area in mm^2, 0 outside.
    """

    walks: Walks
    arms: np.ndarray
    offsets: np.ndarray
    along: np.ndarray
    inside: np.ndarray
    weights: np.ndarray


def _promising(view: ThinView, surface: Surface, nearest: float) -> np.ndarray:
    """The most hand-like places ``(K, 3)`` of a regular grid, some way apart."""
    step = max(1, round(_SEED_SPACING_MM / float(np.median(surface.pixel_mm))))
    seeds = surface.xyz[(surface.grid % step == step // 2).all(axis=1)]
    if not len(seeds):
        return seeds
    promise = likeness(walk(view, seeds)) * _nearness(seeds[:, 2], nearest)
    chosen = []
    for _ in range(_MOST_PLACES):
        best = promise.argmax()
        if promise[best] < _LEAST_LIKENESS:
            break
        chosen.append(best)
        promise[np.linalg.norm(seeds - seeds[best], axis=1) < _SPACING_MM] = 0
    return seeds[chosen]


def _at_ends_of_limbs(view: ThinView, surface: Surface, centers: np.ndarray) -> tuple[np.ndarray, _Balls]:
    """Centres ``(K, 3)`` moved to their balls' centres of mass until they rest; the balls as they were last."""
    for _ in range(_MOST_STEPS):
        balls = _balls(view, surface, centers)
        total = balls.weights.sum(axis=1)[:, None]
        before = centers
        centers = np.where(total > 0, balls.weights @ surface.xyz / np.maximum(total, 1.0), centers)
        if np.abs(centers - before).max() < _ARRIVED_MM:
            break
    return centers, balls


def _balls(view: ThinView, surface: Surface, centers: np.ndarray) -> _Balls:
    walks = walk(view, centers)
    directions = arms(walks)
    reach = np.hypot(*directions.T)
    offsets = surface.xyz - centers[:, None]
    # Without a visible arm (it points away from the camera) the whole ball counts.
    wrist = BALL_MM - reach * (BALL_MM - _WRIST_MM)
    along = (offsets[..., :2] @ directions[..., None])[..., 0]
    inside = (np.einsum("kni,kni->kn", offsets, offsets) < BALL_MM**2) & (along < wrist[:, None])
    return _Balls(walks, directions, offsets, along, inside, inside * surface.pixel_mm**2)


def _measured(
    view: ThinView, surface: Surface, centers: np.ndarray, balls: _Balls, nearest: float
) -> dict[str, np.ndarray]:
    """What the log odds are told from, each ``(K,)``."""
    beyond = _area_beyond(balls, surface.pixel_mm**2)
    contour = (balls.inside * (surface.pixel_mm * surface.contour)).sum(axis=1)
    return {
        "nearness": _nearness(centers[:, 2], nearest),
        "palm": _palm(view, centers),
        "area": np.minimum(balls.weights.sum(axis=1), _LARGEST_MM2) / 10_000,
        "contour": np.minimum(contour / 1000, _LONGEST_CONTOUR_M),
        "arm": np.hypot(*balls.arms.T),
        "staying": balls.walks.stays.mean(axis=1),
        "beyond": beyond / (beyond + _HALF_BEYOND_MM2),
    }


def _log_odds(measured: dict[str, np.ndarray]) -> np.ndarray:
    return _BIAS + sum(_WEIGHTS[name] * values for name, values in measured.items())


def _nearness(z: np.ndarray, nearest: float) -> np.ndarray:
    """1 for the nearest surface, 1/2 at 600 mm behind it."""
    return 1 / (1 + np.maximum(0.0, z - nearest) / _HALF_NEAR_MM)


def _palm(view: ThinView, centers: np.ndarray) -> np.ndarray:
    """Share ``(K,)`` of a ring around each place that is on its surface."""
    height, width = view.z.shape
    u, v, d = view.camera.xyz_to_uvd(centers).T[:, :, None]
    columns = np.rint(u + _RING_DIRECTIONS[:, 0] * (_RING_MM * view.camera.fx / d)).astype(np.int32)
    rows = np.rint(v + _RING_DIRECTIONS[:, 1] * (_RING_MM * view.camera.fy / d)).astype(np.int32)
    outside = (columns < 0) | (rows < 0) | (columns >= width) | (rows >= height)
    z = view.z.ravel()[np.where(outside, 0, rows * width + columns)]
    return (outside | ((z > 0) & (np.abs(z - d) < _RING_DEPTH_MM))).mean(axis=1)


def _area_beyond(balls: _Balls, area: np.ndarray) -> np.ndarray:
    """Surface ``(K,)`` in mm^2, of points' ``(N,)``, that goes on where a hand ought to end, opposite to the arm."""
    offsets, directions = balls.offsets, balls.arms
    aside = np.abs(offsets[..., 0] * directions[:, 1, None] - offsets[..., 1] * directions[:, 0, None])
    ahead = -balls.along
    cone = (ahead > _BEYOND_MM) & (ahead < _TOO_FAR_BEYOND_MM)
    cone &= (aside < _CONE_ASIDE * ahead) & (np.abs(offsets[..., 2]) < _CONE_IN_DEPTH * ahead)
    return np.where(np.hypot(*directions.T) < _LEAST_ARM, 0.0, cone @ area)
