"""Synthetic depth frames and crops of a hand in a scene, as a depth camera would deliver them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np

from cn_zoo.geometry import CROP_SIZE, SKELETONS, Camera, HandCrop
from cn_zoo.synthesis._jit import jit
from cn_zoo.synthesis.crop_cut import cut_crop
from cn_zoo.synthesis.hand_mesh import HandMesh
from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.hand_pose import draw_pose
from cn_zoo.synthesis.hand_shape import ShapedHand
from cn_zoo.synthesis.labels import BLENDS, label_joints
from cn_zoo.synthesis.posed_hand import LANDMARKS, PosedHand
from cn_zoo.synthesis.presets import Lens, PoseShares, Preset, Viewpoints
from cn_zoo.synthesis.rasterizer import rasterize
from cn_zoo.synthesis.scene import PlacedHand, draw_scene, random_rotation
from cn_zoo.synthesis.sensors import SENSORS, sense
from cn_zoo.synthesis.solids import cast_solids


@dataclass(frozen=True)
class Split:
    """A part of the synthetic world that shares nothing with the others.

    Attributes:
        code: its number in the seeds.
        subjects: how many people it has.
        mesh: whose hands, a name for `HandModel.load`.
        trains: whether networks learn from it.
    """

    code: int
    subjects: int
    mesh: str = "hand"
    trains: bool = False


#: ``test-webxr`` is the cross-mesh test: hands of another artist, which nothing trains on.
SPLITS: dict[str, Split] = {
    "train": Split(0, 600, trains=True),
    "validation": Split(1, 60),
    "test": Split(2, 60),
    "test-webxr": Split(3, 60, "webxr_hand"),
}

#: The skeletons a sample is labelled with.
LABELLED = ("nyu", "icvl", "msra")

_STARTS = np.cumsum([0, *(len(SKELETONS[name]) for name in LABELLED)])
#: Where a skeleton's joints are when all are put one after another.
_ROWS = {name: slice(_STARTS[i], _STARTS[i + 1]) for i, name in enumerate(LABELLED)}
_BLENDS = np.concatenate([BLENDS[name] for name in LABELLED])

_SUBJECT_SEED = 7_301
#: Pixels around a crop's window that can influence it: sensors look at neighbours.
_MARGIN = 5


@dataclass(frozen=True)
class SyntheticFrame:
    """A labelled depth frame of one hand, drawn as a right one.

    Attributes:
        depth_mm: (H, W) float32 mm, 0 = no measurement.
        camera: intrinsics of the frame.
        joints: skeleton name -> (J, 3) joints xyz in mm, camera frame (x right, y down, z forward).
        center_uvd: hand centre (u px, v px, d mm): mean of the preset's scored joints.
        hand: "right", or "left" in a mirror.
        sensor: name of the sensor in `SENSORS`.
    """

    depth_mm: np.ndarray
    camera: Camera
    joints: dict[str, np.ndarray]
    center_uvd: tuple[float, float, float]
    hand: str
    sensor: str

    def mirrored(self) -> SyntheticFrame:
        """The same in a mirror: the hand becomes one of the other side."""
        width = self.depth_mm.shape[1]
        u, v, d = self.center_uvd
        return replace(
            self,
            depth_mm=np.ascontiguousarray(self.depth_mm[:, ::-1]),
            camera=self.camera.mirrored(width),
            joints={name: xyz * [-1, 1, 1] for name, xyz in self.joints.items()},
            center_uvd=(width - 1 - u, v, d),
            hand="left" if self.hand == "right" else "right",
        )


@dataclass(frozen=True)
class SyntheticCrop:
    """A labelled crop, what the networks train on.

    Attributes:
        depth: (128, 128) float32 in [-1, 1], +1 = background.
        poses: skeleton name -> (J, 3) float32 crop coordinates, units of 50 mm.
        pose: that of the preset's own skeleton.
        crop: the cube, with its camera.
        sensor: name of the sensor in `SENSORS`.
    """

    depth: np.ndarray
    poses: dict[str, np.ndarray]
    pose: np.ndarray
    crop: HandCrop
    sensor: str


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
    """

    lens: Lens
    meshes: tuple[tuple[np.ndarray, np.ndarray], ...]
    solids: np.ndarray
    posed: PosedHand
    joints: dict[str, np.ndarray]
    center: np.ndarray
    sensor: str
    box: tuple[float, float, float, float]


