"""Batches of synthetic crops."""

from __future__ import annotations

import numpy as np

from cn_zoo.synthesis.crop_stream import CropStream
from cn_zoo.synthesis.presets import SynthesisPreset


class SyntheticSource:
    """Endless synthetic crops, none seen twice, drawn ahead by worker processes.

    Args:
        preset: what crops look like.
        batch_size: B.
        seed: of the sequence.
    """

    def __init__(self, preset: SynthesisPreset, batch_size: int, seed: int) -> None:
        self._name = preset.name
        # Nobody ends an epoch of it, so that its batches are numbered from the very first.
        self._stream = CropStream(preset, batch_size, seed)

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """``depth`` (B, 128, 128, 1) and ``pose`` (B, J, 3)."""
        batch = self._stream.batch(index)
        return {"depth": batch.depth, "pose": batch.poses[self._name]}

    def close(self) -> None:
        """End the worker processes."""
        self._stream.close()
