"""An endless stream of labelled synthetic crops for Keras, on any backend."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import keras
import numpy as np

from cn_zoo.synthesis.crop_batch import CropBatch, draw_crop_batch
from cn_zoo.synthesis.presets import Preset
from cn_zoo.synthesis.worker import WorkerPool


class CropStream(keras.utils.PyDataset):
    """Batches ``(x, y)`` of crops and poses, drawn ahead by worker processes while the model trains.

    Sample k is the same whoever draws it and whenever. Each epoch goes on where the one before ended; a stream
    made with ``start`` = samples seen so far continues an interrupted one. Call ``fit`` with ``shuffle=False``: there
    is nothing to shuffle, and drawing ahead needs the order.

    ``x`` is (B, 128, 128, 1) float32 in [-1, 1]; ``y`` is (B, J, 3) float32 crop coordinates in units of 50 mm.

    Args:
        preset: what crops look like; its skeleton labels ``y``.
        batch_size: B.
        seed: of the sequence.
        split: one of `SPLITS`.
        start: number of the first sample.
        length: batches per epoch, at least 3: Keras looks at two before it begins.
        jitter: whether cubes sit a little off the hand centre; leave it on for training.
        processes: number of worker processes.
        fixed: every epoch repeats the first, as validation wants.
    """

    def __init__(
        self,
        preset: Preset,
        batch_size: int,
        seed: int,
        split: str = "train",
        *,
        start: int = 0,
        length: int = 1000,
        jitter: bool = True,
        processes: int = 2,
        fixed: bool = False,
    ) -> None:
        # One worker in Keras's sense: its own threads fetch batches before it has told where the epoch begins.
        super().__init__(workers=1, use_multiprocessing=False)
        self._preset, self._batch_size, self._seed, self._split = preset, batch_size, seed, split
        self._length, self._jitter, self._fixed = length, jitter, fixed
        self._first, self._furthest = start, start
        self._pool, self._threads = WorkerPool(draw_crop_batch, processes), ThreadPoolExecutor(processes)
        self._ahead = 2 * processes
        self._drawn: dict[int, Future[CropBatch]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        batch = self.batch(index)
        return batch.depth, batch.poses[self._preset.name]

    def batch(self, index: int) -> CropBatch:
        """Batch ``index`` of the current epoch, labelled with all skeletons."""
        with self._lock:
            sample = self._first + index * self._batch_size
            self._furthest = max(self._furthest, sample + self._batch_size)
            wanted = range(sample, sample + (1 + self._ahead) * self._batch_size, self._batch_size)
            # Batches are large: only those ahead are kept.
            self._drawn = {place: self._drawn.get(place) or self._draw(place) for place in wanted}
            batch = self._drawn.pop(sample)
        return batch.result()

    def on_epoch_end(self) -> None:
        """Move on to samples not seen before. Keras also calls this before the first epoch: then nothing moves."""
        with self._lock:
            after = self._first + self._length * self._batch_size
            if self._furthest >= after and not self._fixed:
                self._first = after

    def close(self) -> None:
        """End the worker processes."""
        self._threads.shutdown(cancel_futures=True)
        self._pool.close()

    def _draw(self, sample: int) -> Future[CropBatch]:
        arguments = self._preset, self._seed, sample, self._batch_size, self._split, self._jitter
        return self._threads.submit(self._pool.draw, *arguments)
