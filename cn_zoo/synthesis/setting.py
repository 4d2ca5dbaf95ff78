"""What is before the camera: drawn, and rendered without a sensor's defects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from cn_zoo.geometry import CROP_SIZE, LABELLED, SKELETONS, Camera
from cn_zoo.synthesis.hand_mesh import HandMesh
from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.hand_pose import draw_pose
from cn_zoo.synthesis.hand_shape import ShapedHand
from cn_zoo.synthesis.labels import BLENDS
from cn_zoo.synthesis.posed_hand import LANDMARKS, PosedHand
from cn_zoo.synthesis.presets import Lens, PoseShares, SynthesisPreset
from cn_zoo.synthesis.rasterizer import rasterize
from cn_zoo.synthesis.rotation import draw_rotation, random_rotation, turn
from cn_zoo.synthesis.scene import PlacedHand, draw_scene
from cn_zoo.synthesis.sensors import SENSORS
from cn_zoo.synthesis.solids import cast_solids
from cn_zoo.synthesis.split import SPLITS

_STARTS = np.cumsum([0, *(len(SKELETONS[name]) for name in LABELLED)])
#: The rows of a skeleton's joints when all are put one after another.
JOINT_ROWS = {name: slice(_STARTS[i], _STARTS[i + 1]) for i, name in enumerate(LABELLED)}
_BLENDS = np.concatenate([BLENDS[name] for name in LABELLED])
_SUBJECT_SEED = 7_301
_WRIST, _MIDDLE_MCP = LANDMARKS.index("wrist"), LANDMARKS.index("middle_mcp")
#: A hand is all but within this distance of its centre, in mm.
HAND_RADIUS_MM = 105.0
#: A hand is no nearer to a sensor than its range and this.
_ROOM_BEFORE_MM = 90.0
#: A `Setting`'s box that keeps everything.
NO_BOX = (-math.inf, math.inf, -math.inf, math.inf)


@dataclass(frozen=True)
class Setting:
    """A drawn situation before it is rendered: who, where, seen by what.

    Attributes:
        lens: camera and image size.
        meshes: (vertices (V, 3) float32 mm in the camera frame, faces (F, 3) int32) of each hand.
        solids: (N, 14) rows for `cast_solids`.
        posed: the labelled hand, in place.
        joints: skeleton name -> (J, 3) xyz mm.
        center: (3,) hand centre, mm.
        sensor: name in `SENSORS`.
        box: columns and rows (left, right, top, bottom) outside of which nothing was kept; infinite as a rule.
        second_hand: side of another hand beside the first, which is a right one: "right" or "left"; "" without one.
    """

    lens: Lens
    meshes: tuple[tuple[np.ndarray, np.ndarray], ...]
    solids: np.ndarray
    posed: PosedHand
    joints: dict[str, np.ndarray]
    center: np.ndarray
    sensor: str
    box: tuple[float, float, float, float]
    second_hand: str = ""


def draw_setting(preset: SynthesisPreset, rng: np.random.Generator, split: str, binned: bool) -> Setting:
    """Draw everything about a frame but its pixels."""
    if SPLITS[split].trains:
        preset = _for_training(preset, rng)
    names, shares = zip(*preset.sensors, strict=True)
    sensor = names[_pick(shares, rng)]
    distance = _draw_distance(preset, SENSORS[sensor].range_mm[0] + _ROOM_BEFORE_MM, rng)
    lens = _draw_lens(preset, rng)
    if binned:
        lens = _no_finer(lens, CROP_SIZE * distance / preset.cube_mm)
    rotation = draw_rotation(preset.views, rng)
    posed = _draw_hand(rng, split, preset.poses, rotation)
    cut_by_border = rng.random() < preset.scene.border
    target = _draw_position(lens, distance, cut_by_border, rng)
    labels = _BLENDS @ posed.joints
    offset = target - labels[JOINT_ROWS[preset.name]].mean(axis=0)
    posed, labels = posed.moved(offset), labels + offset
    joints = {name: labels[rows] for name, rows in JOINT_ROWS.items()}
    elbow = posed.vertices[_elbow_vertices(SPLITS[split].mesh)].mean(axis=0, dtype=np.float64)
    hand = PlacedHand(posed.vertices, target, posed.joints[_WRIST], elbow, _palm(posed), rotation)
    solids = draw_scene(preset.scene, hand, rng)
    meshes, second_hand = [(posed.vertices, posed.faces)], ""
    if rng.random() < preset.scene.second_hand:
        mesh, second_hand = _draw_second_hand(hand, rng, split, preset.poses)
        meshes.append(mesh)
    box = _draw_box(lens.camera, target, rng) if rng.random() < preset.scene.boxed else NO_BOX
    return Setting(lens, tuple(meshes), solids, posed, joints, target, sensor, box, second_hand)


def _for_training(preset: SynthesisPreset, rng: np.random.Generator) -> SynthesisPreset:
    """The preset, or what it has in training besides."""
    if not preset.resting + preset.widened:
        return preset
    luck = rng.random()
    if luck < preset.resting:
        return preset.at_rest()
    return preset.widest() if luck < preset.resting + preset.widened else preset


def render(setting: Setting, camera: Camera, width: int, height: int) -> np.ndarray:
    """True depth (height, width) float32 mm of a setting as ``camera`` sees it, 0 = nothing."""
    depth = np.zeros((height, width), np.float32)
    render_into(depth, setting, camera)
    return depth


def render_into(depth: np.ndarray, setting: Setting, camera: Camera) -> None:
    """`render` into ``depth`` (H, W) float32 mm, all zero."""
    height, width = depth.shape
    for vertices, faces in setting.meshes:
        rasterize(vertices, faces, camera, width, height, depth, closed=True)
    cast_solids(setting.solids, camera, depth)


def keep_box(depth: np.ndarray, box: tuple[float, float, float, float], left: int = 0, top: int = 0) -> None:
    """Delete what lies outside of a `Setting`'s box; ``depth`` begins at a column and a row of the image."""
    if box is NO_BOX:
        return
    height, width = depth.shape
    columns, rows = np.arange(width) + left, np.arange(height) + top
    depth[:, (columns < box[0]) | (columns > box[1])] = 0
    depth[(rows < box[2]) | (rows > box[3])] = 0


