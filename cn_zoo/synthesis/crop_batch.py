"""Batches of synthetic crops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.geometry import CROP_SIZE, LABELLED, SKELETONS
from cn_zoo.synthesis.frame import draw_crops
from cn_zoo.synthesis.presets import SynthesisPreset

#: Crops drawn stage by stage at a time: more would push each other's data out of the processor's caches.
_TOGETHER = 10


@dataclass(frozen=True)
class CropBatch:
    """Labelled crops.

    Attributes:
        depth: (B, 128, 128, 1) float32 in [-1, 1], +1 = background.
        poses: skeleton name -> (B, J, 3) float32 crop coordinates, units of 50 mm; all about the preset's hand centre.
    """

    depth: np.ndarray
    poses: dict[str, np.ndarray]


def draw_crop_batch(
    preset: SynthesisPreset, seed: int, start: int, count: int, split: str = "train", jitter: bool = True
) -> CropBatch:
    """Crops ``start`` to ``start + count - 1`` of a sequence, as `draw_crop` draws them one by one."""
    depth = np.empty((count, CROP_SIZE, CROP_SIZE, 1), np.float32)
    poses = {name: np.empty((count, len(SKELETONS[name]), 3), np.float32) for name in LABELLED}
    for first in range(0, count, _TOGETHER):
        rows = range(first, min(first + _TOGETHER, count))
        for row, crop in zip(rows, draw_crops(preset, seed, [start + row for row in rows], split, jitter), strict=True):
            depth[row, :, :, 0] = crop.depth
            for name, pose in crop.poses.items():
                poses[name][row] = pose
    return CropBatch(depth, poses)
