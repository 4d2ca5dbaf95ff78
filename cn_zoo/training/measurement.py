"""What a trained estimator is measured at before it is released: synthetic hands that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from cn_zoo.geometry import HandCrop
from cn_zoo.synthesis.frame import draw_crop, draw_frame
from cn_zoo.synthesis.presets import Preset

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
    "At rest: flat hands on or above a table, from which cameras hardly tell them; the other tests have few of these."
)
#: The test of crops that are cut off the hand centre.
OFF_CENTER_TEST = "synthetic test, centre up to 25 mm off"
_OFF_CENTER_MM = 25.0
_SEED = 1
_BATCH = 50


def synthetic_error(estimator: keras.Model, preset: Preset, split: str, samples: int) -> float:
    """Mean joint error in mm on ``samples`` synthetic crops of a split, cut at the true centre."""

    def crop(index: int) -> _Case:
        sample = draw_crop(preset, _SEED, index, split, jitter=False)
        return _Case(sample.depth, sample.crop, sample.crop.camera.uvd_to_xyz(sample.crop.crop_to_uvd(sample.pose)))

    return _mean_error(estimator, crop, samples)


def off_center_error(estimator: keras.Model, preset: Preset, samples: int) -> float:
    """Mean joint error in mm on synthetic test frames, cut anywhere within 25 mm of the true centre."""

    def crop(index: int) -> _Case:
        frame = draw_frame(preset, _SEED, index, "test")
        center = frame.camera.uvd_to_xyz(np.array(frame.center_uvd))
        center = center + _within_ball(np.random.default_rng((_SEED, index)), _OFF_CENTER_MM)
        cube = HandCrop(frame.camera, tuple(frame.camera.xyz_to_uvd(center)), preset.cube_mm)
        return _Case(cube.cut(frame.depth_mm), cube, frame.joints[preset.name])

    return _mean_error(estimator, crop, samples)


class _Case(NamedTuple):
    """A crop (128, 128), its cube, and the true joints (J, 3) in camera coordinates, mm."""

    depth: np.ndarray
    crop: HandCrop
    xyz: np.ndarray


def _mean_error(estimator: keras.Model, draw: Callable[[int], _Case], samples: int) -> float:
    errors = []
    for start in range(0, samples, _BATCH):
        cases = [draw(index) for index in range(start, min(start + _BATCH, samples))]
        poses = estimator.predict_on_batch(np.stack([case.depth for case in cases])[..., None])["pose"]
        errors += [_joint_error(case, pose) for case, pose in zip(cases, poses, strict=True)]
    return float(np.mean(errors))


def _joint_error(case: _Case, pose: np.ndarray) -> float:
    found = case.crop.camera.uvd_to_xyz(case.crop.crop_to_uvd(pose))
    return float(np.linalg.norm(found - case.xyz, axis=-1).mean())


def _within_ball(rng: np.random.Generator, radius: float) -> np.ndarray:
    """A point of the ball, all alike likely."""
    direction = rng.standard_normal(3)
    return radius * rng.random() ** (1 / 3) * direction / np.linalg.norm(direction)
