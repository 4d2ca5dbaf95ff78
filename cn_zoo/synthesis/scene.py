"""What stands around the hand: its owner's body, furniture, held and passing things."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cn_zoo.synthesis.presets import SceneShares
from cn_zoo.synthesis.rotation import random_rotation
from cn_zoo.synthesis.solids import box, ellipsoid, limb, plane

#: What of a hand's mesh, arm included, is the hand: so far from its centre along each axis, in mm.
_NEAR_THE_HAND_MM = 110.0


@dataclass(frozen=True)
class PlacedHand:
    """Where a hand is, for what is put around it. Camera coordinates, mm.

    Attributes:
        vertices: (V, 3) float32 of the mesh.
        center: (3,) hand centre.
        wrist, elbow: (3,).
        palm: (3,) middle of the palm, inside the hand.
        rotation: (3, 3) turns the rest hand (fingers -y, palm -z, thumb +x) into place.
    """

    vertices: np.ndarray
    center: np.ndarray
    wrist: np.ndarray
    elbow: np.ndarray
    palm: np.ndarray
    rotation: np.ndarray

    @property
    def palm_side(self) -> np.ndarray:
        """Unit vector out of the palm."""
        return -self.rotation[:, 2]

    @property
    def fingers_side(self) -> np.ndarray:
        """Unit vector from the wrist to the fingers."""
        return -self.rotation[:, 1]


def draw_scene(shares: SceneShares, hand: PlacedHand, rng: np.random.Generator) -> np.ndarray:
    """Draw what is around a hand.

    Args:
        shares: how often what is there.
        hand: the hand, in place.
        rng: decides all randomness.

    Returns:
        (N, 14) solids for `cast_solids`.
    """
    behind, *luck = rng.random(4)
    solids = _draw_behind(shares, behind, hand, rng)
    if luck[0] < shares.sleeve:
        solids.append(_sleeve(hand, rng))
    if luck[1] < shares.held:
        solids.append(_held_thing(hand, rng))
    if luck[2] < shares.passing:
        solids.append(_passing_thing(hand, rng))
    return np.array(solids).reshape(-1, 14)


def _draw_behind(shares: SceneShares, luck: float, hand: PlacedHand, rng: np.random.Generator) -> list[np.ndarray]:
    choices = (
        (shares.body, _body),
        (shares.wall, _wall),
        (shares.table, _table),
        (shares.clutter, _clutter),
        (shares.lying, _table_below),
        (shares.resting, _table_under),
    )
    for share, draw in choices:
        if luck < share:
            return draw(hand, rng)
        luck -= share
    return []


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * rng.random()


def _body(hand: PlacedHand, rng: np.random.Generator) -> list[np.ndarray]:
    """Torso, shoulders, neck, head and the upper arm of the hand's owner, some way behind the hand."""
    size = _between(rng, 0.85, 1.12)
    gap = _between(rng, 60, 220) if rng.random() < 0.5 else _between(rng, 200, 650)
    depth = size * _between(rng, 95, 140)
    chest = hand.center + np.array([_between(rng, -380, 320), _between(rng, -120, 420), gap + depth])
    tilt = _between(rng, -0.35, 0.35)
    up = np.array([math.sin(tilt), -math.cos(tilt), _between(rng, -0.35, 0.15)])
    up /= math.sqrt(up @ up)
    side = np.array([math.cos(tilt), math.sin(tilt), _between(rng, -0.4, 0.4)])
    waist = chest - up * 420 * size
    top = chest + up * 130 * size
    neck = chest + up * 240 * size
    skull = chest + up * 340 * size + np.array([_between(rng, -40, 40), 0, _between(rng, -70, 10)])
    elbow = hand.elbow
    shoulder = top + side * (170 if elbow @ side > chest @ side else -170) * size
    radius = 165 * size
    return [
        limb(waist, chest, radius * 0.9, radius, flat=depth / radius),
        ellipsoid(chest + up * 60 * size, np.stack([side * 205 * size, up * 130 * size, [0, 0, depth]])),
        limb(top, neck, 62 * size, 56 * size),
        ellipsoid(skull, np.diag([78.0, 112.0, 98.0]) * size),
        ellipsoid(skull + np.array([0, 20, -95]) * size, np.diag([14.0, 26.0, 22.0]) * size),
        limb(elbow, shoulder, 42 * size, 55 * size),
    ]


def _tilted(rng: np.random.Generator, degrees: float) -> np.ndarray:
    """A unit normal towards the camera, tilted by up to some degrees in any direction."""
    angle = math.radians(degrees) * math.sqrt(rng.random())
    around = 2 * math.pi * rng.random()
    return np.array([math.sin(angle) * math.cos(around), math.sin(angle) * math.sin(around), -math.cos(angle)])


def _wall(hand: PlacedHand, rng: np.random.Generator) -> list[np.ndarray]:
    normal = _tilted(rng, 45)
    gap = _between(rng, 100, 300) if rng.random() < 0.4 else _between(rng, 250, 1500)
    return [plane(hand.center + np.array([0, 0, gap]), normal)]


def _table(hand: PlacedHand, rng: np.random.Generator) -> list[np.ndarray]:
    """A plane on the far side of the whole hand: the hand lies on it or hovers over it."""
    normal = _tilted(rng, 65)
    lowest = float((hand.vertices[::7] @ normal.astype(np.float32)).min())
    # The arm may go through the table's plane, so only what is near the hand must stay above.
    near = np.abs(hand.vertices[::7] - hand.center.astype(np.float32)).max(axis=1) < 130
    if near.any():
        lowest = float((hand.vertices[::7][near] @ normal.astype(np.float32)).min())
    gap = _between(rng, -4, 15) if rng.random() < 0.35 else _between(rng, 10, 220)
    point = normal * (lowest - gap)
    solids = [plane(point, normal)]
    if rng.random() < 0.4:
        solids += [_loose_thing(hand.center + _sideways(rng, 90, 260) - normal * gap, rng) for _ in range(2)]
    return solids


