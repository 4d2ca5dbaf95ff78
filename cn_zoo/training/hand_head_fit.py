"""The estimator's word on whether it sees a hand, learned from its finished doubts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from cn_zoo.models import HAND_NORM, build_hand_head, doubts_of, set_hand_head
from cn_zoo.synthesis.worker import WorkerPool
from cn_zoo.training.hand_places import HandPlaces, draw_hand_places

#: Frames that a worker process draws at once.
_CHUNK = 100
_PROCESSES = 2
#: Chunks that are drawn before all of them have been looked at: they are large.
_AHEAD = 8
_BATCH, _EPOCHS, _LEARNING_RATE, _WEIGHT_DECAY = 128, 6, 2e-3, 1e-2
#: Share of the doubts that the head does without at each step, so that it does not live on few of them.
_DROPPED = 0.2


def fit_hand_head(estimator: keras.Model, name: str, frames: int, seed: int) -> None:
    """Train an estimator's hand head, and nothing else of it.

    Each place is seen twice: as it is, and in a mirror, where hands are of the other side.

    Args:
        estimator: as of ``cn_zoo.models.build_pose_estimator``, otherwise finished.
        name: of the preset of the synthetic hands that it knows.
        frames: how many whole ones the places come from.
        seed: of frames and weights.
    """
    doubts, truths = _seen_places(doubts_of(estimator), name, frames, seed)
    keras.utils.set_random_seed(seed)
    head = build_hand_head(doubts.shape[1])
    norm = head.get_layer(HAND_NORM)
    norm.trainable = False
    mean, variance = doubts.mean(axis=0), doubts.var(axis=0)
    # What is dropped becomes usual, so that the norm comes first, and is put into its place afterwards.
    doubts = (doubts - mean) / np.sqrt(variance + norm.epsilon)
    inputs = keras.Input(doubts.shape[1:])
    student = keras.Model(inputs, head(layers.Dropout(_DROPPED, seed=seed)(inputs)))
    steps = _EPOCHS * -(-len(doubts) // _BATCH)
    rate = keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps)
    student.compile(keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY), loss=_entropies)
    student.fit(doubts, truths, batch_size=_BATCH, epochs=_EPOCHS, verbose=0)
    norm.set_weights([mean, variance])
    set_hand_head(estimator, head)


def _seen_places(network: keras.Model, name: str, frames: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Doubts (2 N, D) about places and their mirror images, and what they are (2 N, 2): a hand; a right one."""
    doubts, truths = [], []
    for places in _draw_places(name, frames, seed):
        for depth, right in ((places.depth, ~places.left), (places.depth[:, :, ::-1], places.left)):
            doubts.append(network.predict_on_batch(depth))
            truths.append(np.stack([places.is_hand, places.is_hand & right], axis=1).astype(np.float32))
    return np.concatenate(doubts), np.concatenate(truths)


def _draw_places(name: str, frames: int, seed: int) -> Iterator[HandPlaces]:
    if frames <= _CHUNK:
        # Worker processes take longer to start than this.
        yield draw_hand_places(name, seed, 0, frames)
        return
    pool = WorkerPool(draw_hand_places, _PROCESSES)
    with ThreadPoolExecutor(_PROCESSES) as threads:
        parts = [(name, seed, start, min(_CHUNK, frames - start)) for start in range(0, frames, _CHUNK)]
        for first in range(0, len(parts), _AHEAD):
            yield from threads.map(lambda part: pool.draw(*part), parts[first : first + _AHEAD])
    pool.close()


def _entropies(truth: KerasTensor, probability: KerasTensor) -> KerasTensor:
    """Cross entropies (B,): hand or none; and, of a hand, right or left."""
    probability = ops.clip(probability, 1e-6, 1 - 1e-6)
    entropy = -truth * ops.log(probability) - (1 - truth) * ops.log(1 - probability)
    return entropy[:, 0] + truth[:, 0] * entropy[:, 1]
