"""What one step learns from."""

from __future__ import annotations

from dataclasses import dataclass

from keras import KerasTensor


@dataclass(frozen=True)
class Batch:
    """One step's data; what is None is not there, and the terms that need it are left out.

    Attributes:
        pose: (B, J, 3) in crop coordinates of 50 mm.
        depth: (B, 128, 128, 1) in [-1, 1], the depth maps of these poses.
        unlabelled: (U, 128, 128, 1), depth maps without poses.
        twin: (U, 128, 128, 1), second views of the unlabelled depth maps, turned, scaled and shifted.
        turn: (U, 4, 3), what a twin's pose is: ``pose @ turn[:3] + turn[3]``.
        training: whether batch norm and noise are those of training.
    """

    pose: KerasTensor | None = None
    depth: KerasTensor | None = None
    unlabelled: KerasTensor | None = None
    twin: KerasTensor | None = None
    turn: KerasTensor | None = None
    training: bool = False
