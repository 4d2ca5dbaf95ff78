"""What a trained estimator is measured at before it is released: synthetic hands that it never saw."""

from __future__ import annotations

import keras
import numpy as np

from cn_zoo.synthesis.frame import SyntheticCrop, draw_crop
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
    "poses and scenes never seen. WebXR hand: another artist's mesh, never trained on."
)
_SEED = 1
_BATCH = 50


def synthetic_error(estimator: keras.Model, preset: Preset, split: str, samples: int) -> float:
    """Mean joint error in mm on ``samples`` synthetic crops of a split, cut at the true centre."""
    errors = []
    for start in range(0, samples, _BATCH):
        crops = [draw_crop(preset, _SEED, start + row, split, jitter=False) for row in range(_BATCH)]
        poses = estimator.predict_on_batch(np.stack([crop.depth for crop in crops])[..., None])["pose"]
        errors += [_joint_error(crop, pose) for crop, pose in zip(crops, poses, strict=True)]
    return float(np.mean(errors))


def _joint_error(sample: SyntheticCrop, pose: np.ndarray) -> float:
    camera = sample.crop.camera
    found, true = (camera.uvd_to_xyz(sample.crop.crop_to_uvd(each)) for each in (pose, sample.pose))
    return float(np.linalg.norm(found - true, axis=-1).mean())
