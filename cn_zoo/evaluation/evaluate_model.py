"""A model on a whole dataset: its predictions, and their score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cn_zoo.datasets import HandDataset
from cn_zoo.errors import ImplausibleDepthError, InputError, NoHandError, with_subject
from cn_zoo.evaluation.evaluation import Evaluation, evaluate_joints

if TYPE_CHECKING:
    from cn_zoo.inference import HandPoseEstimator


@dataclass(frozen=True, eq=False)
class ModelPredictions:
    """What a model says of every frame of a dataset.

    Attributes:
        uvd: ``(N, J, 3)`` u px, v px, d mm; NaN where no hand was found, and where the image is no depth image.
        sigma: ``(N, J)`` predicted deviations in mm; NaN likewise.
    """

    uvd: np.ndarray
    sigma: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """``(N,)`` bool: frames in which a hand was found."""
        return np.isfinite(self.uvd).all(axis=(1, 2))


def predict_dataset(
    estimator: HandPoseEstimator, dataset: HandDataset, progress: Callable[[int, int], None] | None = None
) -> ModelPredictions:
    """Run a model on every frame, from the dataset's hand centres; where there is none, it finds the hand itself.

    Left hands, by a vote over the labels, are mirrored for the model and its answer is mirrored back.

    Args:
        estimator: the model; it must predict the dataset's joints.
        dataset: the frames.
        progress: called with frames done and frames in all.

    Raises:
        InputError: the model predicts other joints, or an image cannot be read.
    """
    if estimator.skeleton.joints != dataset.skeleton.joints:
        raise InputError(
            f"{dataset.folder}: has {dataset.skeleton.name} joints, but the model predicts "
            f"{estimator.skeleton.name} joints; choose a model with {dataset.skeleton.name} joints"
        )
    hand = dataset.hand
    uvd = np.full((len(dataset), len(dataset.skeleton), 3), np.nan)
    sigma = np.full(uvd.shape[:2], np.nan)
    for index, reading in enumerate(dataset.readings()):
        try:
            frame = reading.result()
            pose = estimator.predict(frame.depth_mm, frame.camera, frame.center_uvd, hand)
            uvd[index], sigma[index] = pose.uvd, pose.sigma
        except (NoHandError, ImplausibleDepthError):
            pass  # stays NaN, and is counted by the caller
        except InputError as error:
            raise InputError(with_subject(str(dataset.folder / dataset.names[index]), error)) from None
        if progress:
            progress(index + 1, len(dataset))
    return ModelPredictions(uvd, sigma)


def evaluate_predictions(dataset: HandDataset, predictions: ModelPredictions) -> Evaluation:
    """Score a model's predictions on the labelled dataset that they were made on.

    Frames without a hand found are not scored, but counted. The dataset's groups are told apart.

    Raises:
        NoHandError: there is no frame to score.
    """
    found = predictions.found
    if not found.any():
        raise NoHandError(f"{dataset.folder}: no hand was found in any frame; check camera and centres")
    groups = np.array(dataset.groups)[found]
    names = list(dict.fromkeys(groups.tolist()))
    evaluation = evaluate_joints(
        predictions.uvd[found],
        dataset.camera.xyz_to_uvd(dataset.joints_xyz[found]),
        dataset.camera,
        dataset.skeleton,
        {name: groups == name for name in names} if len(names) > 1 else None,
        sigma=predictions.sigma[found],
    )
    return replace(evaluation, missed=int((~found).sum()))
