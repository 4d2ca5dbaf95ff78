"""The baked hand: arrays of one mesh, as data."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np

from cn_zoo.synthesis.bones import ENDS, LAST


@dataclass(frozen=True)
class HandMesh:
    """A right hand with forearm at rest. Millimetres; wrist at the origin, fingers to -y, palm to -z, thumb to +x.

    Attributes:
        template: ``(V, 3)`` float32 rest vertices.
        components: ``(C, V, 3)`` float32 shape components, one standard deviation each; C may be 0.
        soma_delta: ``(V, 3)`` float32 way to the second source's neutral shape.
        heads: ``(26, 3)`` float32: where each of the 21 `bones.BONES` begins (the forearm's entry is the elbow, it
            hangs at the wrist), then the ends of thumb, index, middle, ring and little.
        heads_components, soma_heads_delta: the same for the heads: the joints move with the shape.
        thumb_axes: ``(3, 3)`` float32 flexion axes of the thumb's bones.
        proportions: ``(21, 3)`` float32 factors of each bone's width, length and thickness: the mean adult.
        faces: ``(F, 3)`` int32, outward.
        weight_indices, weights: ``(V, 4)`` skinning bones (int32) and weights (float32).
        tips: ``(5, K)`` int32 skin vertices whose mean is the finger tip, thumb first.
    """

    template: np.ndarray
    components: np.ndarray
    soma_delta: np.ndarray
    heads: np.ndarray
    heads_components: np.ndarray
    soma_heads_delta: np.ndarray
    thumb_axes: np.ndarray
    proportions: np.ndarray
    faces: np.ndarray
    weight_indices: np.ndarray
    weights: np.ndarray
    tips: np.ndarray

    @classmethod
    def load(cls, name: str = "hand") -> HandMesh:
        """A mesh that is shipped with the package; each is read from disk once."""
        return _read(name)


@cache
def _read(name: str) -> HandMesh:
    with files("cn_zoo.synthesis").joinpath(f"assets/{name}.npz").open("rb") as stream, np.load(stream) as data:
        arrays = {field.name: data[field.name] for field in fields(HandMesh) if field.name != "tips"}
    integers = ("faces", "weight_indices")
    arrays = {
        key: np.ascontiguousarray(value, dtype=np.int32 if key in integers else np.float32)
        for key, value in arrays.items()
    }
    return HandMesh(**arrays, tips=_tips(arrays))


TIP_VERTICES = 8


def _tips(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The skin vertices that lie furthest along each last phalanx."""
    tips = []
    for bone, end in zip(LAST, ENDS, strict=True):
        direction = arrays["heads"][end] - arrays["heads"][bone]
        on_bone = (arrays["weight_indices"][:, 0] == bone) & (arrays["weights"][:, 0] > 0.5)
        along = np.where(on_bone, arrays["template"] @ direction, -np.inf)
        tips.append(np.sort(np.argsort(-along)[:TIP_VERTICES]))
    return np.array(tips, dtype=np.int32)