def draw_frame(preset: Preset, seed: int, index: int, split: str = "train") -> SyntheticFrame:
    """Draw labelled frame ``index``. It depends on preset, seed, split and index only.

    Args:
        preset: what frames look like; one of `PRESETS` or made from one.
        seed: of the whole sequence, not negative.
        index: which frame, not negative.
        split: one of `SPLITS`; splits share neither subjects nor poses nor scenes.

    Raises:
        ValueError: an unknown split, or a negative number.
    """
    rng = sample_generator(seed, index, split)
    for _ in range(_TRIES):
        setting = draw_setting(preset, rng, split, binned=False)
        lens = setting.lens
        depth = render(setting, lens.camera, lens.width, lens.height)
        depth = sense(depth, lens.camera, SENSORS[setting.sensor], rng)
        _keep_box(depth, setting.box, 0, 0)
        if _is_visible(depth, lens.camera.xyz_to_uvd(setting.joints[preset.name]), 0, 0):
            break
    joints = {**setting.joints, "nyu36": label_joints(setting.posed, "nyu36")}
    center = tuple(float(value) for value in lens.camera.xyz_to_uvd(setting.center))
    return SyntheticFrame(depth, lens.camera, joints, center, "right", setting.sensor)


def draw_crop(
    preset: Preset, seed: int, index: int, split: str = "train", jitter: bool = True, binned: bool = True
) -> SyntheticCrop:
    """Draw labelled crop ``index``: the cube around the hand of a frame, only that window being rendered.

    Args:
        preset, seed, index, split: as for `draw_frame`.
        jitter: move the cube off the hand centre as an imperfect localisation does: mostly by 7 mm (standard
            deviation per axis), in a fifth of the crops by anything up to 25 mm per axis.
        binned: where the camera is finer than the crop, render at the crop's own resolution, for speed.
    """
    return draw_crops(preset, seed, (index,), split, jitter, binned)[0]


def draw_crops(
    preset: Preset, seed: int, indices: Sequence[int], split: str = "train", jitter: bool = True, binned: bool = True
) -> list[SyntheticCrop]:
    """What `draw_crop` draws for each index; a fifth faster for ten than one by one.

    All are posed, then all rendered, and so on: what a stage needs stays in the processor's caches.
    """
    rngs = [sample_generator(seed, index, split) for index in indices]
    shots = _shoot(preset, rngs, split, jitter, binned)
    for _ in range(_TRIES - 1):
        again = [i for i, shot in enumerate(shots) if not _shows_hand(shot, preset)]
        if not again:
            break
        for i, shot in zip(again, _shoot(preset, [rngs[i] for i in again], split, jitter, binned), strict=True):
            shots[i] = shot
    return [_develop(shot, preset) for shot in shots]


@dataclass(frozen=True)
class _Shot:
    """A crop's window of an image.

    Attributes:
        setting: what was before the camera.
        crop: the cube to be cut out.
        uvd: (51, 3) the joints of all `LABELLED` skeletons in the whole image.
        left, top: column and row of the image at which the window begins.
        depth: (H, W) float32 mm, what the sensor gives in the window.
    """

    setting: Setting
    crop: HandCrop
    uvd: np.ndarray
    left: int
    top: int
    depth: np.ndarray

    @property
    def camera(self) -> Camera:
        """The camera that sees the window only."""
        camera = self.setting.lens.camera
        return Camera(camera.fx, camera.fy, camera.cx - self.left, camera.cy - self.top)


def _shoot(preset: Preset, rngs: Sequence[np.random.Generator], split: str, jitter: bool, binned: bool) -> list[_Shot]:
    """Draw what is before the camera and take its picture, for each of some samples."""
    settings = [draw_setting(preset, rng, split, binned) for rng in rngs]
    shots = [_aim(preset, setting, rng, jitter) for setting, rng in zip(settings, rngs, strict=True)]
    for shot in shots:
        _render_into(shot.depth, shot.setting, shot.camera)
    return [_sensed(shot, rng) for shot, rng in zip(shots, rngs, strict=True)]


