"""Training the hand locator's two networks together, on the same frames."""

from __future__ import annotations

import keras
from keras import KerasTensor, ops

from cn_zoo.geometry import POSE_UNIT_MM

#: Beside a hand's centre, cells as good as this learn where it is.
_GOOD = 0.3
#: A place is learned no harder than this far off, in cells or units of 50 mm.
_FARTHEST = 3.0


class LocatorTask(keras.Model):
    """The finder on frames and the judge on places of the same frames.

    Takes ``{"planes": ..., "crops": ...}`` and learns from ``{"cells": ..., "hand": ..., "centers": ...}``, as of
    `cn_zoo.synthesis.locator_batch.LocatorBatch`.

    Args:
        finder, judge: as built by ``cn_zoo.models.hand_locator``.
    """

    def __init__(self, finder: keras.Model, judge: keras.Model) -> None:
        super().__init__(name="locator_task")
        self.finder = finder
        self.judge = judge
        self._means = [keras.metrics.Mean(name=name) for name in ("cells", "center_mm", "hand", "side")]

    def call(self, x: dict[str, KerasTensor], training: bool = False) -> dict[str, KerasTensor]:
        """The finder's cells, and the judge's word on every place, frame by frame."""
        crops = ops.reshape(x["crops"], (-1, *x["crops"].shape[2:]))
        return {**self.finder(x["planes"], training=training), **self.judge(crops, training=training)}

    def compute_loss(
        self,
        x: dict[str, KerasTensor] | None = None,
        y: dict[str, KerasTensor] | None = None,
        y_pred: dict[str, KerasTensor] | None = None,
        sample_weight: KerasTensor | None = None,
        training: bool = True,
    ) -> KerasTensor:
        """Focal loss and distance of the finder's cells; cross entropies and distance of the judge's word."""
        cells = _cells_loss(y["cells"], y_pred["cells"])
        hand, side, distance = _judge_losses(y, y_pred)
        for mean, value in zip(self._means, (cells, POSE_UNIT_MM * distance, hand, side), strict=True):
            mean.update_state(value)
        return cells + hand + side + distance


def _cells_loss(y: KerasTensor, cells: KerasTensor) -> KerasTensor:
    """CenterNet's (Zhou et al. 2019) for the score, absolute differences for the places."""
    good, counts, log_odds = y[..., 0], y[..., 4], cells[..., 0]
    probability = ops.sigmoid(log_odds)
    center = ops.cast(good > 0.999, "float32")
    missed = -center * ops.square(1 - probability) * ops.log_sigmoid(log_odds)
    wrong = -(1 - center) * counts * (1 - good) ** 4 * ops.square(probability) * ops.log_sigmoid(-log_odds)
    score = ops.sum(missed + wrong) / ops.maximum(ops.sum(center), 1.0)
    weight = ops.where(good > _GOOD, good, 0.0)
    off = ops.sum(ops.minimum(ops.abs(cells[..., 1:4] - y[..., 1:4]), _FARTHEST), axis=-1)
    return score + ops.sum(weight * off) / ops.maximum(ops.sum(weight), 1.0)


def _judge_losses(
    y: dict[str, KerasTensor], y_pred: dict[str, KerasTensor]
) -> tuple[KerasTensor, KerasTensor, KerasTensor]:
    """Cross entropy of hand or none; of left or right and mean distance of centres (50 mm), over the hands."""
    truth = ops.reshape(y["hand"], (-1, 2))
    centers = ops.reshape(y["centers"], (-1, *y["centers"].shape[2:]))
    is_hand = truth[:, 0]
    hands = ops.maximum(ops.sum(is_hand), 1.0)
    entropy = ops.binary_crossentropy(truth, y_pred["hand"], from_logits=True)
    distance = ops.sqrt(ops.sum(ops.square(y_pred["centers"] - centers), axis=-1) + 1e-4)
    return (
        ops.mean(entropy[:, 0]),
        ops.sum(entropy[:, 1] * is_hand) / hands,
        ops.sum(ops.mean(distance, axis=-1) * is_hand) / hands,
    )
