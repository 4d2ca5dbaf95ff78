"""The synthetic hand, in one place: load it, draw people, pose them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.synthesis.hand_mesh import HandMesh
from cn_zoo.synthesis.hand_shape import HandShape, ShapedHand, draw_shape


@dataclass(frozen=True)
class HandModel:
    """A right hand whose shape and pose can be drawn.

    Attributes:
        mesh: the baked arrays.
    """

    mesh: HandMesh

    @classmethod
    def load(cls, name: str = "hand") -> HandModel:
        """A shipped hand; its arrays are read from disk once.

        Args:
            name: ``"hand"``, or ``"webxr_hand"``: another artist's hand, kept for testing and out of all training.
        """
        return cls(HandMesh.load(name))

    def draw_shape(self, rng: np.random.Generator) -> ShapedHand:
        """Draw a person."""
        return ShapedHand.build(self.mesh, draw_shape(rng, self.mesh))

    def mean_shape(self) -> ShapedHand:
        """The average person: 185 mm from wrist to finger tip."""
        shape = HandShape(185.0, 0.7, np.zeros(len(self.mesh.components)), self.mesh.proportions)
        return ShapedHand.build(self.mesh, shape)
