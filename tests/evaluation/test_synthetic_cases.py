"""Measured are estimators whose errors are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from cn_zoo.evaluation import synthetic_cases
from cn_zoo.evaluation.synthetic_cases import SYNTHETIC_TESTS, centred_cases, mean_error, off_center_cases
from cn_zoo.geometry import CAMERAS, POSE_UNIT_MM, HandCrop
from cn_zoo.synthesis.frame import SyntheticFrame, draw_crop, draw_frame
from cn_zoo.synthesis.presets import PRESETS

PRESET = PRESETS["icvl"]
#: Two batches, of which the second is short.
SAMPLES = 52
#: Mean distance of a ball's points from its middle, its radius being 25 mm, and from a line through it.
FROM_MIDDLE, FROM_LINE = 25 * 3 / 4, 25 * 3 / 4 * np.pi / 4


@pytest.mark.parametrize("split", SYNTHETIC_TESTS.values())
def test_an_estimator_that_is_10_mm_off(split):
    """In the mean: the more, the later a joint and the later a sample comes. It knows the depth maps by heart."""
    off = np.linspace(0, 20, SAMPLES)[:, None] * np.linspace(0, 2, 16)
    known = {}
    for index in range(SAMPLES):
        sample = draw_crop(PRESET, 1, index, split, jitter=False)
        xyz = sample.crop.camera.uvd_to_xyz(sample.crop.crop_to_uvd(sample.pose))
        moved = sample.crop.camera.xyz_to_uvd(xyz + off[index][:, None] * [0.6, 0.0, -0.8])
        known[sample.depth.tobytes()] = sample.crop.uvd_to_crop(moved)
    estimator = _estimator(lambda depths: [known[depth.tobytes()] for depth in depths])
    assert mean_error(estimator, centred_cases(PRESET, split, SAMPLES)) == pytest.approx(10.0, abs=1e-3)


def test_an_estimator_that_answers_the_middle_is_as_far_off_as_the_crops(monkeypatch):
    """Of hands so small that all joints lie in their centre."""
    monkeypatch.setattr(synthetic_cases, "draw_frame", _wall)
    estimator = _estimator(lambda depths: np.zeros((len(depths), 16, 3)))
    assert mean_error(estimator, off_center_cases(PRESET, 1000)) == pytest.approx(FROM_MIDDLE, abs=0.4)


def test_an_estimator_sees_the_crops_that_it_is_measured_at(monkeypatch):
    """Of the same hands: one that goes as deep as the wall in which they are is off to the sides alone."""
    monkeypatch.setattr(synthetic_cases, "draw_frame", _wall)
    half_cube = np.tile([0.0, 0.0, PRESET.cube_mm / 2 / POSE_UNIT_MM], (16, 1))
    estimator = _estimator(lambda depths: depths[:, 64:65, 64] * half_cube)
    assert mean_error(estimator, off_center_cases(PRESET, 1000)) == pytest.approx(FROM_LINE, abs=0.4)


def test_crops_off_the_centre_are_cut_out_of_test_frames():
    """Who knows the hands of these, but not where the crops are, is about as far off as the crops."""
    poses = []
    for index in range(20):
        frame = draw_frame(PRESET, 1, index, "test")
        cube = HandCrop(frame.camera, frame.center_uvd, PRESET.cube_mm)
        poses.append(cube.uvd_to_crop(frame.camera.xyz_to_uvd(frame.joints["icvl"])))
    error = mean_error(_estimator(lambda depths: poses), off_center_cases(PRESET, 20))
    assert error == pytest.approx(FROM_MIDDLE, abs=3)


def _estimator(answer):
    return SimpleNamespace(predict_on_batch=lambda depths: {"pose": np.array(answer(depths))})


def _wall(preset, seed, index, split):
    camera, center = CAMERAS["icvl"], np.array([0.0, 0.0, 400.0])
    depth = np.full((240, 320), 400.0, "float32")
    joints = {preset.name: np.tile(center, (16, 1))}
    return SyntheticFrame(depth, camera, joints, tuple(camera.xyz_to_uvd(center)), "right", "")
