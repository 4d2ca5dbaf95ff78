"""Sparse skin weights."""

from __future__ import annotations

import numpy as np


def four_weights(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The four largest of each vertex's weights ``(V, B)``: bones ``(V, 4)`` and weights ``(V, 4)`` that sum to 1."""
    indices = np.argsort(-weights, axis=1)[:, :4]
    values = np.take_along_axis(weights, indices, axis=1)
    return indices, values / values.sum(axis=1, keepdims=True)
