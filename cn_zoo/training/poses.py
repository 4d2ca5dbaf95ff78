"""The poses that the pose VAE learns from."""

from __future__ import annotations

import numpy as np

from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.synthesis.pose_set import draw_poses
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.recipe import Recipe
from cn_zoo.training.run_data import RunData


def training_poses(recipe: Recipe, data: RunData) -> np.ndarray:
    """``recipe.poses`` poses (N, J, 3) in crop coordinates of 50 mm.

    They are synthetic, or, where a run has labelled frames of its own, those of the frames whose labels it may use,
    tilted, turned, scaled and shifted as their crops will be.
    """
    if data.labelled is None:
        return draw_poses(PRESETS[recipe.dataset], recipe.seed, recipe.poses)
    rng = np.random.default_rng(recipe.seed)
    labels = data.labelled.poses(data.trained)
    augmentation = recipe.augmentation
    drawn = [augmentation.draw(rng).move(labels[k % len(labels)], POSE_UNIT_MM) for k in range(recipe.poses)]
    return np.stack(drawn).astype(np.float32)
