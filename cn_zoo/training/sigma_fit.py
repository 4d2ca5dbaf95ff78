"""Deviations that mean what they say."""

from __future__ import annotations

from contextlib import closing

import keras
import numpy as np

from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.models import set_sigma_calibration, spreads_of
from cn_zoo.synthesis.crop_stream import CropStream
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.recipe import Recipe
from cn_zoo.training.run_data import RunData
from cn_zoo.training.warm_start import is_alike
from cn_zoo.zoo import get_preset

_BATCH = 100
#: Fewer frames held out are not fitted to: a quantile of them would be chance.
_LEAST_FRAMES = 100
#: The share of errors that a deviation promises to hold.
_INSIDE = 0.68
#: Shares of a joint's second spread that are tried.
_SHARES = np.linspace(0, 1, 21)


def fit_sigma(recipe: Recipe, estimator: keras.Model, data: RunData) -> float:
    """Fit each joint's deviation so that 68 % of validation errors lie inside it, be it large or small.

    Validation crops are the frames held out of a run's own labelled ones, if there are enough, else synthetic. With
    own frames but too few held out, a model that started from one alike keeps what that was fitted to.

    Returns:
        What the mean of a hand's deviations usually is (mm, the median over validation crops).
    """
    network = spreads_of(estimator)
    if len(data.held_out) >= _LEAST_FRAMES:
        depth, pose = data.labelled.crops(data.held_out)
        found = [_errors(network, depth[k : k + _BATCH], pose[k : k + _BATCH]) for k in range(0, len(depth), _BATCH)]
    elif data.labelled and recipe.start and is_alike(recipe.start, recipe.dataset, recipe.architecture):
        return get_preset(recipe.start).sigma_mm
    else:
        found = _synthetic_errors(recipe, network)
    errors, spreads = (np.concatenate(parts) for parts in zip(*found, strict=True))
    factors = fit_factors(errors, spreads)
    set_sigma_calibration(estimator, factors)
    return float(np.median(_mixed(spreads, factors).mean(axis=1)) * POSE_UNIT_MM)


def fit_factors(errors: np.ndarray, spreads: np.ndarray) -> np.ndarray:
    """Factors of a joint's spreads whose sum is the 68 % quantile of its error.

    Quantile regression of the error's logarithm, so that small deviations count as much as large ones. All joints
    mix their spreads alike: few frames are enough for one number, but not for one a joint.

    Args:
        errors: ``(N, J)``.
        spreads: ``(N, T, J)``, T being 1 or 2.

    Returns:
        ``(T, J)``.
    """
    units = np.median(spreads, axis=(0, 2))[:, None]
    mixes = [np.array([[1 - share], [share]]) for share in _SHARES] if len(units) == 2 else [np.ones((1, 1))]
    fits = [_scaled(mix / units, errors, spreads) for mix in mixes]
    return min(fits, key=lambda factors: _quantile_loss(np.log(errors / _mixed(spreads, factors))))


def _scaled(mix: np.ndarray, errors: np.ndarray, spreads: np.ndarray) -> np.ndarray:
    """The mix ``(T, 1)`` times a factor for each joint; ``(T, J)``."""
    return mix * np.quantile(errors / _mixed(spreads, mix), _INSIDE, axis=0)


def _mixed(spreads: np.ndarray, factors: np.ndarray) -> np.ndarray:
    return (spreads * factors).sum(axis=1)


def _quantile_loss(over: np.ndarray) -> float:
    """Mean loss of which the 68 % quantile is the minimum, of what observations are over the prediction."""
    return float(np.mean(np.maximum(_INSIDE * over, (_INSIDE - 1) * over)))


def _synthetic_errors(recipe: Recipe, network: keras.Model) -> list[tuple[np.ndarray, np.ndarray]]:
    length = recipe.finish.samples // _BATCH
    with closing(CropStream(PRESETS[recipe.dataset], _BATCH, recipe.seed, "validation", length=length)) as stream:
        return [_errors(network, *stream[index]) for index in range(length)]


def _errors(network: keras.Model, depth: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Errors (B, J), and the spreads (B, T, J) beside them."""
    output = network.predict_on_batch(depth)
    return np.linalg.norm(output["pose"] - pose, axis=-1), output["spreads"]
