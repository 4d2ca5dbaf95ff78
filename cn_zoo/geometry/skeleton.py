"""Skeletons: which joints a dataset scores, in which order, and how they hang together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.benchmark import BENCHMARKS

#: Drawing colours (R, G, B), one per part of the hand. Distinct under the common colour deficiencies.
PART_COLOURS: dict[str, tuple[int, int, int]] = {
    "palm": (235, 235, 235),
    "thumb": (230, 75, 53),
    "index": (255, 176, 0),
    "middle": (60, 200, 90),
    "ring": (60, 160, 255),
    "little": (190, 110, 255),
}


@dataclass(frozen=True)
class Skeleton:
    """The joints of one dataset, as data.

    Attributes:
        name: dataset name.
        joints: joint names in the dataset's scored order.
        parts: for each joint the part of the hand it belongs to, a key of ``PART_COLOURS``.
        bones: (parent, child) joint indices; the tree is connected.
        root: index of the joint whose offset the latent space carries apart.
        source_joints: how many joints the dataset's own label file holds.
        source_indices: which of those are scored, in the order of ``joints``.
        chirality_joints: indices (wrist side or palm, index side, little side) that span the palm.
        curl_joints: (base, tip) index pairs of fingers; tips bend towards the palm's side.
    """

    name: str
    joints: tuple[str, ...]
    parts: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    root: int
    source_joints: int
    source_indices: tuple[int, ...]
    chirality_joints: tuple[int, int, int]
    curl_joints: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def colours(self) -> tuple[tuple[int, int, int], ...]:
        """One (R, G, B) colour per joint: that of its finger."""
        return tuple(PART_COLOURS[part] for part in self.parts)

    def mirror(self, xyz: np.ndarray) -> np.ndarray:
        """Reflect joints ``(..., J, 3)`` at the plane x = 0: a left hand becomes a right hand.

        The joints keep their order: a thumb stays a thumb.
        """
        return np.asarray(xyz) * np.array([-1.0, 1.0, 1.0])

    def handedness(self, xyz: np.ndarray) -> str:
        """Whether labelled hands are ``"right"`` or ``"left"``, by the side fingers curl to.

        Args:
            xyz: ``(J, 3)`` or ``(N, J, 3)`` joints in camera coordinates (x right, y down, z forward).
                One hand with straight fingers may be judged wrongly; over many frames the vote is safe.
        """
        xyz = np.asarray(xyz, dtype=np.float64).reshape(-1, len(self), 3)
        base, index, little = (xyz[:, i] for i in self.chirality_joints)
        palm_normal = np.cross(index - base, little - base)
        bases, tips = np.array(self.curl_joints).T
        curl = (xyz[:, tips] - xyz[:, bases]).mean(axis=1)
        towards_palm = np.einsum("ni,ni->n", palm_normal, curl) > 0
        return "right" if towards_palm.mean() >= 0.5 else "left"


def _nyu() -> Skeleton:
    joints = (
        "little_tip", "little_pip", "ring_tip", "ring_pip", "middle_tip", "middle_pip", "index_tip", "index_pip",
        "thumb_tip", "thumb_ip", "thumb_mcp", "wrist_ulnar", "wrist_radial", "palm",
    )  # fmt: skip
    return Skeleton(
        name="nyu",
        joints=joints,
        parts=tuple(_part(joint) for joint in joints),
        bones=(
            (13, 1), (1, 0), (13, 3), (3, 2), (13, 5), (5, 4), (13, 7), (7, 6),
            (13, 10), (10, 9), (9, 8), (13, 11), (13, 12),
        ),
        root=13,
        source_joints=36,
        source_indices=(0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32),
        chirality_joints=(11, 7, 1),
        curl_joints=((1, 0), (3, 2), (5, 4), (7, 6)),
    )  # fmt: skip


def _icvl() -> Skeleton:
    fingers = ("thumb", "index", "middle", "ring", "little")
    joints = ("palm", *(f"{finger}_{place}" for finger in fingers for place in ("root", "mid", "tip")))
    return Skeleton(
        name="icvl",
        joints=joints,
        parts=tuple(_part(joint) for joint in joints),
        bones=tuple(
            bone for first in range(1, 16, 3) for bone in ((0, first), (first, first + 1), (first + 1, first + 2))
        ),
        root=0,
        source_joints=16,
        source_indices=tuple(range(16)),
        chirality_joints=(0, 4, 13),
        curl_joints=((4, 6), (7, 9), (10, 12), (13, 15)),
    )


def _msra() -> Skeleton:
    fingers = ("index", "middle", "ring", "little")
    joints = (
        "wrist",
        *(f"{finger}_{place}" for finger in fingers for place in ("mcp", "pip", "dip", "tip")),
        *(f"thumb_{place}" for place in ("cmc", "mcp", "ip", "tip")),
    )
    return Skeleton(
        name="msra",
        joints=joints,
        parts=tuple(_part(joint) for joint in joints),
        bones=tuple(
            bone
            for first in range(1, 21, 4)
            for bone in ((0, first), (first, first + 1), (first + 1, first + 2), (first + 2, first + 3))
        ),
        root=0,
        source_joints=21,
        source_indices=tuple(range(21)),
        chirality_joints=(0, 1, 13),
        curl_joints=((1, 4), (5, 8), (9, 12), (13, 16)),
    )


def _part(joint: str) -> str:
    part = joint.split("_")[0]
    return part if part in PART_COLOURS else "palm"


#: The three benchmark skeletons (dataset readmes; NYU's 14 of 36 as in Tompson et al. 2014 and after).
SKELETONS: dict[str, Skeleton] = {skeleton.name: skeleton for skeleton in (_nyu(), _icvl(), _msra())}
#: The skeletons by which synthetic hands are labelled, and whose hand centres the hand locator knows, in the order in
#: which arrays hold several.
LABELLED = tuple(BENCHMARKS)
