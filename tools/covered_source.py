"""Crops of which a part is covered."""

from __future__ import annotations

import numpy as np

from cn_zoo.training.sources import Source

#: Share of crops of which a part is covered, and the edges of that part in pixels.
_COVERED, _EDGES = 0.7, (12, 40)
#: Ends the random seed of what a batch loses.
_COVER = 12


class CoveredSource:
    """What another source gives, with depth maps of which most lose a rectangle: to a hole, or to something before it.

    Args:
        source: gives ``depth``.
        seed: of what is covered.
    """

    def __init__(self, source: Source, seed: int) -> None:
        self._source = source
        self._seed = seed

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """As the source's."""
        batch = self._source.batch(index)
        return {**batch, "depth": _covered(batch["depth"], np.random.default_rng((self._seed, index, _COVER)))}

    def close(self) -> None:
        """End the source."""
        self._source.close()


def _covered(depth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    depth = depth.copy()
    size = depth.shape[1]
    for crop in depth:
        if rng.random() < _COVERED:
            height, width = rng.integers(*_EDGES, 2)
            top, left = rng.integers(0, size - height), rng.integers(0, size - width)
            crop[top : top + height, left : left + width] = 1.0 if rng.random() < 0.5 else rng.uniform(-1.0, 0.0)
    return depth
