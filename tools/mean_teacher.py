"""A mean teacher: unlabelled crops get the poses that a slowly following copy of the estimator sees in them."""

from __future__ import annotations

import keras
import numpy as np

from cn_zoo.datasets import ConvertedSet, CropAugmentation
from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.training.sources import Source

#: How much of the teacher stays at each step, once it has seen enough of them.
_MOMENTUM = 0.995
#: How many steps the first average is of.
_FIRST = 10
#: Share of crops of which a part is covered, and the edges of that part in pixels.
_COVERED, _EDGES = 0.7, (12, 40)
#: Ends the random seeds of a batch, so that its uses draw different numbers.
_ORDER, _VIEW, _COVER = range(10, 13)


class MeanTeacher:
    """An estimator whose weights are a running mean of another's.

    Args:
        student: of ``cn_zoo.models.build_pose_estimator``, being trained.
    """

    def __init__(self, student: keras.Model) -> None:
        self._student = student
        self.estimator = keras.models.clone_model(student)
        self.estimator.set_weights(student.get_weights())

    def follow(self, steps: int) -> None:
        """Move towards the student after its step number ``steps``, counted from 1."""
        kept = min(_MOMENTUM, (steps - 1) / (steps - 1 + _FIRST))
        for mine, theirs in zip(self.estimator.variables, self._student.variables, strict=True):
            if keras.backend.is_float_dtype(mine.dtype):
                mine.assign(kept * mine + (1 - kept) * theirs)


class CoveredSource:
    """What another source gives, with depth maps of which most lose a rectangle: to a hole, or to something before it.

    Args:
        source: gives ``depth``.
        seed: of what is covered.
    """

    def __init__(self, source: Source, seed: int) -> None:
        self._source = source
        self._seed = seed

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """As the source's."""
        batch = self._source.batch(index)
        return {**batch, "depth": _covered(batch["depth"], np.random.default_rng((self._seed, index, _COVER)))}

    def close(self) -> None:
        """End the source."""
        self._source.close()


class TaughtSource:
    """Unlabelled frames of a converted set with a teacher's labels, turned, scaled and shifted.

    Args:
        frames: the set.
        indices: which of its frames.
        batch_size: U.
        seed: of order and changes.
        teacher: as it is when a batch is asked for.
        changes: how far crops are changed.
    """

    def __init__(
        self,
        frames: ConvertedSet,
        indices: np.ndarray,
        batch_size: int,
        seed: int,
        teacher: MeanTeacher,
        changes: CropAugmentation,
    ) -> None:
        self._frames = frames
        self._indices = indices
        self._batch_size = batch_size
        self._seed = seed
        self._teacher = teacher
        self._changes = changes

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """``depth`` (U, 128, 128, 1) and ``pose`` (U, J, 3)."""
        chosen = self._chosen(index)
        plain = self._frames.crops(chosen)[0]
        poses = _seen_four_ways(self._teacher.estimator, plain)
        # The same numbers twice: once for what is seen, once for where the joints go.
        depth = self._frames.crops(chosen, self._changes, self._generator(index, _VIEW))[0]
        rng = self._generator(index, _VIEW)
        poses = [self._changes.draw(rng).move(pose, POSE_UNIT_MM) for pose in poses]
        return {"depth": depth, "pose": np.stack(poses).astype(np.float32)}

    def close(self) -> None:
        """Nothing to end."""

    def _chosen(self, index: int) -> np.ndarray:
        """All in random order, then all in another; the last few of each order are left out."""
        batches = len(self._indices) // self._batch_size
        order = self._generator(index // batches, _ORDER).permutation(self._indices)
        first = index % batches * self._batch_size
        return order[first : first + self._batch_size]

    def _generator(self, index: int, use: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, index, use))


def _seen_four_ways(estimator: keras.Model, depth: np.ndarray) -> np.ndarray:
    """Poses (B, J, 3) of crops (B, 128, 128, 1): the mean of what is seen at every quarter turn, turned back."""
    turned = [np.rot90(depth, quarters, axes=(1, 2)) for quarters in range(4)]
    seen = np.split(estimator.predict_on_batch(np.concatenate(turned))["pose"], 4)
    return np.mean([pose @ _turned_back(quarters) for quarters, pose in enumerate(seen)], axis=0)


def _covered(depth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    depth = depth.copy()
    size = depth.shape[1]
    for crop in depth:
        if rng.random() < _COVERED:
            height, width = rng.integers(*_EDGES, 2)
            top, left = rng.integers(0, size - height), rng.integers(0, size - width)
            crop[top : top + height, left : left + width] = 1.0 if rng.random() < 0.5 else rng.uniform(-1.0, 0.0)
    return depth


def _turned_back(quarters: int) -> np.ndarray:
    """(3, 3): takes a pose seen after so many quarter turns to the one before them."""
    right, down = (round(each(quarters * np.pi / 2)) for each in (np.cos, np.sin))
    return np.array([[right, down, 0], [-down, right, 0], [0, 0, 1]])
