"""The network that looks at whole images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.geometry.frame_view import VIEW_CELL, FrameView, with_neighbours
from cn_zoo.inference.runtimes import open_runtime

#: Places of lower log odds are not worth asking about, nor are those so much below the best one.
_LEAST_LOG_ODDS, _WORSE_BY = -5.0, 2.5
#: No hand is nearer to a camera, in mm.
NEAREST_MM = 60.0
#: How far the middle of a cell lies behind its first pixel, in pixels of the view.
_CELL_MIDDLE = (VIEW_CELL - 1) / 2


class HandFinder:
    """Names places in a whole depth image where hands may be.

    Args:
        path: the network's ONNX file, verified already.

    Raises:
        WeightsError: the file is broken.
    """

    def __init__(self, path: Path) -> None:
        self._network = open_runtime(path)

    def places(self, view: FrameView, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The likeliest places, best first: ``(K, 3)`` xyz mm and their log odds ``(K,)``; K is at most ``count``."""
        cells = self._network.run(view.planes())["cells"]
        log_odds = cells[..., 0]
        least = max(_LEAST_LOG_ODDS, float(log_odds.max()) - _WORSE_BY)
        peaks = (log_odds >= with_neighbours(log_odds, np.maximum)) & (log_odds > least)
        rows, columns = np.nonzero(peaks)
        best = np.argsort(-log_odds[rows, columns])[:count]
        rows, columns = rows[best], columns[best]
        odds, right, down, behind = cells[rows, columns].T
        uvd = np.empty((len(best), 3))
        uvd[:, 0] = VIEW_CELL * (columns + right) + _CELL_MIDDLE
        uvd[:, 1] = VIEW_CELL * (rows + down) + _CELL_MIDDLE
        uvd[:, 2] = np.maximum(view.cell_depths()[rows, columns] + POSE_UNIT_MM * behind, NEAREST_MM)
        return view.camera.uvd_to_xyz(uvd), odds
