"""Batches of poses alone."""

from __future__ import annotations

import numpy as np

from cn_zoo.training.sources.batch_order import BatchOrder


class PoseSource:
    """Poses without pictures, shuffled anew each time that all have been seen.

    Args:
        poses: (N, J, 3) crop coordinates, units of 50 mm.
        batch_size: B.
        seed: of the order.
    """

    def __init__(self, poses: np.ndarray, batch_size: int, seed: int) -> None:
        self._poses = poses
        self._order = BatchOrder(len(poses), batch_size, seed)

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """``pose`` (B, J, 3)."""
        return {"pose": self._poses[self._order.batch(index)]}

    def close(self) -> None:
        """Nothing to end."""
