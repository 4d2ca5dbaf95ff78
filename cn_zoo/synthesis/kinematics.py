"""Forward kinematics of the hand: anatomical angles to bone rotations and positions."""

from __future__ import annotations

import math

import numpy as np

from cn_zoo.synthesis._jit import jit
from cn_zoo.synthesis.bones import BONES, ENDS, LAST, METACARPALS, NEXT

#: The pose vector, radians. Straight fingers, in the palm's plane and parallel to the hand's axis, are all zeros.
#: Flexion is towards the palm. Abduction of index and middle is towards the thumb, of ring and little away from it.
#: ``thumb_radial`` is the thumb metacarpal's angle in the palm's plane, from the hand's axis to the thumb's side;
#: ``thumb_palmar`` its rise out of that plane; ``thumb_roll`` its pronation (pad towards the fingers).
#: Positive wrist flexion brings the palm towards the forearm, positive deviation the little finger's side.
ANGLES = (
    "wrist_flexion", "wrist_deviation", "palm_arch",
    "thumb_radial", "thumb_palmar", "thumb_roll", "thumb_mcp", "thumb_ip",
    *(
        f"{finger}_{joint}"
        for finger in ("index", "middle", "ring", "little")
        for joint in ("abduction", "mcp", "pip", "dip")
    ),
)  # fmt: skip

#: Fingers converge when they flex: roll of each finger's hinge about its own axis, degrees.
HINGE_ROLL = (-3.0, 1.0, 5.0, 9.0)
#: Straight fingers continue the metacarpals, which slope a little towards the palm, degrees.
PALM_SLOPE = 3.0


def rest_frames(heads: np.ndarray, thumb_axes: np.ndarray) -> np.ndarray:
    """For each bone at rest its (hinge axis, direction, palmar side), as columns.

    Args:
        heads: ``(26, 3)`` bone heads and finger ends of a shape, as in ``HandMesh``.
        thumb_axes: ``(3, 3)`` hinge axes of the thumb's bones.

    Returns:
        ``(21, 3, 3)`` rotation matrices.
    """
    directions = heads[NEXT] - heads[: len(BONES)]
    directions[:2] = (0.0, -1.0, 0.0), heads[1]
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    hinges = np.tile([1.0, 0.0, 0.0], (len(BONES), 1))
    hinges[2:5] = thumb_axes
    hinges -= (hinges * directions).sum(axis=1, keepdims=True) * directions
    hinges /= np.linalg.norm(hinges, axis=1, keepdims=True)
    return np.stack([hinges, directions, np.cross(hinges, directions)], axis=2)


def _finger_bases() -> np.ndarray:
    roll, slope = np.radians(HINGE_ROLL), math.radians(PALM_SLOPE)
    bases = []
    for angle in roll:
        direction = np.array([0.0, -math.cos(slope), -math.sin(slope)])
        hinge = np.array([math.cos(angle), 0.0, math.sin(angle)])
        hinge -= (hinge @ direction) * direction
        hinge /= np.linalg.norm(hinge)
        bases.append(np.stack([hinge, direction, np.cross(hinge, direction)], axis=1))
    return np.stack(bases)


_BASES = _finger_bases()


