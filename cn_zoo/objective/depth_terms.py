"""Reconstruction of depth maps (paper section 3.2)."""

from __future__ import annotations

from keras import KerasTensor, ops


def clipped_reconstruction(depth: KerasTensor, reconstructed: KerasTensor) -> KerasTensor:
    """Squared error (B,) of depth maps (B, H, W, 1) in [-1, 1], clipped at 1 and averaged over pixels.

    The clip keeps holes and silhouettes, where a pixel may be off by the whole cube, from outweighing the hand.
    """
    return ops.mean(ops.minimum(ops.square(depth - reconstructed), 1.0), axis=(1, 2, 3))
