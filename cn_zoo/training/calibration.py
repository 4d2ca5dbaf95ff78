"""Deviations that mean what they say."""

from __future__ import annotations

import keras
import numpy as np

from cn_zoo.models import set_sigma_calibration
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.synthesis.stream import CropStream
from cn_zoo.training.recipe import Recipe
from cn_zoo.training.run_data import RunData

_BATCH = 100
#: With fewer frames held out, the calibration stays what it was: a quantile of them would be chance.
_LEAST_FRAMES = 100


def calibrate(recipe: Recipe, estimator: keras.Model, data: RunData) -> None:
    """Scale each joint's deviation so that 68 % of validation errors lie inside it.

    Validation crops are synthetic, or, where a run has labelled frames of its own, those held out.
    """
    if data.labelled is None:
        ratios = _synthetic_ratios(recipe, estimator)
    elif len(data.held_out) >= _LEAST_FRAMES:
        depth, pose = data.labelled.crops(data.held_out)
        ratios = [_ratios(estimator, depth[k : k + _BATCH], pose[k : k + _BATCH]) for k in range(0, len(depth), _BATCH)]
    else:
        return
    set_sigma_calibration(estimator, np.quantile(np.concatenate(ratios), 0.68, axis=0))


def _synthetic_ratios(recipe: Recipe, estimator: keras.Model) -> list[np.ndarray]:
    length = max(1, recipe.calibration.samples // _BATCH)
    stream = CropStream(PRESETS[recipe.dataset], _BATCH, recipe.seed, "validation", length=length)
    ratios = [_ratios(estimator, *stream[index]) for index in range(length)]
    stream.close()
    return ratios


def _ratios(estimator: keras.Model, depth: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Errors (B, J) in units of the deviations."""
    factors = np.diag(estimator.get_layer("sigma_calibration").get_weights()[0])
    output = estimator.predict_on_batch(depth)
    return np.linalg.norm(output["pose"] - pose, axis=-1) / (output["sigma"] / factors)
