"""The smooth task: embeddings of depth maps lie to each other as their latents do (paper section 3.2)."""

from __future__ import annotations

from keras import KerasTensor, ops


def difference_error(
    embedding: KerasTensor, other_embedding: KerasTensor, latent: KerasTensor, other_latent: KerasTensor
) -> KerasTensor:
    """Squared error (B,) of the difference of two embeddings (B, L) against that of their latents, averaged over L."""
    return ops.mean(ops.square((embedding - other_embedding) - (latent - other_latent)), axis=-1)
