"""People: head, torso and hanging arms, without hands, as whole frames show them around a hand, or instead of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np

from cn_zoo.synthesis.rotation import turn
from cn_zoo.synthesis.solids import box, ellipsoid
from cn_zoo.synthesis.split import SPLITS

_SUBJECT_SEED = 9_407
#: Standard deviations beyond which shapes are no longer people.
_FARTHEST_SHAPE = 2.2
_SIZE_SPREAD = 0.03
#: About where in the mesh's frame the neck bends, mm.
_NECK = np.array([0.0, 30.0, 15.0])
#: Loose clothes stand off the torso by up to so much, and fall in folds so far apart, mm.
_CLOTHES_MM, _FOLDS_MM = 28.0, (60.0, 200.0)
#: Hair grows where ``z * slope - y`` exceeds this, from the forehead past the ears to the nape; mm.
_HAIRLINE_SLOPE, _HAIRLINE_MM, _HAIRLINE_SPREAD_MM, _HAIRLINE_WIDTH_MM = 0.88, 30.0, 12.0, 25.0
_HAIR_MM, _LOCKS_MM = (3.0, 45.0), (30.0, 110.0)
#: Shares of people: bald or shorn; hair to the shoulders; glasses; a mask before mouth and nose; a cap with a brim.
_SHORN, _LONG, _GLASSES, _MASKED, _CAPPED = 0.2, 0.3, 0.2, 0.1, 0.08
#: Shares of the ways in which people stand: towards the camera, sideways, from the back; any way is the rest.
_FACING, _SIDEWAYS, _AWAY = 0.6, 0.17, 0.1
#: Standard deviations in degrees: how far those are off; how far the head is turned, nods and leans.
_YAW_DEG, _PITCH_DEG, _ROLL_DEG, _HEAD_DEG, _HEAD_UP_TO_DEG = 28.0, 17.0, 7.0, (25.0, 15.0, 10.0), 65.0


@dataclass(frozen=True)
class BodyMesh:
    """The baked body. Millimetres; joint of neck and head at the origin, x to its left, y down, z to its back.

    Attributes:
        template: ``(V, 3)`` float32 mean adult.
        components: ``(C, V, 3)`` float32 shape components, one standard deviation each.
        follows_head: ``(V,)`` float32, which share of a turn of the head each vertex takes part in.
        faces: ``(F, 3)`` int32, outward, closed.
    """

    template: np.ndarray
    components: np.ndarray
    follows_head: np.ndarray
    faces: np.ndarray

    @classmethod
    @cache
    def load(cls) -> BodyMesh:
        """The mesh that is shipped with the package; it is read from disk once."""
        with files("cn_zoo.synthesis").joinpath("assets/body.npz").open("rb") as stream, np.load(stream) as data:
            arrays = {field.name: data[field.name] for field in fields(cls)}
        faces = np.ascontiguousarray(arrays.pop("faces"), np.int32)
        return cls(**{name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}, faces=faces)


@dataclass(frozen=True)
class Body:
    """A person in place. Camera coordinates, mm.

    Attributes:
        vertices: ``(V, 3)`` float32.
        faces: ``(F, 3)`` int32, outward, closed.
        hair: ``(H, 3)`` int32, those of the faces that hair covers.
        solids: ``(N, 14)`` rows for `cast_solids`: long hair, glasses and the like.
    """

    vertices: np.ndarray
    faces: np.ndarray
    hair: np.ndarray
    solids: np.ndarray

    def moved(self, rotation: np.ndarray, offset: np.ndarray) -> Body:
        """The person turned about the camera, then moved."""
        vertices = self.vertices @ rotation.T.astype(np.float32) + offset.astype(np.float32)
        return Body(vertices, self.faces, self.hair, _moved_solids(self.solids, rotation, offset))


def draw_body(rng: np.random.Generator, split: str) -> Body:
    """A person of the split, standing any way, mostly towards the camera, the head's joint at the origin.

    Args:
        rng: decides all randomness.
        split: one of `SPLITS`; no two share people.
    """
    mesh = BodyMesh.load()
    person = _person(split, int(rng.integers(SPLITS[split].subjects)))
    vertices, hair = _dressed(person, rng), np.zeros(len(mesh.template), np.float32)
    solids = []
    if rng.random() >= _SHORN:
        hair = _draw_hair(person.vertices, rng)
        vertices = vertices + (hair * _waves(person.vertices, _LOCKS_MM, rng))[:, None] * person.normals
        if rng.random() < _LONG:
            solids += _long_hair(rng)
    solids += _draw_worn(rng)
    head = turn(*(np.array(_HEAD_DEG) * rng.standard_normal(3)).clip(-_HEAD_UP_TO_DEG, _HEAD_UP_TO_DEG))
    body = Body(
        _bent(vertices, mesh.follows_head, head),
        mesh.faces,
        mesh.faces[(hair[mesh.faces] > 0).all(axis=1)],
        _moved_solids(person.size * np.array(solids).reshape(-1, 14), head, _NECK - head @ _NECK),
    )
    return body.moved(_draw_stance(rng), np.zeros(3))


@dataclass(frozen=True)
class _Person:
    vertices: np.ndarray
    normals: np.ndarray
    size: float


@lru_cache(maxsize=700)
def _person(split: str, number: int) -> _Person:
    rng = np.random.default_rng((_SUBJECT_SEED, SPLITS[split].code, number))
    mesh = BodyMesh.load()
    coefficients = rng.standard_normal(len(mesh.components)).clip(-_FARTHEST_SHAPE, _FARTHEST_SHAPE)
    vertices = mesh.template + np.tensordot(coefficients.astype(np.float32), mesh.components, axes=1)
    size = 1 + _SIZE_SPREAD * rng.standard_normal()
    vertices = np.float32(size) * vertices
    return _Person(vertices, _normals(vertices, mesh.faces), size)


def _normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Outward unit normals (V, 3) at the vertices."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    each, normals = np.cross(b - a, c - a), np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], each)
    return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + np.float32(1e-9))


def _dressed(person: _Person, rng: np.random.Generator) -> np.ndarray:
    """Vertices (V, 3) with clothes below the neck."""
    thickness = rng.uniform(0, _CLOTHES_MM) * _waves(person.vertices, _FOLDS_MM, rng)
    covered = 1 - np.minimum(2 * BodyMesh.load().follows_head, 1)
    return person.vertices + (thickness * covered)[:, None] * person.normals


def _draw_hair(vertices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How far hair stands off the head at each vertex, in mm; 0 where none grows."""
    beyond = _HAIRLINE_SLOPE * vertices[:, 2] - vertices[:, 1] - rng.normal(_HAIRLINE_MM, _HAIRLINE_SPREAD_MM)
    share = (beyond / _HAIRLINE_WIDTH_MM).clip(0, 1) * (BodyMesh.load().follows_head > 0.9)
    thin, thick = _HAIR_MM
    # On top it is often another length than at the sides.
    top = (-vertices[:, 1] / 150).clip(0, 1)
    side, above = thin + (thick - thin) * rng.random(2) ** 2
    return (share * (side + (above - side) * top)).astype(np.float32)


