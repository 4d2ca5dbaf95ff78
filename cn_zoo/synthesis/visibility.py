"""Which joints of a hand can be seen in a depth image."""

from __future__ import annotations

import numpy as np

from cn_zoo.synthesis._jit import jit

#: A joint counts as seen where the hand's surface, or a thing in the hand, was measured so little before it or behind
#: it, in mm.
_BEFORE_MM, _BEHIND_MM = 45.0, 25.0
#: A hand with a smaller share of its joints seen is drawn anew. Seen from its edge a hand hides half of its joints
#: behind the others.
LEAST_SEEN = 0.4


@jit()
def seen_joints(depth: np.ndarray, uvd: np.ndarray, left: int = 0, top: int = 0) -> np.ndarray:
    """Which joints lie just behind a measured surface.

    Args:
        depth: ``(H, W)`` float32 mm, a part of the image.
        uvd: ``(J, 3)`` joints (u px, v px, d mm) in the whole image.
        left, top: column and row of the image at which ``depth`` begins.

    Returns:
        ``(J,)`` bool; False beside ``depth``.
    """
    height, width = depth.shape
    seen = np.zeros(uvd.shape[0], np.bool_)
    for joint in range(uvd.shape[0]):
        u, v = round(uvd[joint, 0]) - left, round(uvd[joint, 1]) - top
        if 0 <= u < width and 0 <= v < height:
            seen[joint] = -_BEHIND_MM < uvd[joint, 2] - depth[v, u] < _BEFORE_MM
    return seen


def share_seen(depth: np.ndarray, uvd: np.ndarray, left: int = 0, top: int = 0) -> float:
    """The share of joints that are seen, 0..1; as `seen_joints`."""
    return float(seen_joints(depth, uvd, left, top).mean())