@jit()
def bone_transforms(angles, heads, frames):  # noqa: ANN001, ANN201
    """Pose the bones.

    Args:
        angles: ``(24,)`` float64 radians, in the order of ``ANGLES``.
        heads: ``(26, 3)`` float64 bone heads and ends at rest, mm.
        frames: ``(21, 3, 3)`` float64 from ``rest_frames``.

    Returns:
        Rotations from rest ``(21, 3, 3)`` and posed heads and ends ``(26, 3)``, in the hand's frame.
    """
    turns = np.zeros((21, 3, 3))
    posed = np.zeros((26, 3))
    posed[0] = heads[0]
    for i in range(3):
        turns[0, i, i] = 1.0

    flexion, deviation = angles[0], angles[1]
    arm = np.array(
        [-math.sin(deviation) * math.cos(flexion), math.cos(deviation) * math.cos(flexion), -math.sin(flexion)]
    )
    turns[1] = _swing(frames[1][:, 1], arm)
    posed[1] = heads[0] + _apply(turns[1], heads[1] - heads[0])

    radial, palmar = angles[3], angles[4]
    direction = np.array([math.cos(palmar) * math.sin(radial), -math.cos(palmar) * math.cos(radial), -math.sin(palmar)])
    swing = _swing(frames[2][:, 1], direction)
    turns[2] = _product(_about(direction, -angles[5]), swing)
    posed[2] = heads[2]
    orientation = _product(turns[2], frames[2])
    for joint in range(2):
        bone = 3 + joint
        orientation = _product(orientation, _hinge(angles[6 + joint]))
        turns[bone] = _product(orientation, frames[bone].T)
        posed[bone] = posed[bone - 1] + _apply(turns[bone - 1], heads[bone] - heads[bone - 1])
    end, last = ENDS[0], LAST[0]
    posed[end] = posed[last] + _apply(turns[last], heads[end] - heads[last])

    for finger in range(4):
        first = METACARPALS[finger]
        cupping = angles[2] * (0.0, 0.0, 0.5, 1.0)[finger]
        turns[first] = _product(_product(frames[first], _hinge(cupping)), frames[first].T)
        posed[first] = heads[first]
        side = angles[8 + 4 * finger]
        sideways = -side if finger < 2 else side
        orientation = _product(turns[first], _product(_BASES[finger], _about_palm(sideways)))
        for joint in range(3):
            bone = first + 1 + joint
            orientation = _product(orientation, _hinge(angles[9 + 4 * finger + joint]))
            turns[bone] = _product(orientation, frames[bone].T)
            posed[bone] = posed[bone - 1] + _apply(turns[bone - 1], heads[bone] - heads[bone - 1])
        end, last = ENDS[1 + finger], LAST[1 + finger]
        posed[end] = posed[last] + _apply(turns[last], heads[end] - heads[last])
    return turns, posed


@jit()
def _hinge(angle):  # noqa: ANN001, ANN202
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


@jit()
def _about_palm(angle):  # noqa: ANN001, ANN202
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


@jit()
def _about(axis, angle):  # noqa: ANN001, ANN202
    x, y, z = axis[0], axis[1], axis[2]
    c, s = math.cos(angle), math.sin(angle)
    k = 1.0 - c
    return np.array(
        [
            [c + x * x * k, x * y * k - z * s, x * z * k + y * s],
            [y * x * k + z * s, c + y * y * k, y * z * k - x * s],
            [z * x * k - y * s, z * y * k + x * s, c + z * z * k],
        ]
    )


@jit()
def _swing(start, end):  # noqa: ANN001, ANN202
    """The smallest rotation from one direction to another."""
    x = start[1] * end[2] - start[2] * end[1]
    y = start[2] * end[0] - start[0] * end[2]
    z = start[0] * end[1] - start[1] * end[0]
    c = start[0] * end[0] + start[1] * end[1] + start[2] * end[2]
    k = 1.0 / (1.0 + c)
    return np.array(
        [
            [c + x * x * k, x * y * k - z, x * z * k + y],
            [y * x * k + z, c + y * y * k, y * z * k - x],
            [z * x * k - y, z * y * k + x, c + z * z * k],
        ]
    )


@jit()
def _product(a, b):  # noqa: ANN001, ANN202
    out = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            out[i, j] = a[i, 0] * b[0, j] + a[i, 1] * b[1, j] + a[i, 2] * b[2, j]
    return out


@jit()
def _apply(a, b):  # noqa: ANN001, ANN202
    out = np.empty(3)
    for i in range(3):
        out[i] = a[i, 0] * b[0] + a[i, 1] * b[1] + a[i, 2] * b[2]
    return out
