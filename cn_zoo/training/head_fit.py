"""Training the small heads that come last, on what a finished posterior says."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from cn_zoo.models import HEAD_NORM

_BATCH, _EPOCHS, _LEARNING_RATE, _WEIGHT_DECAY = 128, 12, 2e-3, 1e-2
#: Share of the evidence that a head does without at each step, so that it does not live on little of it.
_DROPPED = 0.2


def fit_head(
    head: keras.Model,
    evidence: np.ndarray,
    truth: np.ndarray,
    loss: Callable[[KerasTensor, KerasTensor], KerasTensor],
    seed: int,
) -> None:
    """Train a head of ``cn_zoo.models.hand_head``.

    Args:
        head: untrained.
        evidence: (N, K, E), K views of each of N hands.
        truth: (N, T), as ``loss`` wants it.
        loss: of ``truth`` (B, T) and log odds (B, K).
        seed: of order and dropout.
    """
    keras.utils.set_random_seed(seed)
    norm = head.get_layer(HEAD_NORM)
    norm.trainable = False
    mean, variance = evidence.mean(axis=(0, 1)), evidence.var(axis=(0, 1))
    # What is dropped becomes usual, so that the norm comes first, and is put into its place afterwards.
    evidence = (evidence - mean) / np.sqrt(variance + norm.epsilon)
    student = _student(head, evidence.shape[1:], seed)
    rate = keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, _EPOCHS * -(-len(evidence) // _BATCH))
    student.compile(keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY), loss=loss)
    student.fit(evidence, truth, batch_size=_BATCH, epochs=_EPOCHS, verbose=0)
    norm.set_weights([mean, variance])


def _student(head: keras.Model, shape: tuple[int, int], seed: int) -> keras.Model:
    """From usual evidence (B, K, E) to log odds (B, K)."""
    views, size = shape
    inputs = keras.Input(shape)
    x = layers.Dropout(_DROPPED, seed=seed)(inputs)
    return keras.Model(inputs, ops.reshape(head(ops.reshape(x, (-1, size))), (-1, views)))
