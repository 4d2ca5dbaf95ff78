"""The side task: a depth map shows a hand of the known side, and its mirror image one of the other."""

from __future__ import annotations

from keras import KerasTensor, ops


def side_error(known: KerasTensor, mirrored: KerasTensor) -> KerasTensor:
    """Cross entropies (B,): of each view by itself, and of which of the two is the known side.

    Args:
        known: log odds (B,) of the known side, of depth maps of such hands.
        mirrored: those of their mirror images.
    """
    return ops.softplus(-known) + ops.softplus(mirrored) + ops.softplus(mirrored - known)
