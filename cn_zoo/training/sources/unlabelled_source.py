"""Batches of frames without labels, in two views."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cn_zoo.datasets import ConvertedSet, CropAugmentation
from cn_zoo.datasets.crop_augmentation import CropJitter
from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.training.sources._views import FIRST_VIEW, SECOND_VIEW, USUAL
from cn_zoo.training.sources.batch_order import BatchOrder


class UnlabelledSource:
    """Frames of converted sets without their labels, each seen twice, changed in two ways.

    Args:
        frames: the sets, each with the indices of its frames.
        batch_size: U.
        seed: of order and augmentation.
        augmentation: how far crops are changed.
    """

    def __init__(
        self,
        frames: Sequence[tuple[ConvertedSet, np.ndarray]],
        batch_size: int,
        seed: int,
        augmentation: CropAugmentation = USUAL,
    ) -> None:
        self._frames = [(each, index) for each, indices in frames for index in indices]
        self._order = BatchOrder(len(self._frames), batch_size, seed)
        self._seed = seed
        self._augmentation = augmentation

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """``unlabelled`` and ``twin`` (U, 128, 128, 1), ``turn`` (U, 4, 3)."""
        chosen = [self._frames[place] for place in self._order.batch(index)]
        rngs = (np.random.default_rng((self._seed, index, view)) for view in (FIRST_VIEW, SECOND_VIEW))
        first, second = (self._augmentation.draw_several(rng, len(chosen)) for rng in rngs)
        return {
            "unlabelled": _views(chosen, first),
            "twin": _views(chosen, second),
            "turn": np.stack([_turn(*pair) for pair in zip(first, second, strict=True)]),
        }

    def close(self) -> None:
        """Nothing to end."""


def _views(chosen: Sequence[tuple[ConvertedSet, int]], jitters: Sequence[CropJitter]) -> np.ndarray:
    """(U, 128, 128, 1) crops of frames, each changed by its jitter."""
    pairs = zip(chosen, jitters, strict=True)
    return np.concatenate([frames.crops([index], [jitter])[0] for (frames, index), jitter in pairs])


def _turn(first: CropJitter, second: CropJitter) -> np.ndarray:
    """(4, 3) float32: takes a pose in the first view to the same pose in the second, as ``pose @ turn[:3] + turn[3]``.

    Both views are affine: the origin and three unit points tell all of it.
    """
    points = np.concatenate([np.zeros((1, 3)), np.eye(3)])
    seen_first, seen_second = (jitter.move(points, POSE_UNIT_MM) for jitter in (first, second))
    linear = np.linalg.solve(seen_first[1:] - seen_first[0], seen_second[1:] - seen_second[0])
    return np.concatenate([linear, seen_second[:1] - seen_first[:1] @ linear]).astype(np.float32)
