"""Endless batches for Keras, drawn ahead by worker processes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any

import keras

from cn_zoo.synthesis.worker_pool import WorkerPool


class DrawnStream(keras.utils.PyDataset):
    """What streams of synthetic batches have in common.

    Batch k is the same whoever draws it and whenever. Each epoch goes on where the one before ended. Call ``fit`` with
    ``shuffle=False``: there is nothing to shuffle, and drawing ahead needs the order.

    Args:
        draw: draws a batch; as for `WorkerPool`.
        length: steps per epoch, at least 3: Keras looks at two before it begins.
        start: number of the first step.
        uses: steps that each batch serves, one after another.
        processes: number of worker processes.

    Raises:
        ValueError: fewer than one process.
    """

    def __init__(
        self,
        draw: Callable[..., Any],
        *,
        length: int,
        start: int = 0,
        uses: int = 1,
        processes: int = 1,
    ) -> None:
        # One worker in Keras's sense: its own threads fetch batches before it has told where the epoch begins.
        super().__init__(workers=1, use_multiprocessing=False)
        self._length, self._uses = length, uses
        self._first, self._furthest = start, start
        self._pool = WorkerPool(draw, processes)
        self._ahead = 2 * processes
        self._results: dict[int, Future[Any]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return self._length

    def on_epoch_end(self) -> None:
        """Move on to batches not seen before. Keras also calls this before the first epoch: then nothing moves."""
        with self._lock:
            if self._furthest >= self._first + self._length:
                self._first += self._length

    def close(self) -> None:
        """End the worker processes."""
        self._pool.close()

    def _arguments(self, number: int) -> tuple[Any, ...]:
        """What batch ``number`` of the whole sequence is drawn from."""
        raise NotImplementedError

    def _drawn(self, index: int) -> tuple[Any, int]:
        """The batch of step ``index`` of the current epoch, and which of its uses this is, counted from 0."""
        with self._lock:
            step = self._first + index
            self._furthest = max(self._furthest, step + 1)
            number, use = divmod(step, self._uses)
            wanted = range(number, number + 1 + self._ahead)
            # Batches are large: only this one and those ahead are kept.
            self._results = {each: self._results.get(each) or self._submit(each) for each in wanted}
            result = self._results[number]
        return result.result(), use

    def _submit(self, number: int) -> Future[Any]:
        return self._pool.submit(*self._arguments(number))
