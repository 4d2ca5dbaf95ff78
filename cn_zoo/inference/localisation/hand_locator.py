"""Find hands in whole depth images by two small networks, for any camera.

1. The finder looks at the whole image, thinned to a fixed focal length, and names cells where hands may be.
2. The judge looks at a cube of 300 mm around each such place: is this a hand, which one, and where is its centre? Where
   the place was far off, it looks once more.

Where no place is surely a hand, the judge is also asked about the one that geometry names (`locate_hand`): the finder,
which sees little of each hand, misses some that stand before a near surface.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import LABELLED, Camera, HandCrop
from cn_zoo.geometry.frame_view import JUDGE_CUBE_MM, FrameView
from cn_zoo.inference.localisation.distinct_hands import distinct_hands
from cn_zoo.inference.localisation.geometric import locate_hand
from cn_zoo.inference.localisation.hand_finder import NEAREST_MM, HandFinder
from cn_zoo.inference.localisation.hand_location import HandLocation, no_hand_error
from cn_zoo.inference.localisation.place_evidence import PlaceEvidence
from cn_zoo.inference.log_odds import to_probability
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.zoo.locator_record import LOCATOR_FILE, LOCATOR_FOLDER, LocatorRecord

#: The judge is asked about so many places at most, and one more for each further hand that is wanted.
_PLACES = 3
#: Geometry is asked where no place is as likely as this.
_SETTLED = 0.9
#: A place that geometry names counts as much as one of these log odds of the finder: of its better ones.
_GEOMETRY_LOG_ODDS = 0.0
#: The judge looks again where the centre was this far off, in mm.
_FAR_OFF_MM = 20.0
#: Around its centre, this much is a hand's.
_HAND_RADIUS_MM = 70.0


class HandLocator:
    """The two networks, loaded.

    Args:
        record: what they are, and where.

    Raises:
        WeightsError: a file is missing, broken, or fails its hash.
    """

    def __init__(self, record: LocatorRecord) -> None:
        self.record = record
        self._finder = HandFinder(record.path("finder"))
        self._judge = open_runtime(record.path("judge"))

    @classmethod
    @cache
    def load(cls, folder: Path = LOCATOR_FOLDER) -> HandLocator:
        """The locator in a folder, read once.

        Raises:
            WeightsError: there is none, its record is damaged, or a file is missing, broken, or fails its hash.
        """
        return cls(LocatorRecord.load(folder))

    @classmethod
    @cache
    def find(cls, folder: Path = LOCATOR_FOLDER) -> HandLocator | None:
        """The locator in a folder, read once, for who can do without; None where there is none, with a warning.

        Raises:
            WeightsError: its record is damaged, or a file is missing, broken, or fails its hash.
        """
        if LocatorRecord.is_in(folder):
            return cls.load(folder)
        # Geometry stands in, with much worse answers: nobody should get these unawares.
        warnings.warn(
            f"{folder / LOCATOR_FILE}: is missing, so hands are found by geometry alone, far less surely; install "
            "cn_zoo again",
            stacklevel=2,
        )
        return None

    def locate(
        self, depth_mm: np.ndarray, camera: Camera, skeleton: str = "msra", max_hands: int = 1, hand: str = "auto"
    ) -> list[HandLocation]:
        """Find hands by the locator's own word, the likeliest first.

        Args:
            depth_mm, camera, skeleton, max_hands: as for `candidates`.
            hand: ``"right"`` or ``"left"``: which to prefer where both are in view; ``"auto"``: neither.

        Raises:
            NoHandError: nothing in the picture looks like a hand.
            ValueError: as for `candidates`.
        """
        found = self.candidates(depth_mm, camera, skeleton, max_hands)
        hands = [each for each in found if each.confidence >= self.record.threshold]
        if not hands:
            raise no_hand_error(max((each.confidence for each in found), default=0.0))
        hands.sort(key=lambda each: -each.confidence * (1 + _wanted(each, hand)))
        return hands[:max_hands]

    def candidates(
        self,
        depth_mm: np.ndarray,
        camera: Camera,
        skeleton: str = "msra",
        max_hands: int = 1,
        known: Sequence[tuple[float, float, float]] = (),
    ) -> list[HandLocation]:
        """Places where hands may be, the likeliest first; most of them are none.

        Args:
            depth_mm: ``(H, W)`` mm; 0, negative and non-finite mean no measurement.
            camera: that took the image.
            skeleton: whose joints' mean the centre is to be: ``"nyu"``, ``"icvl"`` or ``"msra"``.
            max_hands: how many hands are wanted.
            known: centres (u px, v px, d mm) of hands that were found already, and are taken out of the image: beside
                a hand, or behind it, the finder overlooks others.

        Raises:
            ValueError: ``max_hands`` is less than 1, or an unknown skeleton.
        """
        if max_hands < 1:
            raise ValueError(f"max_hands is at least 1; received {max_hands}")
        if skeleton not in LABELLED:
            raise ValueError(f"a skeleton is one of {', '.join(LABELLED)}; received {skeleton!r}")
        which = LABELLED.index(skeleton)
        depth_mm = _without(depth_mm, camera, known) if known else depth_mm
        evidence = self.evidence(depth_mm, camera, _PLACES + max_hands - 1)
        found = [self._location(each, which, camera) for each in evidence]
        if all(each.confidence < _SETTLED for each in found):
            found += [self._location(each, which, camera) for each in self._evidence_of_geometry(depth_mm, camera)]
        found.sort(key=lambda each: -each.confidence)
        return distinct_hands(found, lambda hand: camera.uvd_to_xyz(np.array(hand.center_uvd)))

    def evidence(self, depth_mm: np.ndarray, camera: Camera, count: int = _PLACES) -> list[PlaceEvidence]:
        """What is to be said of the likeliest places, ``count`` at most; arguments as for `candidates`."""
        places, log_odds = self._finder.places(FrameView.of(depth_mm, camera), count)
        return [
            self._look_twice(depth_mm, camera, place, odds)
            for place, odds in zip(places, log_odds.tolist(), strict=True)
        ]

    def _evidence_of_geometry(self, depth_mm: np.ndarray, camera: Camera) -> list[PlaceEvidence]:
        """What is to be said of the place that geometry names, if it names one."""
        try:
            place = camera.uvd_to_xyz(locate_hand(depth_mm, camera).center_uvd)
        except NoHandError:
            return []
        return [self._look_twice(depth_mm, camera, place, _GEOMETRY_LOG_ODDS)]

    def _look_twice(self, depth_mm: np.ndarray, camera: Camera, place: np.ndarray, finder: float) -> PlaceEvidence:
        evidence = self._look(depth_mm, camera, place, finder)
        center = evidence.centers[-1]
        if math.dist(center, place) < _FAR_OFF_MM or center[2] < NEAREST_MM:
            return evidence
        return self._look(depth_mm, camera, center, finder)

    def _look(self, depth_mm: np.ndarray, camera: Camera, place: np.ndarray, finder: float) -> PlaceEvidence:
        crop = HandCrop(camera, tuple(camera.xyz_to_uvd(place)), JUDGE_CUBE_MM)
        outputs = self._judge.run(crop.cut(depth_mm))
        hand, left = outputs["hand"].tolist()
        return PlaceEvidence(
            finder, hand, to_probability(-left), camera.uvd_to_xyz(crop.crop_to_uvd(outputs["centers"]))
        )

    def _location(self, evidence: PlaceEvidence, which: int, camera: Camera) -> HandLocation:
        score = self.record.score
        odds = score["bias"] + score["finder"] * evidence.finder + score["judge"] * evidence.judge
        u, v, d = camera.xyz_to_uvd(evidence.centers[which])
        return HandLocation((float(u), float(v), float(d)), to_probability(odds), evidence.right)


def _without(depth_mm: np.ndarray, camera: Camera, hands: Sequence[tuple[float, float, float]]) -> np.ndarray:
    """The image (H, W) without what lies around hand centres (u px, v px, d mm)."""
    left = depth_mm.copy()
    for u, v, d in hands:
        # The ball's outline in the image; what is nearer than its centre spreads a little farther.
        reach = _HAND_RADIUS_MM / max(d - _HAND_RADIUS_MM, NEAREST_MM)
        rows, columns = (
            slice(max(math.floor(middle - reach * focal), 0), math.ceil(middle + reach * focal) + 1)
            for middle, focal in ((v, camera.fy), (u, camera.fx))
        )
        window = left[rows, columns]
        down, right = np.indices(window.shape)
        xyz = camera.uvd_to_xyz(np.stack([right + columns.start, down + rows.start, window], axis=-1))
        center = camera.uvd_to_xyz(np.array([u, v, d]))
        window[np.linalg.norm(xyz - center, axis=-1) < _HAND_RADIUS_MM] = 0
    return left


def _wanted(location: HandLocation, hand: str) -> float:
    """Probability that a hand is of the wanted side. Less is to be trusted than that it is one at all."""
    return {"right": location.right, "left": 1 - location.right, "auto": 1.0}[hand]
