"""Points of a model's latent space that look like hands."""

from __future__ import annotations

import numpy as np
from keras import ops

from cn_zoo.joint import CrossingNets
from cn_zoo.synthesis.pose_set import draw_poses
from cn_zoo.synthesis.presets import PRESETS


def sample_latents(nets: CrossingNets, count: int, seed: int) -> np.ndarray:
    """Latents ``(count, L + 3)`` of hands that nothing was trained on, each between two poses by chance."""
    ends = _encode_poses(nets, 2 * count, seed)
    share = np.random.default_rng(seed).uniform(size=(count, 1)).astype("float32")
    return share * ends[:count] + (1 - share) * ends[count:]


def walk_latents(nets: CrossingNets, count: int, seed: int) -> np.ndarray:
    """Latents ``(count, L + 3)`` in even steps from one pose to another.

    Raises:
        ValueError: a walk has at least its two ends.
    """
    if count < 2:
        raise ValueError(f"a walk has at least 2 points; received {count}")
    first, last = _encode_poses(nets, 2, seed)
    return np.linspace(first, last, count, dtype="float32")


def _encode_poses(nets: CrossingNets, count: int, seed: int) -> np.ndarray:
    poses = draw_poses(PRESETS[nets.skeleton], seed, count, "test")
    return ops.convert_to_numpy(nets.encode_pose(poses)["mean"])
