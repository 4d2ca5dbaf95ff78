"""Choosing by shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def pick(shares: Sequence[float], rng: np.random.Generator) -> int:
    """An index, as often as its share of the total says."""
    luck = rng.random() * sum(shares)
    for i, share in enumerate(shares):
        luck -= share
        if luck < 0:
            return i
    return len(shares) - 1
