"""How well a model reads what it has drawn itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cn_zoo.geometry import POSE_UNIT_MM

if TYPE_CHECKING:
    from cn_zoo.joint import CrossingNets


def round_trip_error(nets: CrossingNets, depth: np.ndarray, pose: np.ndarray) -> float:
    """Mean distance in mm of the joints that a model estimates in generated depth maps from those they were made of.

    Args:
        nets: the model.
        depth: ``(N, 128, 128, 1)`` generated depth maps in [-1, 1].
        pose: ``(N, J, 3)`` their joints in crop coordinates, units of 50 mm.
    """
    from keras.ops import convert_to_numpy

    estimate = convert_to_numpy(nets.estimate(depth)["pose"])
    return float(np.linalg.norm(estimate - pose, axis=-1).mean() * POSE_UNIT_MM)