def _aim(preset: Preset, setting: Setting, rng: np.random.Generator, jitter: bool) -> _Shot:
    """Choose the cube; the window is still empty."""
    center = setting.center + _center_jitter(rng) if jitter else setting.center
    camera = setting.lens.camera
    crop = HandCrop(camera, tuple(camera.xyz_to_uvd(center)), preset.cube_mm)
    uvd = camera.xyz_to_uvd(np.concatenate([setting.joints[name] for name in LABELLED]))
    left, top, width, height = _window(crop, setting.lens)
    return _Shot(setting, crop, uvd, left, top, np.zeros((height, width), np.float32))


def _sensed(shot: _Shot, rng: np.random.Generator) -> _Shot:
    depth = sense(shot.depth, shot.camera, SENSORS[shot.setting.sensor], rng)
    _keep_box(depth, shot.setting.box, shot.left, shot.top)
    return _Shot(shot.setting, shot.crop, shot.uvd, shot.left, shot.top, depth)


def _shows_hand(shot: _Shot, preset: Preset) -> bool:
    return _is_visible(shot.depth, shot.uvd[_ROWS[preset.name]], shot.left, shot.top)


def _develop(shot: _Shot, preset: Preset) -> SyntheticCrop:
    pose = shot.crop.uvd_to_crop(shot.uvd).astype(np.float32)
    poses = {name: pose[rows] for name, rows in _ROWS.items()}
    depth = cut_crop(shot.crop, shot.depth, shot.left, shot.top)
    return SyntheticCrop(depth, poses, poses[preset.name], shot.crop, shot.setting.sensor)


def draw_setting(preset: Preset, rng: np.random.Generator, split: str, binned: bool) -> Setting:
    """Draw everything about a frame but its pixels."""
    if SPLITS[split].trains and preset.resting and rng.random() < preset.resting:
        preset = preset.at_rest()
    names, shares = zip(*preset.sensors, strict=True)
    sensor = names[_pick(shares, rng)]
    distance = _draw_distance(preset, SENSORS[sensor].range_mm[0] + _ROOM_BEFORE_MM, rng)
    lens = _draw_lens(preset, rng)
    if binned:
        lens = _no_finer(lens, CROP_SIZE * distance / preset.cube_mm)
    rotation = _draw_rotation(preset.views, rng)
    posed = _draw_hand(rng, split, preset.poses, rotation)
    cut_by_border = rng.random() < preset.scene.border
    target = _draw_position(lens, distance, cut_by_border, rng)
    labels = _BLENDS @ posed.joints
    offset = target - labels[_ROWS[preset.name]].mean(axis=0)
    posed, labels = _moved(posed, offset), labels + offset
    joints = {name: labels[rows] for name, rows in _ROWS.items()}
    elbow = posed.vertices[_elbow_vertices(SPLITS[split].mesh)].mean(axis=0, dtype=np.float64)
    hand = PlacedHand(posed.vertices, target, posed.joints[_WRIST], elbow, _palm(posed), rotation)
    solids = draw_scene(preset.scene, hand, rng)
    meshes = [(posed.vertices, posed.faces)]
    if rng.random() < preset.scene.second_hand:
        meshes.append(_draw_second_hand(hand, rng, split, preset.poses))
    box = _draw_box(lens.camera, target, rng) if rng.random() < preset.scene.boxed else _NO_BOX
    return Setting(lens, tuple(meshes), solids, posed, joints, target, sensor, box)


def render(setting: Setting, camera: Camera, width: int, height: int) -> np.ndarray:
    """True depth (height, width) float32 mm of a setting as ``camera`` sees it, 0 = nothing."""
    depth = np.zeros((height, width), np.float32)
    _render_into(depth, setting, camera)
    return depth


def _render_into(depth: np.ndarray, setting: Setting, camera: Camera) -> None:
    height, width = depth.shape
    for vertices, faces in setting.meshes:
        rasterize(vertices, faces, camera, width, height, depth, closed=True)
    cast_solids(setting.solids, camera, depth)


