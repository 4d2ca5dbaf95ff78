"""An endless stream of frames for the hand locator."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cn_zoo.geometry import Camera
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.synthesis.drawn_stream import DrawnStream
from cn_zoo.synthesis.locator_batch import draw_locator_batch


class LocatorStream(DrawnStream):
    """Batches ``(x, y)`` for `LocatorTask`, drawn ahead by a worker process while it trains.

    Each batch is followed by its mirror image, which costs nothing to draw. Batch k is the same whoever draws it and
    whenever. Each epoch goes on where the one before ended.

    Args:
        batch_size: frames a batch.
        seed: of the sequence.
        start: number of the first step, mirror images counted.
        length: batches per epoch, mirror images counted.
        earlier: folder of a locator that names places without a hand; None: chance names them.
    """

    def __init__(self, batch_size: int, seed: int, start: int, length: int, earlier: Path | None = None) -> None:
        super().__init__(draw_locator_batch, length=length, start=start, uses=2)
        self._batch_size, self._seed = batch_size, seed
        self._name_places = earlier and partial(_name_places, earlier)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        batch, mirrored = self._drawn(index)
        batch = batch.mirrored() if mirrored else batch
        return (
            {"planes": batch.planes, "crops": batch.crops},
            {"cells": batch.cells, "hand": batch.hand, "centers": batch.centers, "joints": batch.joints},
        )

    def _arguments(self, number: int) -> tuple[Any, ...]:
        return self._seed, number * self._batch_size, self._batch_size, "train", self._name_places


def _name_places(earlier: Path, depth_mm: np.ndarray, camera: Camera) -> np.ndarray:
    """Places (K, 3) xyz mm that an earlier locator would have a closer look at."""
    places = HandLocator.load(earlier).candidates(depth_mm, camera)
    return camera.uvd_to_xyz(np.array([place.center_uvd for place in places]).reshape(-1, 3))
