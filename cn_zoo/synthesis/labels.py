"""Dataset labels by geometry: every dataset's joint is a fixed blend of anatomical landmarks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from cn_zoo.geometry import SKELETONS
from cn_zoo.synthesis.posed_hand import LANDMARKS, PosedHand

_FINGERS = ("index", "middle", "ring", "little")


def label_joints(posed: PosedHand, skeleton: str) -> np.ndarray:
    """The joints that a dataset's annotation holds.

    Args:
        posed: the hand.
        skeleton: ``"nyu"`` (14 scored), ``"nyu36"``, ``"icvl"`` (16) or ``"msra"`` (21).

    Returns:
        ``(J, 3)`` float64 xyz, mm, in the dataset's own joint order and in the frame of ``posed`` (x right, y down, z
        forward).
    """
    return BLENDS[skeleton] @ posed.joints


#: A label point: landmark name -> weight; weights sum to 1.
Point = dict[str, float]


def _along(start: str, end: str, share: float) -> Point:
    return {start: 1.0 - share, end: share}


def _msra() -> list[Point]:
    fingers = [{f"{finger}_{joint}": 1.0} for finger in _FINGERS for joint in ("mcp", "pip", "dip", "tip")]
    return [{"wrist": 1.0}, *fingers, *({f"thumb_{joint}": 1.0} for joint in ("cmc", "mcp", "ip", "tip"))]


def _shifted(point: Point, lateral: float, up: float) -> Point:
    """Move a point in the palm: shares of the way from little to index knuckle, and from wrist to middle knuckle."""
    moved = dict(point)
    for name, weight in (("index_mcp", lateral), ("little_mcp", -lateral), ("middle_mcp", up), ("wrist", -up)):
        moved[name] = moved.get(name, 0.0) + weight
    return moved


#: ICVL's finger roots lie closer together than a hand's bones do: shift of each towards the palm's middle.
_ICVL_SQUEEZE = {"index": -0.11, "middle": -0.02, "ring": 0.05, "little": 0.13}


def _icvl() -> list[Point]:
    """ICVL's root, mid and tip are the middles of a finger's three bones: their distances in the labels say so.

    The thumb's root is set into the ball of the thumb; the palm lies on the little finger's side of the middle.
    """
    points = [
        _shifted({"wrist": 1.0}, -0.06, 0.64),
        _shifted(_along("thumb_cmc", "thumb_mcp", 0.6), -0.12, 0.05),
        _along("thumb_mcp", "thumb_ip", 0.5),
        _along("thumb_ip", "thumb_tip", 0.55),
    ]
    for finger, squeeze in _ICVL_SQUEEZE.items():
        joints = [f"{finger}_{joint}" for joint in ("mcp", "pip", "dip", "tip")]
        root, mid, tip = (_along(start, end, 0.5) for start, end in pairwise(joints))
        points += [_shifted(root, squeeze, 0.0), mid, tip]
    return points


def _nyu36() -> list[Point]:
    """NYU's 36, named in its files F1 (little) to F4 (index) x KNU3 A B, KNU2 A B, KNU1 A B, thumb, palm 1 to 6.

    Of the palm's points the first two lie below the wrist on the little finger's and the thumb's side, the third is the
    palm's centre; the rest are never scored.
    """
    points: list[Point] = []
    for finger in reversed(_FINGERS):
        points += [
            _along(f"{finger}_dip", f"{finger}_tip", 0.9),
            {f"{finger}_dip": 1.0},
            _along(f"{finger}_pip", f"{finger}_dip", 0.5),
            {f"{finger}_pip": 1.0},
            _along(f"{finger}_mcp", f"{finger}_pip", 0.5),
            {f"{finger}_mcp": 1.0},
        ]
    points += [
        _along("thumb_ip", "thumb_tip", 0.75),
        {"thumb_ip": 1.0},
        _along("thumb_mcp", "thumb_ip", 0.5),
        _along("thumb_cmc", "thumb_mcp", 0.8),
        _along("thumb_cmc", "thumb_mcp", 0.5),
        {"thumb_cmc": 1.0},
        _shifted({"wrist": 1.0}, -0.25, -0.07),
        _shifted({"wrist": 1.0}, 0.25, -0.16),
        _shifted({"wrist": 1.0}, -0.03, 0.65),
        _shifted({"wrist": 1.0}, 0.0, 0.3),
        {"index_mcp": 0.5, "middle_mcp": 0.5},
        {"ring_mcp": 0.5, "little_mcp": 0.5},
    ]
    return points


def _matrix(points: list[Point]) -> np.ndarray:
    return np.array([[point.get(name, 0.0) for name in LANDMARKS] for point in points])


#: ``(J, 21)`` blend of landmarks per skeleton.
BLENDS: dict[str, np.ndarray] = {
    "nyu36": _matrix(_nyu36()),
    "nyu": _matrix([_nyu36()[i] for i in SKELETONS["nyu"].source_indices]),
    "icvl": _matrix(_icvl()),
    "msra": _matrix(_msra()),
}
