"""The estimator's word on whether it sees a hand, learned last, from what the hand locator takes for hands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import keras
import numpy as np

from cn_zoo.in_order import in_order
from cn_zoo.models import build_hand_head, evidence_of, set_head
from cn_zoo.synthesis.worker_pool import WorkerPool
from cn_zoo.training.hand_places import HandPlaces, draw_hand_places
from cn_zoo.training.head_fit import fit_head

#: Frames that a worker process draws at once.
_CHUNK = 100
_PROCESSES = 2
#: Chunks that are drawn, or being drawn, beyond the one that is looked at: they are large.
_AHEAD = 7


def fit_hand_head(estimator: keras.Model, name: str, frames: int, seed: int) -> None:
    """Train an estimator's hand head, and nothing else of it.

    Each place is seen twice: as it is, and in a mirror, where hands are of the other side.

    Args:
        estimator: as of ``cn_zoo.models.build_pose_estimator``, otherwise finished.
        name: of the preset of the synthetic hands that it knows.
        frames: how many whole ones the places come from.
        seed: of frames and weights.
    """
    evidence, truths = _seen_places(evidence_of(estimator), name, frames, seed)
    head = build_hand_head(evidence.shape[-1])
    fit_head(head, evidence, truths, keras.losses.BinaryCrossentropy(from_logits=True), seed)
    set_head(estimator, head)


def _seen_places(network: keras.Model, name: str, frames: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Evidence (N, 1, E) about places and their mirror images, and whether they are hands (N, 1)."""
    evidence, truths = [], []
    for places in _draw_places(name, frames, seed):
        for depth in (places.depth, places.depth[:, :, ::-1]):
            evidence.append(network.predict_on_batch(depth))
            truths.append(places.is_hand[:, None].astype(np.float32))
    return np.concatenate(evidence)[:, None], np.concatenate(truths)


def _draw_places(name: str, frames: int, seed: int) -> Iterator[HandPlaces]:
    if frames <= _CHUNK:
        # Worker processes take longer to start than this.
        yield draw_hand_places(name, seed, 0, frames)
        return
    parts = ((name, seed, start, min(_CHUNK, frames - start)) for start in range(0, frames, _CHUNK))
    with closing(WorkerPool(draw_hand_places, _PROCESSES)) as pool:
        for drawn in in_order(lambda part: pool.submit(*part), parts, _AHEAD):
            yield drawn.result()
