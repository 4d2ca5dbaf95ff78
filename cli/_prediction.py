"""What ``cn-zoo predict`` does with each source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cn_zoo.cli._exit_codes import exit_code
from cn_zoo.cli._records import Record, error_record, pose_record
from cn_zoo.errors import CnZooError, with_subject
from cn_zoo.geometry import Camera
from cn_zoo.inference import HandPose, HandPoseEstimator, HandTracker
from cn_zoo.io.atomic import atomic_path
from cn_zoo.io.same_size import SameSize

#: True centres of real hands have more of the network's own probability; most wrong ones have less.
_HARDLY_A_HAND = 0.1


@dataclass(frozen=True)
class Job:
    """What is to be done with every source. Plain values: it travels to worker processes."""

    model: str
    runtime: str
    camera: Camera | None
    depth_scale: float
    center: tuple[float, float, float] | None
    hand: str


@dataclass(frozen=True)
class Source:
    """One source: its name, how its depth is read, given the mm per unit, and where its pictures go."""

    name: str
    read: Callable[[float], np.ndarray]
    overlay: Path | None
    crop: Path | None


@dataclass(frozen=True)
class Result:
    """The record of one source, its exit code, and remarks on what the command was told."""

    record: Record
    code: int
    remarks: tuple[str, ...]


class Worker:
    """Does a job, source by source."""

    def __init__(self, job: Job) -> None:
        self._job, self._is_centered = job, job.center is not None
        self._estimator = HandPoseEstimator.from_pretrained(job.model, job.runtime)

    @property
    def joints(self) -> int:
        """How many joints its records have."""
        return len(self._estimator.skeleton)

    def __call__(self, source: Source) -> Result:
        """Read, estimate, draw."""
        job, remarks = self._job, []
        try:
            depth = source.read(job.depth_scale)
            remarks += _doubt_camera(job.camera, self._estimator.camera, depth)
            pose = self._estimate(depth)
            remarks += _doubt_hand(pose, self._is_centered)
            _draw(source, depth, pose)
        except CnZooError as error:
            # Errors of the picture itself do not know the source's name.
            record = error_record(source.name, job.model, with_subject(source.name, error))
            return Result(record, exit_code(error), tuple(remarks))
        return Result(pose_record(source.name, job.model, pose), 0, tuple(remarks))

    def _estimate(self, depth: np.ndarray) -> HandPose:
        return self._estimator.predict(depth, self._job.camera, self._job.center, self._job.hand)


class StreamWorker(Worker):
    """Does a job on frames of one camera, each for itself."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._same_size = SameSize()

    def _estimate(self, depth: np.ndarray) -> HandPose:
        self._same_size.check(depth)
        return super()._estimate(depth)


class TrackingWorker(Worker):
    """Does a job on frames of one camera in their order, following the hand."""

    def __init__(self, job: Job, rate: float) -> None:
        super().__init__(job)
        self._tracker = HandTracker(self._estimator, rate, job.camera, job.center, job.hand)
        self._period, self._count = 1 / rate, 0
        # The given centre is the first frame's, and is searched for where it holds nothing.
        self._is_centered = False

    def __call__(self, source: Source) -> Result:
        # Frames that cannot be read take their time, too.
        self._count += 1
        return super().__call__(source)

    def _estimate(self, depth: np.ndarray) -> HandPose:
        return self._tracker.update(depth, self._count * self._period)


def _doubt_camera(given: Camera | None, own: Camera, depth: np.ndarray) -> list[str]:
    """A remark on a camera that can hardly be the image's own."""
    height, width = depth.shape
    misfit = (given or own).misfit(width, height)
    if not misfit:
        return []
    advice = "check --camera; an image cut out of a larger one may be so" if given else "give yours with --camera"
    return [f"the camera does not fit {width}x{height} images ({misfit}); {advice}"]


def _doubt_hand(pose: HandPose, is_centered: bool) -> list[str]:
    """Remarks on a hand that was taken for one of the wrong side, and on a centre where there is hardly one."""
    if is_centered and pose.shows_hand < _HARDLY_A_HAND:
        return ["hardly looks like a hand at --center; check u,v,d (px, px, mm), and the camera"]
    if not pose.looks_like:
        return []
    return [f"looks like a {pose.looks_like} hand, taken for a {pose.hand} one; use --hand {pose.looks_like}, or auto"]


def _draw(source: Source, depth: np.ndarray, pose: HandPose) -> None:
    if source.overlay:
        from cn_zoo.drawing import draw_overlay

        image = draw_overlay(depth, pose.uvd, pose.skeleton, pose.sigma, pose.confidence, pose.crop)
        _save(image, source.overlay)
    if source.crop:
        from cn_zoo.drawing import crop_picture

        _save(crop_picture(pose.crop.cut(depth)), source.crop)


def _save(image: object, path: Path) -> None:
    with atomic_path(path) as temporary:
        image.save(temporary)
