"""Parts of a batch."""

from __future__ import annotations

from keras import KerasTensor, ops


def rows(x: KerasTensor, first: int | KerasTensor, count: int | KerasTensor) -> KerasTensor:
    """``x[first : first + count]`` of maps (B, H, W, C).

    The gradient of that subscript takes TensorFlow as long as a convolution (ten times this one's).
    """
    return ops.slice(x, (first, 0, 0, 0), (count, *x.shape[1:]))
