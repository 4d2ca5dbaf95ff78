"""Which samples are in which batch."""

from __future__ import annotations

import numpy as np

#: Ends the random seed of a pass, so that no other use of the seed draws the same numbers.
_ORDER = 0


class BatchOrder:
    """All samples in random order, then all in another, without end; batch k is the same whenever it is asked for.

    Args:
        count: how many samples there are.
        batch_size: B; may be larger than the count.
        seed: of the orders.
    """

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self._count, self._batch_size, self._seed = count, batch_size, seed
        self._passes: dict[int, np.ndarray] = {}

    def batch(self, index: int) -> np.ndarray:
        """Numbers (B,) of the samples in a batch."""
        samples = np.arange(index * self._batch_size, (index + 1) * self._batch_size)
        wanted = range(samples[0] // self._count, samples[-1] // self._count + 1)
        # A pass over a large set is long: only those that the batch touches are kept.
        known = self._passes
        self._passes = {number: known[number] if number in known else self._shuffled(number) for number in wanted}
        return np.array([self._passes[sample // self._count][sample % self._count] for sample in samples])

    def _shuffled(self, number: int) -> np.ndarray:
        return np.random.default_rng((self._seed, number, _ORDER)).permutation(self._count)