def _waves(points: np.ndarray, lengths_mm: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Factors (V,) float32 about 1 that vary smoothly from place to place."""
    total = np.ones(len(points), np.float32)
    for _ in range(3):
        direction = rng.standard_normal(3)
        direction *= 2 * math.pi / (rng.uniform(*lengths_mm) * np.linalg.norm(direction))
        total += np.float32(0.25) * np.sin(
            points @ direction.astype(np.float32) + np.float32(2 * math.pi * rng.random())
        )
    return total


def _long_hair(rng: np.random.Generator) -> list[np.ndarray]:
    """Hair beside and behind the neck, as far as the shoulders."""
    length, width = rng.uniform(20, 110), rng.uniform(14, 32)
    back = ellipsoid(np.array([0.0, length - 60, 62]), np.diag([88.0, length + 60, rng.uniform(30, 55)]))
    sides = [
        ellipsoid(
            np.array([side * rng.uniform(62, 82), length - 50, rng.uniform(-15, 30)]),
            np.diag([width, length + 50, rng.uniform(25, 55)]),
        )
        for side in (-1, 1)
    ]
    return [back, *sides]


def _draw_worn(rng: np.random.Generator) -> list[np.ndarray]:
    """Glasses, a mask, a cap's brim, or nothing."""
    worn = []
    glasses, mask, cap = rng.random(3)
    if glasses < _GLASSES:
        worn += [box(np.array([side * 33.0, -40, -117]), np.diag([27.0, rng.uniform(12, 22), 2])) for side in (-1, 1)]
    if mask < _MASKED:
        worn.append(ellipsoid(np.array([0.0, 32, -82]), np.diag([56.0, 50, 56])))
    if cap < _CAPPED:
        worn.append(ellipsoid(np.array([0.0, -95, -85]), np.diag([75.0, 8, 75])))
        worn.append(ellipsoid(np.array([0.0, -95, 0]), np.diag([88.0, 75, 110])))
    return worn


def _bent(vertices: np.ndarray, follows: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Turn the head about the neck; the neck follows the less the lower it is."""
    # A rotation's axis, and each vertex by its share of the angle.
    axis = np.array([head[2, 1] - head[1, 2], head[0, 2] - head[2, 0], head[1, 0] - head[0, 1]])
    angle = math.acos(np.clip((np.trace(head) - 1) / 2, -1, 1))
    axis = (axis / max(np.linalg.norm(axis), 1e-9)).astype(np.float32)
    from_neck = vertices - _NECK.astype(np.float32)
    angles = (angle * follows.astype(np.float32))[:, None]
    along = (from_neck @ axis)[:, None] * axis
    return (
        along
        + np.cos(angles) * (from_neck - along)
        + np.sin(angles) * np.cross(axis, from_neck)
        + _NECK.astype(np.float32)
    )


def _moved_solids(solids: np.ndarray, rotation: np.ndarray, offset: np.ndarray) -> np.ndarray:
    moved = solids.copy()
    # Columns 1 to 12 are a place and three axes.
    moved[:, 1:13] = (moved[:, 1:13].reshape(-1, 4, 3) @ rotation.T).reshape(-1, 12)
    moved[:, 1:4] += offset
    return moved


def _draw_stance(rng: np.random.Generator) -> np.ndarray:
    """A rotation (3, 3) from upright and facing the camera."""
    luck = rng.random()
    if luck < _FACING + _SIDEWAYS + _AWAY:
        usual = 0.0 if luck < _FACING else 180.0
        if _FACING <= luck < _FACING + _SIDEWAYS:
            usual = 90.0 if rng.random() < 0.5 else -90.0
        yaw = usual + _YAW_DEG * rng.standard_normal()
    else:
        yaw = rng.uniform(-180, 180)
    return turn(yaw, _PITCH_DEG * rng.standard_normal(), _ROLL_DEG * rng.standard_normal())
