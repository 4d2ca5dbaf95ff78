"""Deviations that mean what they say."""

from __future__ import annotations

import keras
import numpy as np

from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.models import set_sigma_calibration
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.synthesis.stream import CropStream
from cn_zoo.training.recipe import Recipe
from cn_zoo.training.run_data import RunData

_BATCH = 100
#: With fewer frames held out, the calibration stays what it was: a quantile of them would be chance.
_LEAST_FRAMES = 100


def calibrate(recipe: Recipe, estimator: keras.Model, data: RunData) -> float | None:
    """Scale each joint's deviation so that 68 % of validation errors lie inside it.

    Validation crops are synthetic, or, where a run has labelled frames of its own, those held out.

    Returns:
        What the mean of a hand's deviations usually is (mm, the median over validation crops); None where too few
        frames were held out, and the calibration is what it was.
    """
    if data.labelled is None:
        found = _synthetic_errors(recipe, estimator)
    elif len(data.held_out) >= _LEAST_FRAMES:
        depth, pose = data.labelled.crops(data.held_out)
        found = [_errors(estimator, depth[k : k + _BATCH], pose[k : k + _BATCH]) for k in range(0, len(depth), _BATCH)]
    else:
        return None
    errors, spreads = (np.concatenate(parts) for parts in zip(*found, strict=True))
    factors = np.quantile(errors / spreads, 0.68, axis=0)
    set_sigma_calibration(estimator, factors)
    return float(np.median((spreads * factors).mean(axis=1)) * POSE_UNIT_MM)


def _synthetic_errors(recipe: Recipe, estimator: keras.Model) -> list[tuple[np.ndarray, np.ndarray]]:
    length = max(1, recipe.calibration.samples // _BATCH)
    stream = CropStream(PRESETS[recipe.dataset], _BATCH, recipe.seed, "validation", length=length)
    found = [_errors(estimator, *stream[index]) for index in range(length)]
    stream.close()
    return found


def _errors(estimator: keras.Model, depth: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Errors (B, J), and the deviations that were to be expected before calibration."""
    factors = np.diag(estimator.get_layer("sigma_calibration").get_weights()[0])
    output = estimator.predict_on_batch(depth)
    return np.linalg.norm(output["pose"] - pose, axis=-1), output["sigma"] / factors
