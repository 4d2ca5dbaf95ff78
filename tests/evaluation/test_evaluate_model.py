from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cn_zoo.datasets import HandDataset
from cn_zoo.errors import ImplausibleDepthError, InputError, NoHandError
from cn_zoo.evaluation import evaluate_predictions, predict_dataset
from cn_zoo.geometry import CAMERAS, SKELETONS

CAMERA, SKELETON = CAMERAS["icvl"], SKELETONS["icvl"]


class ScriptedEstimator:
    """Answers each frame by its label, 2 mm too far; finds nothing in frames without a centre."""

    skeleton = SKELETON

    def __init__(self, dataset):
        self.dataset = dataset
        self.asked = []

    def predict(self, depth_mm, camera, center, hand):
        self.asked.append((camera, center, hand))
        if center is None:
            raise NoHandError("nothing there")
        xyz = self.dataset.joints_xyz[int(depth_mm[0, 0])] + (0, 0, 2)
        return SimpleNamespace(uvd=camera.xyz_to_uvd(xyz), sigma=np.full(16, 3.0))


@pytest.fixture
def dataset():
    joints = np.random.default_rng(0).uniform(-60, 60, (4, 16, 3)) + (0, 0, 350)
    names = [f"{index}" for index in range(4)]
    return HandDataset(
        "icvl", SKELETON, CAMERA, Path("/images"), names, lambda path: np.full((2, 2), float(path.name)), joints, names
    )


def test_every_frame_gets_its_own_answer(dataset):
    estimator = ScriptedEstimator(dataset)
    seen = []
    found = predict_dataset(estimator, dataset, lambda done, total: seen.append((done, total)))
    np.testing.assert_allclose(CAMERA.uvd_to_xyz(found.uvd), dataset.joints_xyz + (0, 0, 2), atol=1e-9)
    assert found.found.all() and (found.sigma == 3).all()
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {(camera, hand) for camera, _, hand in estimator.asked} == {(CAMERA, dataset.hand)}
    np.testing.assert_allclose([center for _, center, _ in estimator.asked], dataset.centers_uvd)


def test_frames_without_a_hand_stay_nan(dataset):
    centers = dataset.centers_uvd.copy()
    centers[2] = np.nan
    found = predict_dataset(ScriptedEstimator(dataset), dataset.with_centers(centers))
    assert found.found.tolist() == [True, True, False, True]
    assert np.isnan(found.sigma[2]).all()


def test_a_model_of_other_joints_is_refused(dataset):
    other = replace(dataset, skeleton=SKELETONS["msra"], joints_xyz=np.ones((4, 21, 3)))
    with pytest.raises(InputError, match="has msra joints, but the model predicts icvl joints"):
        predict_dataset(ScriptedEstimator(dataset), other)


def test_scores_what_was_found_by_group(dataset):
    centers = dataset.centers_uvd.copy()
    centers[2] = np.nan
    dataset = replace(dataset.with_centers(centers), groups=["a", "a", "b", "b"])
    evaluation = evaluate_predictions(dataset, predict_dataset(ScriptedEstimator(dataset), dataset))
    assert evaluation.whole.mean_error_mm == pytest.approx(2)
    assert {name: part.frames for name, part in evaluation.parts.items()} == {"a": 2, "b": 1}
    assert evaluation.calibration.inside_1_sigma == 1


def test_a_blank_frame_is_missed_and_an_unreadable_one_is_named(dataset):
    def read(path):
        if path.name == "1":
            raise ImplausibleDepthError(f"{path}: every pixel is 0")
        return dataset.read_depth(path)

    estimator = ScriptedEstimator(dataset)
    found = predict_dataset(estimator, replace(dataset, read_depth=read)).found
    assert found.tolist() == [True, False, True, True]

    def refuse(*_):
        raise InputError("something about the picture")

    estimator.predict = refuse
    with pytest.raises(InputError, match=r"/images/0: something about the picture"):
        predict_dataset(estimator, dataset)


def test_nothing_to_score(dataset):
    nowhere = dataset.with_centers(np.full((4, 3), np.nan))
    with pytest.raises(NoHandError, match="in any frame"):
        evaluate_predictions(nowhere, predict_dataset(ScriptedEstimator(dataset), nowhere))
