"""Dataset labels by geometry: every dataset's joint is a fixed blend of anatomical landmarks."""

from __future__ import annotations

import numpy as np

from cn_zoo.synthesis.posed_hand import LANDMARKS, PosedHand

_FINGERS = ("index", "middle", "ring", "little")


def label_joints(posed: PosedHand, skeleton: str) -> np.ndarray:
    """The joints that a dataset's annotation holds.

    Args:
        posed: the hand.
        skeleton: ``"nyu"`` (14 scored), ``"nyu36"``, ``"icvl"`` (16) or ``"msra"`` (21).

    Returns:
        ``(J, 3)`` float64 xyz, mm, in the dataset's own joint order, in the hand's frame.
    """
    return BLENDS[skeleton] @ posed.joints


#: A label point: landmark name -> weight; weights sum to 1.
Point = dict[str, float]


def _along(start: str, end: str, share: float) -> Point:
    return {start: 1.0 - share, end: share}


def _msra() -> list[Point]:
    fingers = [{f"{finger}_{joint}": 1.0} for finger in _FINGERS for joint in ("mcp", "pip", "dip", "tip")]
    return [{"wrist": 1.0}, *fingers, *({f"thumb_{joint}": 1.0} for joint in ("cmc", "mcp", "ip", "tip"))]


_ICVL_PALM: Point = {"wrist": 0.36, "index_mcp": 0.2, "middle_mcp": 0.16, "ring_mcp": 0.14, "little_mcp": 0.14}


def _icvl() -> list[Point]:
    """Tips lie in the last phalanx, not on the skin."""
    points: list[Point] = [_ICVL_PALM]
    points += [{"thumb_cmc": 0.5, "thumb_mcp": 0.5}, {"thumb_ip": 1.0}, _along("thumb_ip", "thumb_tip", 0.8)]
    for finger in _FINGERS:
        points += [{f"{finger}_mcp": 1.0}, {f"{finger}_pip": 1.0}, _along(f"{finger}_dip", f"{finger}_tip", 0.3)]
    return points


_NYU_PALM: Point = {"wrist": 0.4, "index_mcp": 0.15, "middle_mcp": 0.15, "ring_mcp": 0.15, "little_mcp": 0.15}


def _nyu36() -> list[Point]:
    points: list[Point] = []
    for finger in reversed(_FINGERS):
        points += [
            _along(f"{finger}_dip", f"{finger}_tip", 0.85),
            {f"{finger}_dip": 1.0},
            _along(f"{finger}_pip", f"{finger}_dip", 0.5),
            {f"{finger}_pip": 1.0},
            _along(f"{finger}_mcp", f"{finger}_pip", 0.5),
            {f"{finger}_mcp": 1.0},
        ]
    points += [
        _along("thumb_ip", "thumb_tip", 0.85),
        {"thumb_ip": 1.0},
        _along("thumb_mcp", "thumb_ip", 0.5),
        {"thumb_mcp": 1.0},
        _along("thumb_cmc", "thumb_mcp", 0.5),
        {"thumb_cmc": 1.0},
    ]
    ulnar = {"wrist": 1.0, "little_mcp": 0.2, "index_mcp": -0.2}
    radial = {"wrist": 1.0, "little_mcp": -0.2, "index_mcp": 0.2}
    points += [ulnar, radial, _NYU_PALM, {"index_mcp": 1.0}, {"middle_mcp": 0.5, "ring_mcp": 0.5}, {"little_mcp": 1.0}]
    return points


_NYU_SCORED = (0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32)


def _matrix(points: list[Point]) -> np.ndarray:
    return np.array([[point.get(name, 0.0) for name in LANDMARKS] for point in points])


#: ``(J, 21)`` blend of landmarks per skeleton.
BLENDS: dict[str, np.ndarray] = {
    "nyu36": _matrix(_nyu36()),
    "nyu": _matrix([_nyu36()[i] for i in _NYU_SCORED]),
    "icvl": _matrix(_icvl()),
    "msra": _matrix(_msra()),
}