_WRIST, _MIDDLE_MCP = LANDMARKS.index("wrist"), LANDMARKS.index("middle_mcp")
#: How often a situation is drawn anew in which most of the hand cannot be seen.
_TRIES = 10
#: Least share of joints with the hand's surface, or a thing in the hand, measured before them; and how far before.
#: Seen from its edge a hand hides half of its joints behind the others.
_VISIBLE_SHARE, _BEFORE_MM, _BEHIND_MM = 0.4, 45.0, 25.0
#: A hand is no nearer to a sensor than its range and this.
_ROOM_BEFORE_MM = 90.0
_NO_BOX = (-math.inf, math.inf, -math.inf, math.inf)


def sample_generator(seed: int, index: int, split: str) -> np.random.Generator:
    """The randomness of one sample.

    Raises:
        ValueError: an unknown split, or a negative number.
    """
    if split not in SPLITS:
        raise ValueError(f"split is one of {', '.join(SPLITS)}; received {split!r}")
    return np.random.default_rng((seed, SPLITS[split].code, index))


def _pick(shares: tuple[float, ...], rng: np.random.Generator) -> int:
    """An index, as often as its share of the total says."""
    luck = rng.random() * sum(shares)
    for i, share in enumerate(shares):
        luck -= share
        if luck < 0:
            return i
    return len(shares) - 1


def _draw_distance(preset: Preset, nearest: float, rng: np.random.Generator) -> float:
    """A distance that the sensor can measure; what is too near for it goes a little beyond its limit."""
    near, far = preset.wide_distance_mm if rng.random() < preset.wide else preset.distance_mm
    distance = near + (far - near) * rng.random()
    return distance if distance > nearest else nearest + 200 * rng.random()


def _draw_lens(preset: Preset, rng: np.random.Generator) -> Lens:
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


def _draw_rotation(views: Viewpoints, rng: np.random.Generator) -> np.ndarray:
    kind = rng.random()
    if kind < views.any_view:
        return random_rotation(rng)
    usual = kind < views.any_view + views.usual
    yaw, pitch, roll = _draw_usual_turn(views, rng) if usual else _draw_wide_turn(views, rng)
    return _turned(yaw, pitch, roll)


def _draw_usual_turn(views: Viewpoints, rng: np.random.Generator) -> tuple[float, float, float]:
    angles = (views.yaw, views.pitch, views.roll)
    return tuple(
        angle.mean + angle.deviation * normal for angle, normal in zip(angles, rng.standard_normal(3), strict=True)
    )


def _draw_wide_turn(views: Viewpoints, rng: np.random.Generator) -> tuple[float, float, float]:
    yaw = views.yaw_deg * _gathered(views.concentration, rng)
    pitch = views.pitch_deg * _gathered(views.concentration, rng)
    if rng.random() < views.back:
        yaw += 180
    roll = 360 * rng.random() if rng.random() < views.any_roll else views.roll_deg * rng.standard_normal()
    return yaw, pitch + views.lean_deg, roll


def _gathered(concentration: float, rng: np.random.Generator) -> float:
    """A number in -1..1, gathered in the middle."""
    side = 2 * rng.random() - 1
    return math.copysign(abs(side) ** concentration, side)


