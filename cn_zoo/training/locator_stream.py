"""An endless stream of frames for the hand locator."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Lock

import keras
import numpy as np

from cn_zoo.geometry import Camera
from cn_zoo.inference.localisation_network import HandLocator
from cn_zoo.synthesis.locator_batch import LocatorBatch, draw_locator_batch


class LocatorStream(keras.utils.PyDataset):
    """Batches ``(x, y)`` for `LocatorTask`, drawn ahead by worker processes while it trains.

    Each batch is followed by its mirror image, which costs nothing to draw. Batch k is the same whoever draws it and
    whenever. Each epoch goes on where the one before ended.

    Args:
        batch_size: frames a batch.
        seed: of the sequence.
        start: number of the first batch.
        length: batches per epoch.
        earlier: folder of a locator that names places without a hand; None: chance names them.
        processes: number of worker processes.
    """

    def __init__(
        self, batch_size: int, seed: int, start: int, length: int, earlier: Path | None = None, processes: int = 1
    ) -> None:
        # One worker in Keras's sense: its own threads fetch batches before it has told where the epoch begins.
        super().__init__(workers=1, use_multiprocessing=False)
        self._batch_size, self._seed, self._length = batch_size, seed, length
        self._name_places = earlier and partial(_name_places, earlier)
        self._first, self._furthest = start, start
        # Spawned: a fork would copy the threads of a deep-learning framework.
        self._pool = ProcessPoolExecutor(processes, get_context("spawn"))
        self._ahead = 2 * processes
        self._drawn: dict[int, Future[LocatorBatch]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        with self._lock:
            place = self._first + index
            self._furthest = max(self._furthest, place + 1)
            pair, mirrored = divmod(place, 2)
            wanted = range(pair, pair + 1 + self._ahead)
            self._drawn = {number: self._drawn.get(number) or self._draw(number) for number in wanted}
            drawn = self._drawn[pair]
        batch = drawn.result().mirrored() if mirrored else drawn.result()
        return (
            {"planes": batch.planes, "crops": batch.crops},
            {"cells": batch.cells, "hand": batch.hand, "centers": batch.centers, "joints": batch.joints},
        )

    def on_epoch_end(self) -> None:
        """Move on to frames not seen before. Keras also calls this before the first epoch: then nothing moves."""
        with self._lock:
            if self._furthest >= self._first + self._length:
                self._first += self._length

    def close(self) -> None:
        """End the worker processes."""
        self._pool.shutdown(cancel_futures=True)

    def _draw(self, number: int) -> Future[LocatorBatch]:
        start, count = number * self._batch_size, self._batch_size
        return self._pool.submit(draw_locator_batch, self._seed, start, count, name_places=self._name_places)


def _name_places(earlier: Path, depth_mm: np.ndarray, camera: Camera) -> np.ndarray:
    """Places (K, 3) xyz mm that an earlier locator would have a closer look at."""
    places = HandLocator.load(earlier).candidates(depth_mm, camera)
    return camera.uvd_to_xyz(np.array([place.center_uvd for place in places]).reshape(-1, 3))
