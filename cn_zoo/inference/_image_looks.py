"""A depth image as the pose network looks at it: from any place, as a hand of either side, straight or turned."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import POSE_UNIT_MM, SKELETONS, Camera, HandCrop, Skeleton, turn_crop, turn_joints
from cn_zoo.inference.hand_odds import is_side_open, right_probability
from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.inference.localisation.hand_location import HandLocation
from cn_zoo.inference.runtimes import Outputs, Runtime
from cn_zoo.zoo import Preset

#: A crop with less of its pixels inside the cube shows no hand: the smallest fist fills about five times as much.
_LEAST_FILLED = 0.01
#: A crop centre this near to the mean of the joints needs no further look: training moves most crops as much.
_WELL_CENTERED_MM = 5.0
#: How many further looks there are at most. A third would change next to nothing.
_FURTHER_LOOKS = 2
#: A hand whose side is open is also looked at from so far aside, in mm: right, left, below and above.
_ASIDE_MM = 15.0
_DIRECTIONS = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
#: At the end a hand is also looked at turned by these angles: what all looks say together is nearer the truth.
_TURNS = (-math.radians(20.0), math.radians(20.0))


class ImageLooks:
    """The looks that a pose network takes at one depth image.

    Args:
        network: a pose estimator.
        preset: its record.
        depth_mm: ``(H, W)`` depth in mm, checked; 0 means no measurement.
        camera: that took the image.
    """

    def __init__(self, network: Runtime, preset: Preset, depth_mm: np.ndarray, camera: Camera) -> None:
        self._network, self._preset = network, preset
        self.depth_mm, self.camera = depth_mm, camera
        self.skeleton: Skeleton = SKELETONS[preset.skeleton]
        #: The mean of a usual hand's deviations, in mm; 0: not known.
        self.usual_mm = preset.sigma_mm

    def at(self, place: HandLocation, hand: str) -> HandPose:
        """The hand at a place.

        Args:
            place: where it is, with the locator's word on its side.
            hand: ``"right"`` or ``"left"``, what it is taken for; ``"auto"``: the likelier of the two, told by looks as
                both, and where they leave it open, from beside.

        Raises:
            NoHandError: there is nothing at the place.
        """
        if hand != "auto":
            return self._taken_for(hand, place)
        right, left = self.both(place)
        probability = right_probability(place.right, [(right, left)])
        if is_side_open(probability):
            probability = right_probability(place.right, [(right, left), *self.beside(place)])
        return right if probability >= 0.5 else left

    def both(self, place: HandLocation) -> tuple[HandPose, HandPose]:
        """A hand taken for a right one, and for a left one.

        Raises:
            NoHandError: there is nothing at the place.
        """
        return self._taken_for("right", place), self._taken_for("left", place)

    def beside(self, place: HandLocation) -> list[tuple[HandPose, HandPose]]:
        """The hand as a right and as a left one, seen from a little to the right of a place, the left, below and above.

        Crops turned instead told more on synthetic hands, but less on real ones.
        """
        center, looks = self.camera.uvd_to_xyz(np.array(place.center_uvd)), []
        for aside in _ASIDE_MM * _DIRECTIONS:
            # From there, next to nothing may be left of the hand.
            with suppress(NoHandError):
                looks.append(self.both(self._moved(place, center + aside)))
        return looks

    def centered(self, place: HandLocation, pose: HandPose, hand: str) -> HandPose:
        """Where the joints say that their mean is far from the centre, look from there: it tells them better.

        Sides are told better from there, too: if ``hand`` is ``"auto"``, the last look decides.

        Args:
            place: where the hand was seen from.
            pose: as it was seen from there.
            hand: as for `at`.
        """
        for _ in range(_FURTHER_LOOKS):
            mean = pose.xyz.mean(axis=0)
            if math.dist(mean, self.camera.uvd_to_xyz(pose.center_uvd)) < _WELL_CENTERED_MM:
                break
            try:
                pose = self.at(self._moved(place, mean), hand)
            except NoHandError:
                # The joints led away from the hand: the look before is the better one.
                break
        return pose

    def averaged_over_turns(self, pose: HandPose) -> HandPose:
        """Joints are the mean of what is seen straight and turned, weighed by the deviations of each look."""
        picture = pose.crop.cut(self.depth_mm)
        poses, sigmas = [pose.crop.uvd_to_crop(pose.uvd)], [pose.sigma]
        for angle in _TURNS:
            outputs = self._network.run(turn_crop(picture, angle))
            poses.append(turn_joints(outputs["pose"], -angle))
            sigmas.append(outputs["sigma"] * POSE_UNIT_MM)
        weights = np.stack(sigmas).astype(np.float64) ** -2
        weights /= weights.sum(axis=0)
        uvd = pose.crop.crop_to_uvd((weights[..., None] * poses).sum(axis=0))
        return replace(pose, uvd=uvd, xyz=self.camera.uvd_to_xyz(uvd), sigma=(weights * sigmas).sum(axis=0))

    def _taken_for(self, side: str, place: HandLocation) -> HandPose:
        """One look at a place."""
        crop = HandCrop(self.camera, place.center_uvd, self._preset.cube_mm, mirror=side != self._preset.hand)
        picture = crop.cut(self.depth_mm)
        if np.count_nonzero(picture < 1.0) < _LEAST_FILLED * picture.size:
            u, v, d = place.center_uvd
            raise NoHandError(f"nothing within the crop cube around u {u:.0f}, v {v:.0f}, d {d:.0f} mm; check --center")
        return self._to_hand_pose(self._network.run(picture), crop, place, side)

    def _moved(self, place: HandLocation, xyz: np.ndarray) -> HandLocation:
        """The place, moved to ``(3,)`` xyz mm."""
        return replace(place, center_uvd=tuple(self.camera.xyz_to_uvd(xyz)))

    def _to_hand_pose(self, outputs: Outputs, crop: HandCrop, place: HandLocation, side: str) -> HandPose:
        shows_hand, fits_side = outputs["hand"].tolist()
        uvd = crop.crop_to_uvd(outputs["pose"])
        sigma = outputs["sigma"].astype(np.float64) * POSE_UNIT_MM
        # How sure the joints are counts at the end, when all looks are taken.
        return HandPose(
            xyz=self.camera.uvd_to_xyz(uvd),
            uvd=uvd,
            sigma=sigma,
            latent=outputs["latent"],
            confidence=place.confidence,
            hand=side,
            skeleton=self.skeleton,
            camera=self.camera,
            crop=crop,
            shows_hand=shows_hand,
            fits_side=fits_side,
        )
