"""Frames of one camera have one size."""

from __future__ import annotations

import numpy as np

from cn_zoo.errors import InputError


class SameSize:
    """Remembers the size of the first frame and refuses frames of any other."""

    def __init__(self) -> None:
        self._size: tuple[int, int] | None = None

    def check(self, depth: np.ndarray) -> None:
        """Compare a frame ``(H, W)`` with the first one.

        Raises:
            InputError: its size is another: one camera's intrinsics cannot fit both.
        """
        height, width = depth.shape
        self._size = self._size or (width, height)
        if (width, height) != self._size:
            first = "{}x{}".format(*self._size)
            raise InputError(
                f"the frame has {width}x{height} pixels where the first one had {first}, and one camera cannot fit "
                "both; keep to one size"
            )
