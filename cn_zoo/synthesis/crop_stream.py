"""An endless stream of labelled synthetic crops for Keras, on any backend."""

from __future__ import annotations

from typing import Any

import numpy as np

from cn_zoo.synthesis.crop_batch import CropBatch, draw_crop_batch
from cn_zoo.synthesis.drawn_stream import DrawnStream
from cn_zoo.synthesis.presets import SynthesisPreset


class CropStream(DrawnStream):
    """Batches ``(x, y)`` of crops and poses, drawn ahead by worker processes while the model trains.

    Sample k is the same whoever draws it and whenever. Each epoch goes on where the one before ended; a stream
    made with ``start`` = steps done so far continues an interrupted one. Call ``fit`` with ``shuffle=False``.

    ``x`` is (B, 128, 128, 1) float32 in [-1, 1]; ``y`` is (B, J, 3) float32 crop coordinates in units of 50 mm.

    Args:
        preset: what crops look like; its skeleton labels ``y``.
        batch_size: B.
        seed: of the sequence.
        split: one of `SPLITS`.
        start: number of the first step.
        length: batches per epoch, at least 3: Keras looks at two before it begins.
        jitter: whether cubes sit a little off the hand centre; leave it on for training.
        processes: number of worker processes.
    """

    def __init__(
        self,
        preset: SynthesisPreset,
        batch_size: int,
        seed: int,
        split: str = "train",
        *,
        start: int = 0,
        length: int = 1000,
        jitter: bool = True,
        processes: int = 2,
    ) -> None:
        super().__init__(draw_crop_batch, length=length, start=start, processes=processes)
        self._preset, self._batch_size, self._seed, self._split = preset, batch_size, seed, split
        self._jitter = jitter

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        batch = self.batch(index)
        return batch.depth, batch.poses[self._preset.name]

    def batch(self, index: int) -> CropBatch:
        """Batch ``index`` of the current epoch, labelled with all skeletons."""
        return self._drawn(index)[0]

    def _arguments(self, number: int) -> tuple[Any, ...]:
        return self._preset, self._seed, number * self._batch_size, self._batch_size, self._split, self._jitter
