"""Training the hand locator's two networks together, on the same frames."""

from __future__ import annotations

import keras
from keras import KerasTensor, layers, ops

from cn_zoo.geometry import POSE_UNIT_MM, SKELETONS
from cn_zoo.models.finder_and_judge import JUDGE_FEATURES

#: Beside a hand's centre, cells as good as this learn where it is.
_GOOD = 0.3
#: A place is learned no harder than this far off, in cells or units of 50 mm.
_FARTHEST = 3.0
#: What is a hand counts more than where: places are found anew by the pose network, and its word comes late.
_HAND_WEIGHT = 3.0


class LocatorTask(keras.Model):
    """The finder on frames and the judge on places of the same frames.

    Takes ``planes`` and ``crops`` and learns from ``cells``, ``hand``, ``centers`` and ``joints``, all as of
    `cn_zoo.synthesis.locator_batch.LocatorBatch`. The joints are an exercise: who knows where the thumb is, and to
    which side the fingers curl, can tell a right hand from a left one. Nothing of it is kept.

    Args:
        finder, judge: as built by ``cn_zoo.models.finder_and_judge``.
    """

    def __init__(self, finder: keras.Model, judge: keras.Model) -> None:
        super().__init__(name="locator_task")
        self.finder = finder
        self.judge = judge
        self._student = keras.Model(judge.input, {**judge.output, "features": judge.get_layer(JUDGE_FEATURES).output})
        self._exercise = layers.Dense(3 * len(SKELETONS["msra"]), dtype="float32", name="exercise")
        self._means = [keras.metrics.Mean(name=name) for name in ("cells", "center_mm", "joints_mm", "hand", "side")]

    def call(self, x: dict[str, KerasTensor], training: bool = False) -> dict[str, KerasTensor]:
        """The finder's cells, and the judge's word on every place, frame by frame."""
        crops = ops.reshape(x["crops"], (-1, *x["crops"].shape[2:]))
        judged = self._student(crops, training=training)
        joints = ops.reshape(self._exercise(judged.pop("features")), (-1, len(SKELETONS["msra"]), 3))
        return {**self.finder(x["planes"], training=training), **judged, "joints": joints}

    def compute_loss(
        self,
        x: dict[str, KerasTensor] | None = None,
        y: dict[str, KerasTensor] | None = None,
        y_pred: dict[str, KerasTensor] | None = None,
        sample_weight: KerasTensor | None = None,
        training: bool = True,
    ) -> KerasTensor:
        """Focal loss and distance of the finder's cells; cross entropies and distances of the judge's word."""
        cells = _cells_loss(y["cells"], y_pred["cells"])
        hand, side = _judge_entropies(y["hand"], y_pred["hand"])
        centers, joints = (_mean_distance(y[name], y_pred[name], y["hand"]) for name in ("centers", "joints"))
        values = (cells, POSE_UNIT_MM * centers, POSE_UNIT_MM * joints, hand, side)
        for mean, value in zip(self._means, values, strict=True):
            mean.update_state(value)
        return cells + _HAND_WEIGHT * hand + side + centers + joints


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


def _judge_entropies(truth: KerasTensor, log_odds: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
    """Cross entropy of hand or none; of left or right, over the hands."""
    truth = ops.reshape(truth, (-1, 2))
    entropy = ops.binary_crossentropy(truth, log_odds, from_logits=True)
    return ops.mean(entropy[:, 0]), _mean_of_hands(entropy[:, 1], truth[:, 0])


def _mean_distance(points: KerasTensor, found: KerasTensor, truth: KerasTensor) -> KerasTensor:
    """Mean distance of points (B, 2, K, 3) from those found (2 B, K, 3), over the hands."""
    points = ops.reshape(points, (-1, *points.shape[2:]))
    distance = ops.sqrt(ops.sum(ops.square(found - points), axis=-1) + 1e-4)
    return _mean_of_hands(ops.mean(distance, axis=-1), ops.reshape(truth, (-1, 2))[:, 0])


def _mean_of_hands(values: KerasTensor, is_hand: KerasTensor) -> KerasTensor:
    return ops.sum(values * is_hand) / ops.maximum(ops.sum(is_hand), 1.0)