def _flat_thing(center: np.ndarray, normal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A low heap or box on a surface: paper, cloth, a phone, or what a sensor makes of a shiny spot."""
    along = np.cross(normal, rng.standard_normal(3))
    along /= math.sqrt(along @ along)
    length, width, height = rng.uniform(20, 90), rng.uniform(15, 60), rng.uniform(3, 25)
    axes = np.stack([along * length, np.cross(normal, along) * width, normal * height])
    return (ellipsoid if rng.random() < 0.6 else box)(center, axes)


def _hand_alone(hand: PlacedHand) -> np.ndarray:
    """Some vertices (N, 3) of the hand without its arm, from its centre."""
    near = hand.vertices[::7].astype(np.float64) - hand.center
    return near[np.abs(near).max(axis=1) < _NEAR_THE_HAND_MM]


def _table_below(hand: PlacedHand, rng: np.random.Generator) -> list[np.ndarray]:
    """A table on which the hand lies with its broad side."""
    near = _hand_alone(hand)
    normal = np.linalg.eigh(np.cov(near.T))[1][:, 0]
    normal *= -math.copysign(1.0, normal[2])
    normal += 0.2 * rng.standard_normal(3)
    # Tables are not seen from below, nor along their surface.
    normal[2] = min(normal[2], -0.6)
    normal /= math.sqrt(normal @ normal)
    # A part of the hand may sink in: sensors press flat what lies on a surface.
    lowest = np.quantile(near @ normal, _between(rng, 0.0, 0.2))
    return _set_table(hand, normal, lowest, rng)


def _table_under(hand: PlacedHand, rng: np.random.Generator) -> list[np.ndarray]:
    """A table all but parallel to the palm, on which the hand lies or over which it is held."""
    normal = hand.palm_side + 0.12 * rng.standard_normal(3)
    # The side that is seen: of the table it is the upper one. At the least it is seen from ten degrees above.
    normal *= -math.copysign(1.0, normal[2])
    normal[2] = min(normal[2], -0.17)
    normal /= math.sqrt(normal @ normal)
    near = _hand_alone(hand)
    gap = 0.0 if rng.random() < 0.6 else _between(rng, 5, 90)
    # What lies there sinks in a little: sensors press it flat.
    return _set_table(hand, normal, np.quantile(near @ normal, _between(rng, 0.0, 0.15)) - gap, rng)


def _set_table(hand: PlacedHand, normal: np.ndarray, height: float, rng: np.random.Generator) -> list[np.ndarray]:
    """A table with flat things beside the hand; its height above the hand's centre along the normal is negative."""
    solids = [plane(hand.center + height * normal, normal)]
    while rng.random() < 0.6:
        aside = rng.uniform(-350, 350, 3)
        place = hand.center + aside - (aside @ normal - height) * normal
        solids.append(_flat_thing(place, normal, rng))
    return solids


def _clutter(hand: PlacedHand, rng: np.random.Generator) -> list[np.ndarray]:
    """Furniture and things behind the hand, at any depth."""
    return [
        _loose_thing(hand.center + _sideways(rng, 0, 260) + np.array([0, 0, _between(rng, 120, 500)]), rng, grow=3.0)
        for _ in range(4)
    ]


def _sideways(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    around, far = 2 * math.pi * rng.random(), _between(rng, low, high)
    return np.array([far * math.cos(around), far * math.sin(around), 0.0])


def _loose_thing(center: np.ndarray, rng: np.random.Generator, grow: float = 1.0) -> np.ndarray:
    """A ball, a box, a bottle or a stick."""
    axes = random_rotation(rng)
    kind = int(rng.integers(4))
    sizes = grow * (12 + 33 * rng.random(3))
    if kind == 0:
        return ellipsoid(center, axes * sizes.mean())
    if kind == 1:
        return box(center, axes * sizes[:, None])
    along = axes[2] * (grow * _between(rng, 50, 90))
    radius = sizes[0] if kind == 2 else 5 + 0.1 * sizes[0]
    return limb(center - along, center + along, radius, radius * _between(rng, 0.7, 1.0))


def _sleeve(hand: PlacedHand, rng: np.random.Generator) -> np.ndarray:
    arm = hand.elbow - hand.wrist
    arm /= math.sqrt(arm @ arm)
    start = hand.wrist + arm * _between(rng, 5, 170)
    width = _between(rng, 36, 52)
    return limb(start, hand.wrist + arm * 420, width, width + _between(rng, 5, 22), flat=_between(rng, 0.8, 1.0))


def _held_thing(hand: PlacedHand, rng: np.random.Generator) -> np.ndarray:
    """A thing between palm and fingers, not fitted to the grasp: partly inside the hand is fine for a depth image."""
    center = (
        hand.palm + hand.palm_side * _between(rng, 22, 50) + hand.fingers_side * _between(rng, -15, 75)
        + hand.rotation[:, 0] * _between(rng, -30, 40)
    )  # fmt: skip
    return _loose_thing(center, rng)


def _passing_thing(hand: PlacedHand, rng: np.random.Generator) -> np.ndarray:
    """A thing nearer than the hand that hides a part of it or nothing."""
    center = hand.center + _sideways(rng, 55, 130)
    return _loose_thing(center * (1 - _between(rng, 30, 140) / center[2]), rng)