def _turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Rotation about the vertical axis, then the horizontal one, then the line of sight; degrees."""
    cy, cp, cr = (math.cos(math.radians(angle)) for angle in (yaw, pitch, roll))
    sy, sp, sr = (math.sin(math.radians(angle)) for angle in (yaw, pitch, roll))
    return np.array(
        [
            [cr * cy - sr * sp * sy, -sr * cp, cr * sy + sr * sp * cy],
            [sr * cy + cr * sp * sy, cr * cp, sr * sy - cr * sp * cy],
            [-cp * sy, sp, cp * cy],
        ]
    )


@lru_cache(maxsize=700)
def _subject(split: str, number: int) -> ShapedHand:
    rng = np.random.default_rng((_SUBJECT_SEED, SPLITS[split].code, number))
    return HandModel.load(SPLITS[split].mesh).draw_shape(rng)


def _draw_hand(rng: np.random.Generator, split: str, shares: PoseShares, rotation: np.ndarray) -> PosedHand:
    subject = _subject(split, int(rng.integers(SPLITS[split].subjects)))
    return subject.pose(draw_pose(rng, shares), rotation, np.zeros(3))


def _moved(posed: PosedHand, offset: np.ndarray) -> PosedHand:
    return PosedHand(_shifted(posed.vertices, offset.astype(np.float32)), posed.faces, posed.joints + offset)


@jit()
def _shifted(vertices: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """``vertices + offset``, which numpy does three numbers at a time."""
    out = np.empty_like(vertices)
    for i in range(vertices.shape[0]):
        for axis in range(3):
            out[i, axis] = vertices[i, axis] + offset[axis]
    return out


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
    radius = 105 * camera.fx / distance
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
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of another hand beside, behind or, now and then, touching the first; mostly a left one."""
    around = 2 * math.pi * rng.random()
    far = 70 + 130 * rng.random()
    offset = np.array([far * math.cos(around), far * math.sin(around), -25 + 125 * rng.random()])
    rotation = _draw_second_rotation(hand.rotation, rng)
    posed = _draw_hand(rng, split, shares, np.eye(3))
    vertices, faces = posed.vertices - _palm(posed).astype(np.float32), posed.faces
    if rng.random() < 0.8:
        # A mirror image turns its faces inside out, unless their corners are counted the other way round.
        vertices, faces = vertices * np.array([-1, 1, 1], np.float32), faces[:, ::-1]
    return vertices @ rotation.T.astype(np.float32) + (hand.palm + offset).astype(np.float32), faces


def _draw_second_rotation(first: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.5:
        return random_rotation(rng)
    angles = [0.0, 0.0, 0.0]
    angles[rng.integers(3)] = 60.0
    return first @ _turned(*angles)


def _draw_box(camera: Camera, center: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float, float]:
    u, v, d = camera.xyz_to_uvd(center)
    left, right, top, bottom = (75 + 55 * rng.random(4)) * camera.fx / d
    return u - left, u + right, v - top, v + bottom


@jit()
def _is_visible(depth: np.ndarray, uvd: np.ndarray, left: int, top: int) -> bool:
    """Whether enough joints (J, 3) lie just behind a measured surface; ``depth`` begins at a column and a row."""
    height, width = depth.shape
    visible = 0
    for joint in range(uvd.shape[0]):
        u, v = round(uvd[joint, 0]) - left, round(uvd[joint, 1]) - top
        if 0 <= u < width and 0 <= v < height:
            before = uvd[joint, 2] - depth[v, u]
            visible += -_BEHIND_MM < before < _BEFORE_MM
    return visible >= _VISIBLE_SHARE * uvd.shape[0]


def _keep_box(depth: np.ndarray, box: tuple[float, float, float, float], left: int, top: int) -> None:
    if box is _NO_BOX:
        return
    height, width = depth.shape
    columns, rows = np.arange(width) + left, np.arange(height) + top
    depth[:, (columns < box[0]) | (columns > box[1])] = 0
    depth[(rows < box[2]) | (rows > box[3])] = 0


def _center_jitter(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-25, 25, 3) if rng.random() < 0.2 else 7 * rng.standard_normal(3)


def _window(crop: HandCrop, lens: Lens) -> tuple[int, int, int, int]:
    """Left, top, width and height of the part of the image that the crop can see, with a margin for the sensor."""
    camera, (u, v, d) = lens.camera, crop.center_uvd
    half = (1 - 1 / CROP_SIZE) * crop.cube_mm / 2 / d
    half_u, half_v = half * camera.fx, half * camera.fy
    left, right = max(round(u - half_u) - _MARGIN, 0), min(round(u + half_u) + _MARGIN, lens.width - 1)
    top, bottom = max(round(v - half_v) - _MARGIN, 0), min(round(v + half_v) + _MARGIN, lens.height - 1)
    return left, top, right - left + 1, bottom - top + 1
