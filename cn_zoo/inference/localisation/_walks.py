"""Straight walks along the surface, and what their lengths tell of a place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.inference.localisation._thin_view import ThinView

_WALKS = 16
_STEP_MM = 14.0
_RADII_MM = np.arange(14.0, 141.0, _STEP_MM, dtype=np.float32)
_ANGLES = np.arange(_WALKS) * (2 * np.pi / _WALKS)
_DIRECTIONS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1).astype(np.float32)
_U, _V = _DIRECTIONS.T[:, :, None] * _RADII_MM
#: How far a step may rise or fall in depth, in mm, and more of it farther out: limbs point every way.
_RISE_MM, _RISE_PER_MM = 45, 0.5
_RISES = _RISE_MM + _RISE_PER_MM * _RADII_MM

#: A place is as wide as the walk that so many are shorter than: those along an arm or a finger are not among them.
_SHORTER_WALKS = _WALKS // 4
#: Fingers are as narrow as this, in mm; so much wider, it is a palm.
_FINGER_MM, _FINGER_TO_PALM_MM = 8, 20
#: Heads and torsos are as wide as this, in mm; so much narrower, it is a palm.
_TOO_WIDE_MM, _PALM_TO_TOO_WIDE_MM = 78, 22
#: On no hand such a share of walks stays on the surface; one with so much less of them is free.
_TOO_MANY_STAY, _FREE_TO_TOO_MANY = 0.55, 0.35
#: How much like a hand's a number of limbs that leave the place is: none (the arm points away), one, or more.
_LIMBS_LIKENESS = np.array([0.75, 1.0, 0.5])


@dataclass(frozen=True)
class Walks:
    """Straight walks over the surface from N places.

    Attributes:
        length_mm: ``(N, 16)`` how far each goes.
        stays: ``(N, 16)`` whether it was still on the surface at its end, after 126 mm or at the image's border.
    """

    length_mm: np.ndarray
    stays: np.ndarray


def walk(view: ThinView, xyz: np.ndarray) -> Walks:
    """Walk in all directions from places ``(N, 3)`` mm."""
    height, width = view.z.shape
    start = view.camera.xyz_to_uvd(xyz).astype(np.float32)[:, :, None, None]
    u = start[:, 0] + _U * np.float32(view.camera.fx) / start[:, 2]
    v = start[:, 1] + _V * np.float32(view.camera.fy) / start[:, 2]
    column, row = (u + 0.5).astype(np.int32), (v + 0.5).astype(np.int32)
    outside = (u < -0.5) | (v < -0.5) | (column >= width) | (row >= height)
    z = view.z.ravel()[np.where(outside, 0, row * width + column)]
    rise = z - start[:, 2]
    hidden = (rise < -_RISES) & (z > 0)  # behind something nearer
    # A border cuts through an arm, but through nothing where the picture was cut out around the hand.
    blocked = hidden & ~outside if view.tight else hidden | outside
    ended = blocked | outside | (rise > _RISES) | (z <= 0)
    ended[..., -1] = True  # the last step only tells who came so far
    steps = ended.argmax(axis=2)
    stays = np.take_along_axis(blocked, steps[..., None], axis=2)[..., 0] | (steps == len(_RADII_MM) - 1)
    return Walks(_RADII_MM[steps] - _STEP_MM / 2, stays)


def likeness(walks: Walks) -> np.ndarray:
    """How much each place looks like the middle of a hand, ``(N,)`` 0..1."""
    radius = np.partition(walks.length_mm, _SHORTER_WALKS, axis=1)[:, _SHORTER_WALKS]
    wide_enough = np.clip((radius - _FINGER_MM) / _FINGER_TO_PALM_MM, 0, 1)
    narrow_enough = np.clip((_TOO_WIDE_MM - radius) / _PALM_TO_TOO_WIDE_MM, 0, 1)
    free = np.clip((_TOO_MANY_STAY - walks.stays.mean(axis=1)) / _FREE_TO_TOO_MANY, 0, 1)
    limbs = (walks.stays & ~np.roll(walks.stays, 1, axis=1)).sum(axis=1)
    end_of_limb = _LIMBS_LIKENESS[np.minimum(limbs, len(_LIMBS_LIKENESS) - 1)]
    return wide_enough * narrow_enough * free * end_of_limb


def arms(walks: Walks) -> np.ndarray:
    """Mean image direction ``(N, 2)`` of the walks that stay on the surface, unit length or shorter."""
    directions = walks.stays.astype(np.float32) @ _DIRECTIONS
    return directions / np.maximum(1.0, np.hypot(*directions.T))[:, None]
