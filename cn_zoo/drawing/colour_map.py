"""The colour map of depth pictures."""

from __future__ import annotations

import numpy as np

#: Sixteen evenly spaced entries (R, G, B) of "magma" by Nathaniel J. Smith and Stefan van der Walt, released CC0
#: (https://bids.github.io/colormap). Interpolated between, they differ by at most 3/255 from the full table.
_ANCHORS = np.array(
    [
        (0, 0, 4), (11, 9, 36), (32, 17, 75), (59, 15, 112),
        (87, 21, 126), (114, 31, 129), (140, 41, 129), (168, 50, 125),
        (196, 60, 117), (222, 73, 104), (241, 96, 93), (250, 127, 94),
        (254, 159, 109), (254, 191, 132), (253, 222, 160), (252, 253, 191),
    ],
    dtype=np.float32,
)  # fmt: skip


_TABLE = np.rint(
    np.stack([np.interp(np.linspace(0, 15, 256), np.arange(16), channel) for channel in _ANCHORS.T], axis=-1)
).astype(np.uint8)


def map_colours(values: np.ndarray) -> np.ndarray:
    """Map values to colours of even perceptual steps, dark to bright.

    Args:
        values: ``(...)`` numbers; below 0 counts as 0, above 1 as 1.

    Returns:
        ``(..., 3)`` uint8 (R, G, B).
    """
    return _TABLE[np.rint(np.clip(values, 0.0, 1.0) * 255).astype(np.uint8)]
