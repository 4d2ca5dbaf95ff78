"""Does a pose push one part of the hand through another? Bones as capsules, compared pair by pair."""

from __future__ import annotations

from functools import cache

import numpy as np

from cn_zoo.synthesis._jit import jit
from cn_zoo.synthesis.bones import BONES, METACARPALS, NEXT
from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.kinematics import bone_transforms

#: Skin gives way: overlaps up to this much are touching, mm.
SOFT_MM = 5.0


def penetration(angles: np.ndarray) -> float:
    """How deep the worst pair of bones' capsules of the average hand overlap beyond touching, mm; 0 is free."""
    heads, frames, radii, pairs = _average_hand()
    _, posed = bone_transforms(angles, heads, frames)
    return _deepest(posed, radii, pairs)


@cache
def _average_hand() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Bone heads, rest frames, radii of the bones, and the pairs of bones that can collide."""
    hand = HandModel.load().mean_shape()
    radii = np.zeros(len(BONES))
    for bone in range(2, len(BONES)):
        mine = (hand.mesh.weight_indices[:, 0] == bone) & (hand.mesh.weights[:, 0] > 0.5)
        around = (hand.vertices[mine] - hand.heads[bone]) @ hand.frames[bone][:, [0, 2]]
        radii[bone] = np.median(np.linalg.norm(around, axis=1)) if mine.any() else 9.0
    radii[METACARPALS] = 9.0  # the palm is thicker than its bones' own skin says
    return hand.heads, hand.frames, radii, np.array(_pairs(), dtype=np.int32)


def _pairs() -> list[tuple[int, int, int, int]]:
    """Pairs that can collide, as (bone, bone, end of the one, end of the other)."""
    pairs = []
    for a in range(2, len(BONES)):
        for b in range(a + 1, len(BONES)):
            part_a, level_a = BONES[a].split("_")
            part_b, level_b = BONES[b].split("_")
            web = (("1", "1"), ("1", "2"), ("2", "1"))
            thumb_at_web = part_a == "thumb" and (level_a, level_b) in web
            knuckles = part_a != "thumb" and level_a in "12" and level_b in "12"
            if part_a != part_b and not thumb_at_web and not knuckles:
                pairs.append((a, b, NEXT[a], NEXT[b]))
    return pairs


@jit()
def _deepest(points, radii, pairs):  # noqa: ANN001, ANN202
    worst = 0.0
    for i in range(pairs.shape[0]):
        a, b, end_a, end_b = pairs[i]
        reach = radii[a] + radii[b] - SOFT_MM
        distance = _segment_distance(points[a], points[end_a], points[b], points[end_b])
        worst = max(worst, reach - distance)
    return worst


@jit()
def _segment_distance(p, p_end, q, q_end):  # noqa: ANN001, ANN202
    """Distance between two segments (Ericson, Real-Time Collision Detection, 5.1.9)."""
    a = b = c = e = f = 0.0
    for i in range(3):
        u, v, r = p_end[i] - p[i], q_end[i] - q[i], p[i] - q[i]
        a += u * u
        e += v * v
        b += u * v
        c += u * r
        f += v * r
    below = a * e - b * b
    s = min(max((b * f - c * e) / below, 0.0), 1.0) if below > 1e-9 else 0.0
    t = (b * s + f) / e
    if t < 0.0:
        t, s = 0.0, min(max(-c / a, 0.0), 1.0)
    elif t > 1.0:
        t, s = 1.0, min(max((b - c) / a, 0.0), 1.0)
    distance = 0.0
    for i in range(3):
        gap = p[i] + s * (p_end[i] - p[i]) - q[i] - t * (q_end[i] - q[i])
        distance += gap * gap
    return np.sqrt(distance)
