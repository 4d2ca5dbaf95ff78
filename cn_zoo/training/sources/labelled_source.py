"""Batches of labelled frames."""

from __future__ import annotations

import numpy as np

from cn_zoo.datasets import ConvertedSet, CropAugmentation
from cn_zoo.training.sources._views import FIRST_VIEW, USUAL
from cn_zoo.training.sources.batch_order import BatchOrder


class LabelledSource:
    """Some frames of a converted set with their labels, augmented by chance.

    Args:
        frames: the set.
        indices: which of its frames.
        batch_size: B.
        seed: of order and augmentation.
        augmentation: how far crops are changed.
    """

    def __init__(
        self,
        frames: ConvertedSet,
        indices: np.ndarray,
        batch_size: int,
        seed: int,
        augmentation: CropAugmentation = USUAL,
    ) -> None:
        self._frames = frames
        self._indices = indices
        self._order = BatchOrder(len(indices), batch_size, seed)
        self._seed = seed
        self._augmentation = augmentation

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """``depth`` (B, 128, 128, 1) and ``pose`` (B, J, 3)."""
        chosen = self._indices[self._order.batch(index)]
        rng = np.random.default_rng((self._seed, index, FIRST_VIEW))
        depth, pose = self._frames.crops(chosen, self._augmentation.draw_several(rng, len(chosen)))
        return {"depth": depth, "pose": pose}

    def close(self) -> None:
        """Nothing to end."""
