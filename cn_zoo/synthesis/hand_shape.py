"""Subjects: hands of different people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.synthesis._jit import jit
from cn_zoo.synthesis.bones import BONES, ENDS, FOREARM, LANDMARK_HEADS, LANDMARK_ROWS, LAST, PALM, PARENTS, TIP_ROWS
from cn_zoo.synthesis.hand_mesh import HandMesh
from cn_zoo.synthesis.kinematics import bone_transforms, rest_frames
from cn_zoo.synthesis.posed_hand import PosedHand
from cn_zoo.synthesis.skinning import skin


@dataclass(frozen=True)
class HandShape:
    """What makes one person's hand: parameters.

    Attributes:
        length_mm: wrist to middle finger tip, straight.
        soma: share of the second source's neutral shape, 0..1.
        components: ``(C,)`` coefficients of the mesh's own components, standard deviations.
        scales: ``(21, 3)`` per bone, beside the mesh: factors of width, length and thickness.
    """

    length_mm: float
    soma: float
    components: np.ndarray
    scales: np.ndarray


@dataclass(frozen=True)
class ShapedHand:
    """One person's hand at rest, ready to be posed.

    Attributes:
        mesh: the mesh it comes from.
        vertices: ``(V, 3)`` float32 rest vertices, mm.
        heads: ``(26, 3)`` float64 bone heads and ends.
        frames: ``(21, 3, 3)`` float64 rest frames of the bones.
    """

    mesh: HandMesh
    vertices: np.ndarray
    heads: np.ndarray
    frames: np.ndarray

    @classmethod
    def build(cls, mesh: HandMesh, shape: HandShape) -> ShapedHand:
        """Apply a shape to a mesh: components, then bone by bone scaling, then size."""
        coefficients = shape.components.astype(np.float32)
        vertices = mesh.template + np.float32(shape.soma) * mesh.soma_delta
        vertices += np.tensordot(coefficients, mesh.components, axes=1)
        heads = mesh.heads + np.float32(shape.soma) * mesh.soma_heads_delta
        heads = (heads + np.tensordot(coefficients, mesh.heads_components, axes=1)).astype(np.float64)

        frames = rest_frames(heads, mesh.thumb_axes)
        stretch = np.einsum("bij,bj,bkj->bik", frames, shape.scales, frames)
        scaled = _scale_heads(heads, stretch)
        anchors = heads[: len(BONES)].copy()
        moved = scaled[: len(BONES)].copy()
        anchors[FOREARM] = moved[FOREARM] = heads[0]
        offsets = moved - np.einsum("bij,bj->bi", stretch, anchors)
        size = shape.length_mm / _hand_length(scaled)
        vertices = skin(
            vertices, mesh.weight_indices, mesh.weights,
            (size * stretch).astype(np.float32), (size * offsets).astype(np.float32),
        )  # fmt: skip
        heads = size * scaled
        return cls(mesh, vertices, heads, rest_frames(heads, mesh.thumb_axes))

    def pose(self, angles: np.ndarray, rotation: np.ndarray, translation: np.ndarray) -> PosedHand:
        """Bend the joints and place the hand before the camera.

        Args:
            angles: ``(24,)`` radians, in the order of ``kinematics.ANGLES``.
            rotation: ``(3, 3)`` from the hand's frame to the camera's. The identity shows the palm, fingers up.
            translation: ``(3,)`` where the wrist is, mm.
        """
        turns, posed = bone_transforms(np.asarray(angles, np.float64), self.heads, self.frames)
        rotation, translation = np.ascontiguousarray(rotation, np.float64), np.asarray(translation, np.float64)
        matrices, offsets = _place(turns, posed, self.heads, rotation, translation)
        vertices = skin(self.vertices, self.mesh.weight_indices, self.mesh.weights, matrices, offsets)
        return PosedHand(vertices, self.mesh.faces, _landmarks(posed, vertices, self.mesh.tips))


@jit()
def _place(turns, posed, heads, rotation, translation):  # noqa: ANN001, ANN202
    """Move posed heads into place, in place, and give each bone's way there from rest: matrices and offsets."""
    for head in range(len(posed)):
        posed[head] = _turned(rotation, posed[head]) + translation
    matrices, offsets = np.empty((len(turns), 3, 3), np.float32), np.empty((len(turns), 3), np.float32)
    for bone in range(len(turns)):
        for column in range(3):
            matrices[bone, :, column] = _turned(rotation, turns[bone, :, column])
        start = 0 if bone == FOREARM else bone
        offsets[bone] = posed[start] - _turned(rotation, _turned(turns[bone], heads[start]))
    return matrices, offsets


