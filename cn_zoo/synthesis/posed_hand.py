"""A hand in one pose, in camera coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.synthesis._jit import jit

#: Anatomical landmarks in order: centres of rotation, but tips lie on the skin.
LANDMARKS = (
    "wrist", "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip",
    *(
        f"{finger}_{joint}"
        for finger in ("index", "middle", "ring", "little")
        for joint in ("mcp", "pip", "dip", "tip")
    ),
)  # fmt: skip


@dataclass(frozen=True)
class PosedHand:
    """One posed hand.

    Attributes:
        vertices: ``(V, 3)`` float32, mm, x right, y down, z forward.
        faces: ``(F, 3)`` int32, outward.
        joints: ``(21, 3)`` float64 landmarks in the order of ``LANDMARKS``, same frame.
    """

    vertices: np.ndarray
    faces: np.ndarray
    joints: np.ndarray

    def moved(self, offset: np.ndarray) -> PosedHand:
        """The hand ``(3,)`` mm away."""
        return PosedHand(_shifted(self.vertices, offset.astype(np.float32)), self.faces, self.joints + offset)

    def mirrored(self) -> PosedHand:
        """The hand in a mirror at the plane x = 0: a right one becomes a left one."""
        flip = np.array([-1, 1, 1])
        # A mirror image turns its faces inside out, unless their corners are counted the other way round.
        return PosedHand(self.vertices * flip.astype(np.float32), self.faces[:, ::-1], self.joints * flip)


@jit()
def _shifted(vertices: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """``vertices + offset``, which numpy does three numbers at a time."""
    out = np.empty_like(vertices)
    for i in range(vertices.shape[0]):
        for axis in range(3):
            out[i, axis] = vertices[i, axis] + offset[axis]
    return out