def _pick(shares: tuple[float, ...], rng: np.random.Generator) -> int:
    """An index, as often as its share of the total says."""
    luck = rng.random() * sum(shares)
    for i, share in enumerate(shares):
        luck -= share
        if luck < 0:
            return i
    return len(shares) - 1


def _draw_distance(preset: SynthesisPreset, nearest: float, rng: np.random.Generator) -> float:
    """A distance that the sensor can measure; what is too near for it goes a little beyond its limit."""
    near, far = preset.wide_distance_mm if rng.random() < preset.wide else preset.distance_mm
    distance = near + (far - near) * rng.random()
    return distance if distance > nearest else nearest + 200 * rng.random()


def _draw_lens(preset: SynthesisPreset, rng: np.random.Generator) -> Lens:
    lens = preset.lenses[_pick(tuple(lens.share for lens in preset.lenses), rng)]
    if not lens.focal_jitter:
        return lens
    camera, scale = lens.camera, 1 + lens.focal_jitter * (2 * rng.random() - 1)
    return Lens(Camera(camera.fx * scale, camera.fy * scale, camera.cx, camera.cy), lens.width, lens.height)


def _no_finer(lens: Lens, focal: float) -> Lens:
    """The lens, with larger pixels if its focal length is above ``focal`` pixels."""
    camera = lens.camera
    share = focal / camera.fx
    if share >= 1:
        return lens
    cx, cy = (camera.cx + 0.5) * share - 0.5, (camera.cy + 0.5) * share - 0.5
    return Lens(Camera(focal, camera.fy * share, cx, cy), round(lens.width * share), round(lens.height * share))


@lru_cache(maxsize=700)
def _subject(split: str, number: int) -> ShapedHand:
    rng = np.random.default_rng((_SUBJECT_SEED, SPLITS[split].code, number))
    return HandModel.load(SPLITS[split].mesh).draw_shape(rng)


def _draw_hand(rng: np.random.Generator, split: str, shares: PoseShares, rotation: np.ndarray) -> PosedHand:
    subject = _subject(split, int(rng.integers(SPLITS[split].subjects)))
    return subject.pose(draw_pose(rng, shares), rotation, np.zeros(3))


def _palm(posed: PosedHand) -> np.ndarray:
    return (posed.joints[_WRIST] + posed.joints[_MIDDLE_MCP]) / 2


@cache
def _elbow_vertices(mesh: str) -> np.ndarray:
    """A mesh's vertices around the end of its forearm."""
    along = HandMesh.load(mesh).template[:, 1]
    return np.flatnonzero(along > along.max() - 1.0)


def _draw_position(lens: Lens, distance: float, cut_by_border: bool, rng: np.random.Generator) -> np.ndarray:
    """Hand centre (3,) such that the hand is in the image, or cut by its border."""
    camera = lens.camera
    radius = HAND_RADIUS_MM * camera.fx / distance
    ranges = []
    for size in (lens.width, lens.height):
        margin = min(radius, size * 0.42)
        ranges.append((margin, size - 1 - margin))
    u, v = (low + (high - low) * rng.random() for low, high in ranges)
    if cut_by_border:
        reach = radius * (0.2 + 0.6 * rng.random())
        side = int(rng.integers(4))
        u = (reach, lens.width - 1 - reach, u, u)[side]
        v = (v, v, reach, lens.height - 1 - reach)[side]
    return camera.uvd_to_xyz(np.array([u, v, distance]))


def _draw_second_hand(
    hand: PlacedHand, rng: np.random.Generator, split: str, shares: PoseShares
) -> tuple[tuple[np.ndarray, np.ndarray], str]:
    """Vertices and faces of another hand beside, behind or, now and then, touching the first; its side, mostly left."""
    around = 2 * math.pi * rng.random()
    far = 70 + 130 * rng.random()
    offset = np.array([far * math.cos(around), far * math.sin(around), -25 + 125 * rng.random()])
    rotation = _draw_second_rotation(hand.rotation, rng)
    posed = _draw_hand(rng, split, shares, np.eye(3))
    side = "left" if rng.random() < 0.8 else "right"
    if side == "left":
        posed = posed.mirrored()
    vertices = (posed.vertices - _palm(posed).astype(np.float32)) @ rotation.T.astype(np.float32)
    return (vertices + (hand.palm + offset).astype(np.float32), posed.faces), side


def _draw_second_rotation(first: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.5:
        return random_rotation(rng)
    angles = [0.0, 0.0, 0.0]
    angles[rng.integers(3)] = 60.0
    return first @ turn(*angles)


def _draw_box(camera: Camera, center: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float, float]:
    u, v, d = camera.xyz_to_uvd(center)
    left, right, top, bottom = (75 + 55 * rng.random(4)) * camera.fx / d
    return u - left, u + right, v - top, v + bottom
