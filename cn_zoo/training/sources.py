"""Where batches come from. Batch k of a source is the same whoever asks for it and whenever: runs resume exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from cn_zoo.datasets import ConvertedSet, CropAugmentation
from cn_zoo.datasets.crop_augmentation import CropJitter
from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.synthesis.crop_stream import CropStream
from cn_zoo.synthesis.presets import Preset
from cn_zoo.training.batch_order import BatchOrder
from cn_zoo.training.devices import ALONE, Host

#: Ends the random seeds of a batch, so that its uses draw different numbers. The order of samples has 0.
_FIRST_VIEW, _SECOND_VIEW = range(1, 3)
#: How far crops are changed if nothing else is said.
_USUAL = CropAugmentation()


class Source(Protocol):
    """Batches by number."""

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """Arrays by their names in `cn_zoo.objective.Batch`."""

    def close(self) -> None:
        """End what works in the background."""


class PoseSource:
    """Poses without pictures, shuffled anew each time that all have been seen.

    Args:
        poses: (N, J, 3) crop coordinates, units of 50 mm.
        batch_size: B.
        seed: of the order.
    """

    def __init__(self, poses: np.ndarray, batch_size: int, seed: int) -> None:
        self._poses = poses
        self._order = BatchOrder(len(poses), batch_size, seed)

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """``pose`` (B, J, 3)."""
        return {"pose": self._poses[self._order.batch(index)]}

    def close(self) -> None:
        """Nothing to end."""


class SyntheticSource:
    """Endless synthetic crops, none seen twice, drawn ahead by worker processes.

    Args:
        preset: what crops look like.
        batch_size: B.
        seed: of the sequence.
    """

    def __init__(self, preset: Preset, batch_size: int, seed: int) -> None:
        self._name = preset.name
        # Nobody ends an epoch of it, so that its batches are numbered from the very first.
        self._stream = CropStream(preset, batch_size, seed)

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """``depth`` (B, 128, 128, 1) and ``pose`` (B, J, 3)."""
        batch = self._stream.batch(index)
        return {"depth": batch.depth, "pose": batch.poses[self._name]}

    def close(self) -> None:
        """End the worker processes."""
        self._stream.close()


class LabelledSource:
    """Some frames of a converted set with their labels, augmented by chance.

    Args:
        frames: the set.
        indices: which of its frames.
        batch_size: B.
        seed: of order and augmentation.
        augmentation: how far crops are changed.
    """

    def __init__(
        self,
        frames: ConvertedSet,
        indices: np.ndarray,
        batch_size: int,
        seed: int,
        augmentation: CropAugmentation = _USUAL,
    ) -> None:
        self._frames = frames
        self._indices = indices
        self._order = BatchOrder(len(indices), batch_size, seed)
        self._seed = seed
        self._augmentation = augmentation

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """``depth`` (B, 128, 128, 1) and ``pose`` (B, J, 3)."""
        chosen = self._indices[self._order.batch(index)]
        rng = np.random.default_rng((self._seed, index, _FIRST_VIEW))
        depth, pose = self._frames.crops(chosen, self._augmentation.draw_several(rng, len(chosen)))
        return {"depth": depth, "pose": pose}

    def close(self) -> None:
        """Nothing to end."""


class UnlabelledSource:
    """Frames of converted sets without their labels, each seen twice, changed in two ways.

    Args:
        frames: the sets, each with the indices of its frames.
        batch_size: U.
        seed: of order and augmentation.
        augmentation: how far crops are changed.
    """

    def __init__(
        self,
        frames: Sequence[tuple[ConvertedSet, np.ndarray]],
        batch_size: int,
        seed: int,
        augmentation: CropAugmentation = _USUAL,
    ) -> None:
        self._frames = [(each, index) for each, indices in frames for index in indices]
        self._order = BatchOrder(len(self._frames), batch_size, seed)
        self._seed = seed
        self._augmentation = augmentation

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """``unlabelled`` and ``twin`` (U, 128, 128, 1), ``turn`` (U, 4, 3)."""
        chosen = [self._frames[place] for place in self._order.batch(index)]
        rngs = (np.random.default_rng((self._seed, index, view)) for view in (_FIRST_VIEW, _SECOND_VIEW))
        first, second = (self._augmentation.draw_several(rng, len(chosen)) for rng in rngs)
        return {
            "unlabelled": _views(chosen, first),
            "twin": _views(chosen, second),
            "turn": np.stack([_turn(*pair) for pair in zip(first, second, strict=True)]),
        }

    def close(self) -> None:
        """Nothing to end."""


def batches(
    sources: Sequence[Source], first: int, host: Host = ALONE
) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
    """Endless batches ``(x, y)`` for `CrossingNets`: what all sources give, arrays of one name put one after another.

    Args:
        sources: at least one of them gives poses.
        first: number of the first batch.
        host: gets its rows of each.
    """
    index = first
    while True:
        parts = [source.batch(index) for source in sources]
        names = dict.fromkeys(name for part in parts for name in part)
        x = {name: host.rows(np.concatenate([part[name] for part in parts if name in part])) for name in names}
        yield (x, x.pop("pose")) if len(x) > 1 else (x,)
        index += 1


def _views(chosen: Sequence[tuple[ConvertedSet, int]], jitters: Sequence[CropJitter]) -> np.ndarray:
    """(U, 128, 128, 1) crops of frames, each changed by its jitter."""
    pairs = zip(chosen, jitters, strict=True)
    return np.concatenate([frames.crops([index], [jitter])[0] for (frames, index), jitter in pairs])


def _turn(first: CropJitter, second: CropJitter) -> np.ndarray:
    """(4, 3) float32: takes a pose in the first view to the same pose in the second, as ``pose @ turn[:3] + turn[3]``.

    Both views are affine: the origin and three unit points tell all of it.
    """
    points = np.concatenate([np.zeros((1, 3)), np.eye(3)])
    seen_first, seen_second = (jitter.move(points, POSE_UNIT_MM) for jitter in (first, second))
    linear = np.linalg.solve(seen_first[1:] - seen_first[0], seen_second[1:] - seen_second[0])
    return np.concatenate([linear, seen_second[:1] - seen_first[:1] @ linear]).astype(np.float32)
