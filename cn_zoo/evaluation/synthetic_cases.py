"""What an estimator is measured at: synthetic hands that it never saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cn_zoo.geometry import HandCrop
from cn_zoo.synthesis.frame import SyntheticFrame, draw_crop, draw_frame
from cn_zoo.synthesis.presets import SynthesisPreset

if TYPE_CHECKING:
    import keras

#: Test sets by the name that records and cards use, and the split that holds them.
SYNTHETIC_TESTS = {
    "synthetic test": "test",
    "WebXR hand": "test-webxr",
}
#: How the figures come about, for records and cards.
PROTOCOL = (
    "Mean distance of joints over all joints and frames, in camera coordinates, with the true hand centre; synthetic "
    "depth with the preset's own mix of cameras, scenes and sensors. Synthetic test: the training mesh, subjects, "
    "poses and scenes never seen; off centre, the crops are cut anywhere within 25 mm of the hand centre. WebXR hand: "
    "another artist's mesh, never trained on."
)
#: The test of hands at rest, for presets that train on them.
AT_REST_TEST = "synthetic test, at rest on a table"
AT_REST_PROTOCOL = (
    "At rest: flat hands on or above a table, which cameras hardly separate from them; the other tests have few of "
    "these."
)
#: The test of crops that are cut off the hand centre.
OFF_CENTER_TEST = "synthetic test, centre up to 25 mm off"
_OFF_CENTER_MM = 25.0
_SEED = 1
_BATCH = 50


class Case(NamedTuple):
    """A crop with its truth.

    Attributes:
        depth: ``(128, 128)`` in [-1, 1].
        crop: its cube.
        xyz: ``(J, 3)`` true joints in camera coordinates, mm.
    """

    depth: np.ndarray
    crop: HandCrop
    xyz: np.ndarray

    def errors(self, pose: np.ndarray) -> np.ndarray:
        """Distances ``(J,)`` in mm of an estimate ``(J, 3)`` in crop coordinates, units of 50 mm."""
        return np.linalg.norm(self.crop.camera.uvd_to_xyz(self.crop.crop_to_uvd(pose)) - self.xyz, axis=-1)


def centred_cases(preset: SynthesisPreset, split: str, samples: int) -> Iterator[Case]:
    """The first crops of a split, cut at the true hand centre; splits as of `cn_zoo.synthesis.split.SPLITS`."""
    for index in range(samples):
        sample = draw_crop(preset, _SEED, index, split, jitter=False)
        yield Case(sample.depth, sample.crop, sample.crop.camera.uvd_to_xyz(sample.crop.crop_to_uvd(sample.pose)))


def off_center_cases(preset: SynthesisPreset, samples: int) -> Iterator[Case]:
    """Crops of the first test frames, cut anywhere within 25 mm of the true centre."""
    for index in range(samples):
        frame = draw_frame(preset, _SEED, index, "test")
        center = frame.camera.uvd_to_xyz(np.array(frame.center_uvd))
        center = center + _within_ball(np.random.default_rng((_SEED, index)), _OFF_CENTER_MM)
        yield frame_case(frame, preset, tuple(frame.camera.xyz_to_uvd(center)))


def frame_case(
    frame: SyntheticFrame, preset: SynthesisPreset, center_uvd: tuple[float, float, float] | None = None
) -> Case:
    """The crop of a whole frame around a place (u px, v px, d mm), by default the true hand centre."""
    crop = HandCrop(frame.camera, center_uvd or frame.center_uvd, preset.cube_mm)
    return Case(crop.cut(frame.depth_mm), crop, frame.joints[preset.name])


def mean_error(estimator: keras.Model, cases: Iterable[Case]) -> float:
    """Mean joint error in mm."""
    cases, errors = iter(cases), []
    while batch := list(islice(cases, _BATCH)):
        poses = estimator.predict_on_batch(np.stack([case.depth for case in batch])[..., None])["pose"]
        errors += [case.errors(pose).mean() for case, pose in zip(batch, poses, strict=True)]
    return float(np.mean(errors))


def _within_ball(rng: np.random.Generator, radius: float) -> np.ndarray:
    """A point of the ball, all alike likely."""
    direction = rng.standard_normal(3)
    return radius * rng.random() ** (1 / 3) * direction / np.linalg.norm(direction)
