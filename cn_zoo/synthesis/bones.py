"""The bones of the baked hands: their order, how they hang together, and which landmarks they hold. Data only.

These are the tables of the baked files. numba's stored code keeps a copy of them and does not notice a change here.
"""

from __future__ import annotations

import numpy as np

#: Bones in baked order; the hand (palm) is the root.
BONES = (
    "hand", "forearm", "thumb_1", "thumb_2", "thumb_3",
    *(f"{finger}_{i}" for finger in ("index", "middle", "ring", "little") for i in (1, 2, 3, 4)),
)  # fmt: skip
PARENTS = (-1, 0, 0, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19)
#: Its head is the elbow, but it hangs at the wrist, where the palm begins.
FOREARM = BONES.index("forearm")
#: The bones inside the palm of index, middle, ring and little finger; and all bones of the palm.
METACARPALS = np.array([5, 9, 13, 17])
PALM = np.array([0, *METACARPALS])
#: The last bones of thumb, index, middle, ring and little finger, and the rows of their ends behind the bones' heads.
LAST = np.array([4, 8, 12, 16, 20])
ENDS = np.array([21, 22, 23, 24, 25])
#: The row of the head or end at which each bone of a finger ends.
NEXT = np.arange(1, len(BONES) + 1)
NEXT[LAST] = ENDS
#: Bones whose heads are landmarks, and their rows in ``posed_hand.LANDMARKS``; the rows of the others, the tips.
LANDMARK_HEADS = np.array([0, 2, 3, 4, *(first + i for first in METACARPALS for i in (1, 2, 3))])
LANDMARK_ROWS = np.array([0, 1, 2, 3, *(row + i for row in (5, 9, 13, 17) for i in (0, 1, 2))])
TIP_ROWS = np.array([4, 8, 12, 16, 20])
