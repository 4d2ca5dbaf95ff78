"""One hand through the frames of a camera: followed, smoothed, and found again when lost."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import HAND_RANGE_MM, Camera
from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.inference.hand_pose_estimator import HANDS, HandPoseEstimator
from cn_zoo.inference.one_euro import JOINT_SMOOTHING, OneEuro, OneEuroFilter
from cn_zoo.io.depth_image import checked_depth
from cn_zoo.io.same_size import SameSize

#: Joints whose mean is this far from the crop's centre are looked at once more, from there.
_OFF_CENTER_MM = 25.0
#: Below this confidence the whole frame is searched as well. On synthetic frames nine hands in ten are above it, crops
#: of anything else nearly never.
_DOUBTFUL = 0.65
#: A crop whose centre is this near to where the hand should be stays where it is: each new one shifts the joints a bit.
_STAY_MM = 10.0
#: How long a doubtful hand that the search does not find is still believed in.
_PATIENCE_S = 0.3
#: Found further away, or later, it is another hand: smoothing and handedness start anew.
_SAME_HAND_MM, _SAME_HAND_S = 150.0, 0.5
#: A hand's way is not foretold for longer than this.
_FORESIGHT_S = 0.1
#: After so many frames it is settled whether it is a right or a left hand.
_VOTES = 15


class HandTracker:
    """Follows the one hand in a sequence of depth images.

    The last hand and its velocity tell where to look next. The whole frame is searched where nothing is there, where
    the estimate is doubtful, and where the hand has left the image. Joints are smoothed.

    Args:
        estimator: estimates single frames.
        rate: frames a second, for when ``update`` is not told the time.
        camera: the camera that takes the frames; by default the model's own.
        center: the hand's centre in the first frame (u px, v px, d mm); by default it is found.
        hand: ``"right"``, ``"left"``, or ``"auto"``: what most of the first frames say.
        smoothing: how much joints are smoothed.

    Raises:
        ValueError: ``hand`` is none of the three, or the rate is not positive.
    """

    def __init__(
        self,
        estimator: HandPoseEstimator,
        rate: float = 30.0,
        camera: Camera | None = None,
        center: tuple[float, float, float] | None = None,
        hand: str = "right",
        smoothing: OneEuro = JOINT_SMOOTHING,
    ) -> None:
        if hand not in HANDS:
            raise ValueError(f"hand is one of {', '.join(HANDS)}; received {hand!r}")
        if not rate > 0:
            raise ValueError(f"the rate is a positive number of frames a second; received {rate}")
        self._estimator = estimator
        self._period = 1 / rate
        self._camera = camera or estimator.camera
        self._hand = hand
        self._smoothing = smoothing
        self._start = center
        self._same_size = SameSize()
        self._now: float | None = None
        # The hand that is followed: its place (x, y, z) in mm and velocity in mm/s; when a hand was last seen, and last
        # seen without doubt.
        self._following = False
        self._place = self._velocity = self._crop = np.zeros(3)
        self._seen = self._trusted = -math.inf
        self._begin_hand()

    def update(self, depth_mm: np.ndarray, time: float | None = None) -> HandPose:
        """Estimate the hand's pose in the next frame.

        ``xyz`` and ``uvd`` are smoothed, the other fields are this frame's own. The ``confidence`` of a hand that is
        followed is the share of joints that, by their sigma, lie within 20 mm of the truth.

        Args:
            depth_mm: ``(H, W)`` depth in mm as for `HandPoseEstimator.predict`, of the same size every time.
            time: when it was taken, in seconds of any clock; by default ``1 / rate`` after the frame before.

        Raises:
            NoHandError: the frame shows no hand; the next one is searched as a whole.
            InputError: the array is no plausible depth image, or of another size than the first.
            ValueError: time does not advance.
        """
        self._advance(time)
        depth_mm = checked_depth(depth_mm, "the frame")
        self._same_size.check(depth_mm)
        self._height, self._width = depth_mm.shape
        center = self._where_next()
        self._following = False
        pose = self._search(depth_mm) if center is None else self._follow(depth_mm, center)
        if not self._is_same_hand(pose):
            pose = self._turn_to(depth_mm, pose)
        pose = self._settle_side(depth_mm, pose)
        xyz = self._filter.update(pose.xyz, self._now)
        self._following, self._seen = True, self._now
        self._place, self._velocity = pose.xyz.mean(axis=0), self._filter.velocity.mean(axis=0)
        self._crop = self._camera.uvd_to_xyz(pose.center_uvd)
        return replace(pose, xyz=xyz, uvd=self._camera.xyz_to_uvd(xyz))

    def _advance(self, time: float | None) -> None:
        before = self._now
        if time is None:
            time = 0.0 if before is None else before + self._period
        if before is not None and not time > before:
            raise ValueError(f"frames come one after another: {time} s does not follow {before} s")
        self._now = time

    def _begin_hand(self) -> None:
        self._filter = OneEuroFilter(self._smoothing)
        self._votes: Counter[str] = Counter()

    def _turn_to(self, depth_mm: np.ndarray, pose: HandPose) -> HandPose:
        """Begin with another hand. If it was asked for as one of the last one's side, it is asked for once more."""
        is_told = self._hand == "auto" and self._side() is not None
        self._begin_hand()
        return self._predict(depth_mm, pose.center_uvd) if is_told else pose

    def _is_same_hand(self, pose: HandPose) -> bool:
        moved = np.linalg.norm(pose.xyz.mean(axis=0) - self._place)
        return self._now - self._seen <= _SAME_HAND_S and moved <= _SAME_HAND_MM

    def _where_next(self) -> tuple[float, float, float] | None:
        """Where the hand should be by now (u px, v px, d mm); None where there is none, or it has left the image."""
        if self._start is not None:
            center, self._start, self._trusted = self._start, None, self._now
            return center
        if not self._following:
            return None
        ahead = min(self._now - self._seen, _FORESIGHT_S)
        place = self._place + self._velocity * ahead
        return self._to_center(self._crop if np.linalg.norm(place - self._crop) <= _STAY_MM else place)

    def _to_center(self, xyz: np.ndarray) -> tuple[float, float, float] | None:
        u, v, d = (float(value) for value in self._camera.xyz_to_uvd(xyz))
        in_view = HAND_RANGE_MM[0] <= d <= HAND_RANGE_MM[1] and 0 <= u < self._width and 0 <= v < self._height
        return (u, v, d) if in_view else None

    def _follow(self, depth_mm: np.ndarray, center: tuple[float, float, float]) -> HandPose:
        """The hand near a place, unless the rest of the frame shows a clearer one."""
        try:
            near = self._look(depth_mm, center)
        except NoHandError:
            return self._search(depth_mm)
        if near.confidence >= _DOUBTFUL and _off_center_mm(near) <= _OFF_CENTER_MM:
            self._trusted = self._now
            return near
        try:
            return max(near, self._search(depth_mm), key=lambda pose: pose.confidence)
        except NoHandError:
            if self._now - self._trusted > _PATIENCE_S:
                raise
            return near

    def _look(self, depth_mm: np.ndarray, center: tuple[float, float, float]) -> HandPose:
        """The hand near a place; one that has moved on is looked at once more from where it is."""
        pose = self._predict(depth_mm, center)
        if _off_center_mm(pose) <= _OFF_CENTER_MM:
            return pose
        better = self._to_center(pose.xyz.mean(axis=0))
        return pose if better is None else self._predict(depth_mm, better)

    def _search(self, depth_mm: np.ndarray) -> HandPose:
        pose = self._predict(depth_mm, None)
        self._trusted = self._now
        return pose

    def _predict(self, depth_mm: np.ndarray, center: tuple[float, float, float] | None) -> HandPose:
        return self._estimator.predict(depth_mm, self._camera, center, self._side() or "auto")

    def _side(self) -> str | None:
        """``"right"`` or ``"left"``, once that is settled."""
        if self._hand != "auto":
            return self._hand
        return self._votes.most_common(1)[0][0] if self._votes.total() >= _VOTES else None

    def _settle_side(self, depth_mm: np.ndarray, pose: HandPose) -> HandPose:
        """Count a vote on which hand it is; the pose as that of the hand that leads."""
        if self._side():
            return pose
        self._votes[pose.hand] += 1
        leader = self._votes.most_common(1)[0][0]
        if pose.hand == leader:
            return pose
        return self._estimator.predict(depth_mm, self._camera, pose.center_uvd, leader)


def _off_center_mm(pose: HandPose) -> float:
    """How far the mean of the joints is from the centre that they were estimated from."""
    return float(np.linalg.norm(pose.xyz.mean(axis=0) - pose.camera.uvd_to_xyz(pose.center_uvd)))