# As in kinematics.py, and not called from there: numba's stored code does not notice a change in another file.
@jit()
def _turned(matrix, vector):  # noqa: ANN001, ANN202
    out = np.empty(3)
    for i in range(3):
        out[i] = matrix[i, 0] * vector[0] + matrix[i, 1] * vector[1] + matrix[i, 2] * vector[2]
    return out


@jit()
def _landmarks(posed, vertices, tips):  # noqa: ANN001, ANN202
    joints = np.empty((len(LANDMARK_HEADS) + len(tips), 3))
    for i in range(len(LANDMARK_HEADS)):
        joints[LANDMARK_ROWS[i]] = posed[LANDMARK_HEADS[i]]
    for finger in range(len(tips)):
        for axis in range(3):
            joints[TIP_ROWS[finger], axis] = vertices[tips[finger], axis].mean()
    return joints


def _scale_heads(heads: np.ndarray, stretch: np.ndarray) -> np.ndarray:
    scaled = heads.copy()
    for bone, parent in enumerate(PARENTS):
        if parent >= 0 and bone != FOREARM:
            scaled[bone] = scaled[parent] + stretch[parent] @ (heads[bone] - heads[parent])
    for end, bone in zip(ENDS, LAST, strict=True):
        scaled[end] = scaled[bone] + stretch[bone] @ (heads[end] - heads[bone])
    return scaled


def _hand_length(heads: np.ndarray) -> float:
    """Wrist to the skin of the middle finger's tip, along the bones."""
    chain = heads[[0, 10, 11, 12, 23]]
    skin_beyond_end = 3.0
    return float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum()) + skin_beyond_end


def draw_shape(rng: np.random.Generator, mesh: HandMesh) -> HandShape:
    """Draw a person: hand length 155-215 mm, and bones whose proportions vary as people's do.

    Each kind of scale is drawn for the whole hand first, then with less spread per finger and per bone.
    """
    scales = mesh.proportions.astype(np.float64)
    fingers = slice(2, len(BONES))
    width = np.exp(rng.normal(0.0, 0.055))
    thickness = width * np.exp(rng.normal(0.0, 0.04))
    length = np.exp(rng.normal(0.0, 0.035))
    scales[fingers] *= (width, length, thickness)
    scales[fingers, 1] *= np.exp(rng.normal(0.0, 0.025, len(BONES) - 2))
    for first, last in ((2, 5), (5, 9), (9, 13), (13, 17), (17, 21)):
        scales[first:last] *= np.exp(rng.normal(0.0, (0.03, 0.03, 0.03)))
    palm = np.exp(rng.normal(0.0, (0.05, 0.03, 0.06))) * (width**0.7, 1.0, thickness**0.7)
    scales[PALM] = mesh.proportions[PALM] * palm
    arm = np.exp(rng.normal(0.0, 0.08)) * width
    scales[FOREARM] = (arm, 1.0, arm * np.exp(rng.normal(0.0, 0.06)))
    return HandShape(
        length_mm=float(np.clip(rng.normal(185.0, 11.0), 155.0, 215.0)),
        soma=float(rng.uniform(0.4, 1.0)),
        components=np.clip(rng.normal(0.0, 1.0, len(mesh.components)), -2.0, 2.0),
        scales=scales,
    )
