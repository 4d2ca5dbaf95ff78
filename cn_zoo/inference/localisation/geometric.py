"""Find the hand in a depth image by geometry alone, without a network.

1. The picture is thinned to about 160 columns (`_thin_view`), and large flat surfaces (tables, walls) are taken out
   (`_planes`).
2. A grid of places on what remains is judged by how far a straight walk stays on the same surface in each
   direction (`_walks`): on a hand nearly all walks leave it after 20 to 50 mm, and those that do not all follow the
   arm. On a forearm two opposite bundles stay, on heads and torsos most walks are too long.
3. From the best places a ball's centre of mass wanders to the end of the limb, the arm cut off behind the wrist
   (`_places`).
4. A few measurements there (how near, how large, how long the contour: fingers have much of it, arms, elbows and
   heads little) give the odds that it is a hand.
"""

from __future__ import annotations

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import HAND_RANGE_MM, Camera
from cn_zoo.inference.localisation._places import BALL_MM, Places, places_of
from cn_zoo.inference.localisation._planes import without_planes
from cn_zoo.inference.localisation._surface import surface_of
from cn_zoo.inference.localisation._thin_view import thin
from cn_zoo.inference.localisation.hand_location import HandLocation

#: The joints' mean lies so far behind the surface that is seen; measured on real frames with labelled joints.
_JOINTS_BEHIND_SURFACE_MM = 11.0
_LEAST_CONFIDENCE = 0.03
#: Places farther apart than this are different hands: two balls do not touch.
_APART_MM = 2 * BALL_MM


def locate_hand(depth_mm: np.ndarray, camera: Camera) -> HandLocation:
    """Find the most plausible, nearest hand.

    Args:
        depth_mm: ``(H, W)`` depth in mm; 0, negative and non-finite mean no measurement.
        camera: the camera that took the image.

    Raises:
        NoHandError: nothing in the picture looks like a hand.
    """
    view = without_planes(thin(depth_mm, camera))
    surface = surface_of(view)
    if not len(surface.xyz):
        near, far = HAND_RANGE_MM
        raise NoHandError(
            f"no hand found: nothing but flat background between {near:.0f} and {far:.0f} mm; "
            "check the depth scale, or give the centre"
        )
    places = places_of(view, surface)
    best = places.log_odds.argmax() if len(places.centers) else None
    confidence = 0.0 if best is None else _confidence(places, best)
    if confidence < _LEAST_CONFIDENCE:
        raise NoHandError("no hand found: nothing of a hand's size and shape; check the camera, or give the centre")
    u, v, d = camera.xyz_to_uvd(places.centers[best] + [0.0, 0.0, _JOINTS_BEHIND_SURFACE_MM])
    return HandLocation((float(u), float(v), float(d)), confidence)


def _confidence(places: Places, best: int) -> float:
    """The best place's share of the odds: against no hand at all, and against hands elsewhere."""
    odds = np.exp(places.log_odds)
    elsewhere = np.linalg.norm(places.centers - places.centers[best], axis=1) > _APART_MM
    return float(odds[best] / (1 + odds[best] + odds[elsewhere].sum()))
