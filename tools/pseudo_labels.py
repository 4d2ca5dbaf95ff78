"""Pseudo-labels: poses that an estimator, looking from several sides, sees in crops without labels."""

from __future__ import annotations

import keras
import numpy as np

from cn_zoo.datasets import ConvertedSet, CropAugmentation
from cn_zoo.datasets.patch_tilt import tilt_rotation
from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.training.sources.batch_order import BatchOrder

#: From how far aside a crop is looked at, and from how many sides beside its own.
_TILTED = CropAugmentation(rotation_deg=0.0, scale=0.0, shift_mm=0.0, tilt_deg=12.0)
_SIDES = range(1, 4)
#: Steps of the median, and what it takes distances to be longer by, in units of 50 mm.
_MEDIAN_STEPS, _MEDIAN_FLOOR = 10, 0.02
_BATCH = 64
#: Ends the random seeds of a batch, as no other source's does.
_VIEW = 10


def pseudo_labels(estimator: keras.Model, frames: ConvertedSet, indices: np.ndarray, seed: int) -> np.ndarray:
    """Poses of crops as an estimator sees them.

    Every crop is looked at from four sides, and at every quarter turn from each: where it is hard, these differ. What
    is seen is put together joint by joint. Shifted crops are seen worse than they help.

    Args:
        estimator: of ``cn_zoo.models.build_pose_estimator``.
        frames: the set; its labels are not read.
        indices: N of its frames.
        seed: of the sides.

    Returns:
        ``(N, J, 3)`` crop coordinates in units of 50 mm.
    """
    batches = [indices[first : first + _BATCH] for first in range(0, len(indices), _BATCH)]
    return np.concatenate([_seen(estimator, frames, batch, (seed, number)) for number, batch in enumerate(batches)])


class TaughtSource:
    """Frames of a converted set with other labels than its own, augmented by chance.

    Args:
        frames: the set.
        indices: N of its frames.
        poses: (N, J, 3) their labels.
        batch_size: B.
        seed: of order and augmentation.
    """

    def __init__(
        self, frames: ConvertedSet, indices: np.ndarray, poses: np.ndarray, batch_size: int, seed: int
    ) -> None:
        self._frames = frames
        self._indices = indices
        self._poses = poses
        self._order = BatchOrder(len(indices), batch_size, seed)
        self._seed = seed
        # Not tilted: that stands in for crops that there are not, costs accuracy, and of these there are many.
        self._augmentation = CropAugmentation()

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """``depth`` (B, 128, 128, 1) and ``pose`` (B, J, 3)."""
        chosen, seed = self._order.batch(index), (self._seed, index, _VIEW)
        jitters = self._augmentation.draw_several(np.random.default_rng(seed), len(chosen))
        depth, _ = self._frames.crops(self._indices[chosen], jitters)
        moved = [jitter.move(pose, POSE_UNIT_MM) for jitter, pose in zip(jitters, self._poses[chosen], strict=True)]
        return {"depth": depth, "pose": np.stack(moved).astype(np.float32)}

    def close(self) -> None:
        """Nothing to end."""


def _seen(estimator: keras.Model, frames: ConvertedSet, indices: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    looks = [_seen_four_ways(estimator, frames.crops(indices)[0])]
    for side in _SIDES:
        jitters = _TILTED.draw_several(np.random.default_rng((*seed, side)), len(indices))
        depth, _ = frames.crops(indices, jitters)
        back = [tilt_rotation(jitter.tilt).T for jitter in jitters]
        poses, sigma = _seen_four_ways(estimator, depth)
        looks.append((poses @ np.stack(back), sigma))
    return _agreed(*(np.concatenate(each) for each in zip(*looks, strict=True)))


def _seen_four_ways(estimator: keras.Model, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Poses (4, B, J, 3) seen at every quarter turn of crops (B, 128, 128, 1), turned back, and sigma (4, B, J)."""
    turned = [np.rot90(depth, quarters, axes=(1, 2)) for quarters in range(4)]
    seen = estimator.predict_on_batch(np.concatenate(turned))
    poses = [pose @ _turned_back(quarters) for quarters, pose in enumerate(np.split(seen["pose"], 4))]
    return np.stack(poses), np.stack(np.split(seen["sigma"], 4))


def _turned_back(quarters: int) -> np.ndarray:
    """(3, 3): takes a pose seen after so many quarter turns to the one before them."""
    right, down = (round(each(quarters * np.pi / 2)) for each in (np.cos, np.sin))
    return np.array([[right, down, 0], [-down, right, 0], [0, 0, 1]])


def _agreed(poses: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Geometric median (B, J, 3) of poses (V, B, J, 3), which a few wrong ones do not move; the surer count more."""
    weights = sigma[..., None] ** -2.0
    found = np.sum(poses * weights, axis=0) / np.sum(weights, axis=0)
    for _ in range(_MEDIAN_STEPS):
        near = weights / (np.linalg.norm(poses - found, axis=-1, keepdims=True) + _MEDIAN_FLOOR)
        found = np.sum(poses * near, axis=0) / np.sum(near, axis=0)
    return found
