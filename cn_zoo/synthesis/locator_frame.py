"""Whole synthetic frames for the hand locator: any camera, any distance, one hand, two hands, or none."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from cn_zoo.geometry import LABELLED, Camera
from cn_zoo.synthesis.body_mesh import Body, draw_body
from cn_zoo.synthesis.labels import label_joints
from cn_zoo.synthesis.posed_hand import LANDMARKS, PosedHand
from cn_zoo.synthesis.presets import NOTHING_BESIDES, PRESETS, Lens, SceneShares, SynthesisPreset
from cn_zoo.synthesis.rasterizer import rasterize
from cn_zoo.synthesis.scene import PlacedHand, draw_scene
from cn_zoo.synthesis.sensors import SENSORS, sense
from cn_zoo.synthesis.setting import HAND_RADIUS_MM, NO_BOX, Setting, draw_setting, keep_box, render
from cn_zoo.synthesis.solids import limb, plane
from cn_zoo.synthesis.split import SPLITS, sample_generator
from cn_zoo.synthesis.visibility import LEAST_SEEN, share_seen

#: Shares of frames.
_NO_HAND, _SECOND_HAND, _ANY_DISTANCE, _ROLLED, _MORE_BEHIND, _OVER_TABLE = 0.22, 0.3, 0.35, 0.3, 0.5, 0.1
_LONG_ARM, _RAGGED, _SPECKLED, _BOXED = 0.4, 0.1, 0.05, 0.2
#: Share of the frames in which the hand is at rest on a table.
_RESTING = 0.14
#: Shares of the frames without a hand: it has just left the view; the view is all but empty.
_LEFT_THE_VIEW, _BARE = 0.35, 0.1
_ANY_DISTANCE_MM = (220.0, 1300.0)
#: Half of the horizontal field of view in degrees, and the image's width in pixels.
_HALF_VIEW_DEG = (22.0, 46.0)
_WIDTHS, _LARGE, _LARGE_WIDTH = (184, 360), 0.1, 640
_ASPECTS = (3 / 4, 3 / 4, 3 / 4, 9 / 16, 4 / 5, 1.0)
_TRIES = 6
#: Shares of the frames with a person, of those without a hand and of those with one. The people have randomness of
#: their own: the other frames are what they would be without them.
_PERSON_ALONE, _PERSON_BESIDE, _PEOPLE_SEED = 0.65, 0.3, 5_501
#: Of the frames with a person alone, the shares with nothing but the person, or the person before a wall; from any
#: sensor; and of which only a box about the person is kept.
_ONLY_PERSON, _BEFORE_WALL, _ANY_SENSOR, _PERSON_BOXED = 0.4, 0.15, 0.5, 0.2
_HEAD_MM = (400.0, 1800.0)
#: Where a head is in the image, in shares of its width and height; how far aside, below and behind a hand it is, in mm.
_HEAD_PLACE = ((0.0, 1.0), (-0.05, 0.8))
_HEAD_FROM_HAND_MM = ((-350.0, 350.0), (-350.0, 250.0), (30.0, 700.0))
#: How far from the head a box's left, right, top and bottom are, in mm.
_BOX_MM = ((60.0, 500.0), (60.0, 500.0), (100.0, 300.0), (60.0, 600.0))
#: Shares of the people whose hair, or body, a sensor measures in patches only; how far apart those are, in mm; and
#: below which even number between 0 and 1, smoothed over that distance, something is measured.
_DARK_HAIR, _DARK_BODY, _PATCH_MM, _PATCHES_BELOW = 0.5, 0.12, (8.0, 35.0), (-0.1, 0.65)

_WRIST, _MIDDLE_MCP = LANDMARKS.index("wrist"), LANDMARKS.index("middle_mcp")
_BEHIND = SceneShares(body=0.3, wall=0.4, table=0.1, clutter=0.2, sleeve=0.0, held=0.0, passing=0.0)


@dataclass(frozen=True)
class LocatorFrame:
    """A depth frame and the hands in it.

    Attributes:
        depth_mm: (H, W) float32 mm, 0 = no measurement.
        camera: intrinsics.
        centers: (N, 3, 3) mm: of each hand the mean joint of NYU, ICVL and MSRA, xyz in the camera frame.
        joints: (N, 21, 3) mm: of each hand MSRA's joints.
        left: (N,) bool, whether each is a left hand.
        seen: (N,) share of each hand's joints that lie just behind a measured surface.
    """

    depth_mm: np.ndarray
    camera: Camera
    centers: np.ndarray
    joints: np.ndarray
    left: np.ndarray
    seen: np.ndarray


def draw_locator_frame(seed: int, index: int, split: str = "train") -> LocatorFrame:
    """Draw frame ``index``. It depends on seed, index and split only.

    Args:
        seed: of the whole sequence, not negative.
        index: which frame, not negative.
        split: one of `SPLITS`.

    Raises:
        ValueError: an unknown split, or a negative number.
    """
    rng = sample_generator(seed, index, split)
    people = np.random.default_rng((seed, SPLITS[split].code, index, _PEOPLE_SEED))
    shows_hand = rng.random() >= _NO_HAND
    for _ in range(_TRIES):
        preset, rests = _draw_preset(rng), rng.random() < _RESTING
        setting = draw_setting(preset.at_rest() if rests else preset, rng, split, binned=False)
        hands = [_Hand(setting.posed, False)]
        if shows_hand and rng.random() < _SECOND_HAND:
            hands.append(_draw_other_hand(setting, rng, split))
        if not shows_hand:
            setting = _without_hand(setting, rests, rng)
        meshes = (*setting.meshes, *((hand.posed.vertices, hand.posed.faces) for hand in hands[1:]))
        solids = [setting.solids]
        if rng.random() < _MORE_BEHIND:
            solids.append(_draw_more_behind(setting.posed, rng))
        if setting.meshes and rng.random() < _LONG_ARM:
            solids.append(_draw_upper_arm(setting.posed, rng))
        setting = replace(setting, meshes=meshes, solids=np.concatenate(solids))
        person = None
        if people.random() < (_PERSON_BESIDE if shows_hand else _PERSON_ALONE):
            setting, person = _with_person(setting, shows_hand, people, split)
        turn = _turn_about_view(2 * math.pi * rng.random() if rng.random() < _ROLLED else 0.0)
        frame = _look(setting, hands, turn, rng, person)
        if not shows_hand or frame.seen[0] >= LEAST_SEEN:
            break
    return _mirrored(frame) if rng.random() < 0.5 else frame


@dataclass(frozen=True)
class _Hand:
    posed: PosedHand
    left: bool


def _draw_preset(rng: np.random.Generator) -> SynthesisPreset:
    """One of the benchmarks' presets, with any camera."""
    preset = PRESETS[LABELLED[rng.integers(len(LABELLED))]]
    distances = {}
    if rng.random() < _ANY_DISTANCE:
        distances = {"distance_mm": _ANY_DISTANCE_MM, "wide": 0.0}
    # Second hands and hands at rest have shares of their own here.
    scene = replace(preset.scene, second_hand=0.0, boxed=_BOXED)
    if rng.random() < _OVER_TABLE:
        scene = replace(scene, table=1.0, body=0.0, wall=0.0, clutter=0.0)
    return replace(preset, lenses=(_draw_lens(rng),), scene=scene, **NOTHING_BESIDES, **distances)


def _draw_lens(rng: np.random.Generator) -> Lens:
    half = math.tan(math.radians(rng.uniform(*_HALF_VIEW_DEG)))
    width = _LARGE_WIDTH if rng.random() < _LARGE else int(rng.integers(*_WIDTHS))
    height = round(width * _ASPECTS[rng.integers(len(_ASPECTS))])
    focal = width / 2 / half
    off = 0.015 * width * rng.standard_normal(2)
    return Lens(Camera(focal, focal, width / 2 - 0.5 + off[0], height / 2 - 0.5 + off[1]), width, height)


def _draw_other_hand(setting: Setting, rng: np.random.Generator, split: str) -> _Hand:
    """A second hand beside the first, or elsewhere in view; mostly a left one."""
    posed = draw_setting(_draw_preset(rng), rng, split, binned=False).posed
    if left := rng.random() < 0.75:
        posed = posed.mirrored()
    if rng.random() < 0.5:
        around, far = 2 * math.pi * rng.random(), rng.uniform(70, 220)
        goal = setting.center + [far * math.cos(around), far * math.sin(around), rng.uniform(-60, 100)]
    else:
        lens, depth = setting.lens, setting.center[2] * rng.uniform(0.75, 1.4)
        goal = lens.camera.uvd_to_xyz(np.array([lens.width * rng.random(), lens.height * rng.random(), depth]))
    return _Hand(posed.moved(goal - label_joints(posed, "msra").mean(axis=0)), left)


def _without_hand(setting: Setting, rests: bool, rng: np.random.Generator) -> Setting:
    """The same place with the hand out of view, or without its owner's arm, or nothing but a wall or the table."""
    luck = rng.random()
    if luck < _LEFT_THE_VIEW:
        return replace(setting, lens=_looking_past(setting, rng))
    if rests:
        return replace(setting, meshes=())
    shares = SceneShares(body=0.45, wall=0.1, table=0.15, clutter=0.2, sleeve=0.25, held=0.3, passing=0.2)
    if luck > 1 - _BARE:
        shares = SceneShares(body=0.0, wall=0.3, table=0.2, clutter=0.0, sleeve=0.0, held=0.0, passing=0.0)
    return replace(setting, meshes=(), solids=draw_scene(shares, _placed(setting.posed, np.zeros(3)), rng))


def _looking_past(setting: Setting, rng: np.random.Generator) -> Lens:
    """The lens turned so that the hand lies outside the image, its arm perhaps not."""
    lens = setting.lens
    camera = lens.camera
    u, v, d = camera.xyz_to_uvd(setting.center)
    beyond = rng.uniform(1.1, 2.2) * HAND_RADIUS_MM * camera.fx / d
    side = int(rng.integers(4))
    du = (-beyond - u, lens.width - 1 + beyond - u, 0, 0)[side]
    dv = (0, 0, -beyond - v, lens.height - 1 + beyond - v)[side]
    return replace(lens, camera=Camera(camera.fx, camera.fy, camera.cx + du, camera.cy + dv))


@dataclass(frozen=True)
class _Person:
    """A person, and how a sensor fails to see it.

    Attributes:
        body: in place.
        unseen: (F, 3) faces of which only patches are measured.
        patch_mm, below: how far apart the patches are, and how much is measured: numbers of `_PATCH_MM` and
            `_PATCHES_BELOW`.
        seed: decides where.
    """

    body: Body
    unseen: np.ndarray
    patch_mm: float
    below: float
    seed: int


def _with_person(setting: Setting, shows_hand: bool, rng: np.random.Generator, split: str) -> tuple[Setting, _Person]:
    """The setting with a person beside or behind the hand, or instead of it."""
    head = _draw_head_place(setting, shows_hand, rng)
    body = draw_body(rng, split).moved(np.eye(3), head)
    unseen = body.hair if rng.random() < _DARK_HAIR else body.hair[:0]
    if rng.random() < _DARK_BODY:
        unseen = body.faces
    patch_mm, below = rng.uniform(*_PATCH_MM), rng.uniform(*_PATCHES_BELOW)
    person = _Person(body, unseen, patch_mm, below, int(rng.integers(2**63)))
    if not shows_hand:
        setting = _about_person(setting, head, rng)
    return replace(setting, solids=np.concatenate([setting.solids, body.solids])), person


def _draw_head_place(setting: Setting, shows_hand: bool, rng: np.random.Generator) -> np.ndarray:
    if shows_hand:
        place = setting.center + [rng.uniform(*span) for span in _HEAD_FROM_HAND_MM]
        return place * max(1.0, _HEAD_MM[0] / place[2])
    lens, (near, far) = setting.lens, np.log(_HEAD_MM)
    u, v = (size * rng.uniform(*span) for size, span in zip((lens.width, lens.height), _HEAD_PLACE, strict=True))
    return lens.camera.uvd_to_xyz(np.array([u, v, math.exp(rng.uniform(near, far))]))


def _about_person(setting: Setting, head: np.ndarray, rng: np.random.Generator) -> Setting:
    """What else there is about a person where no hand is, and what it is seen by."""
    luck = rng.random()
    if luck < _ONLY_PERSON + _BEFORE_WALL:
        solids = np.zeros((0, 14))
        if luck < _BEFORE_WALL:
            normal = np.array([*rng.normal(0, 0.3, 2), -1.0])
            solids = plane(head + [0, 0, rng.uniform(250, 2000)], normal / np.linalg.norm(normal))[None]
        setting = replace(setting, meshes=(), solids=solids)
    if rng.random() < _ANY_SENSOR:
        names = tuple(SENSORS)
        setting = replace(setting, sensor=names[rng.integers(len(names))])
    setting = replace(setting, box=NO_BOX)
    if rng.random() < _PERSON_BOXED:
        u, v, d = setting.lens.camera.xyz_to_uvd(head)
        left, right, top, bottom = (rng.uniform(*span) * setting.lens.camera.fx / d for span in _BOX_MM)
        setting = replace(setting, box=(u - left, u + right, v - top, v + bottom))
    return setting


def _draw_person(depth: np.ndarray, camera: Camera, person: _Person) -> None:
    """Add a person to true depth, with holes where the sensor gets no answer."""
    height, width = depth.shape
    body = person.body
    rasterize(body.vertices, body.faces, camera, width, height, depth, closed=True)
    if not len(person.unseen):
        return
    unseen = rasterize(body.vertices, person.unseen, camera, width, height, closed=True)
    cell = max(2.0, person.patch_mm * camera.fx / float(body.vertices[:, 2].mean()))
    patches = _smooth_noise(height, width, cell, np.random.default_rng(person.seed))
    depth[(unseen > 0) & (unseen <= depth) & (patches >= person.below)] = 0


def _smooth_noise(height: int, width: int, cell: float, rng: np.random.Generator) -> np.ndarray:
    """Even numbers (height, width) between 0 and 1 on a grid, ``cell`` pixels apart, interpolated."""
    rows, columns = np.arange(height) / cell, np.arange(width) / cell
    grid = rng.random((int(rows[-1]) + 2, int(columns[-1]) + 2), dtype=np.float32)
    top, left = rows.astype(int), columns.astype(int)
    down, right = ((rows - top)[:, None].astype(np.float32), (columns - left).astype(np.float32))
    lines = grid[top] + down * (grid[top + 1] - grid[top])
    return lines[:, left] + right * (lines[:, left + 1] - lines[:, left])


def _draw_more_behind(posed: PosedHand, rng: np.random.Generator) -> np.ndarray:
    offset = np.array([rng.uniform(-400, 400), rng.uniform(-300, 300), rng.uniform(0, 900)])
    return draw_scene(_BEHIND, _placed(posed, offset), rng)


def _draw_upper_arm(posed: PosedHand, rng: np.random.Generator) -> np.ndarray:
    """The arm goes on behind the elbow, out of the view as a rule."""
    wrist, elbow = posed.joints[_WRIST], _elbow(posed)
    along = (elbow - wrist) / np.linalg.norm(elbow - wrist) + rng.normal(0, 0.35, 3)
    return limb(elbow, elbow + rng.uniform(200, 500) * along, rng.uniform(34, 46), rng.uniform(42, 60))[None]


def _elbow(posed: PosedHand) -> np.ndarray:
    """The end of the forearm."""
    far = np.linalg.norm(posed.vertices - posed.joints[_WRIST].astype(np.float32), axis=1)
    return posed.vertices[far > far.max() - 20].mean(axis=0, dtype=np.float64)


def _placed(posed: PosedHand, offset: np.ndarray) -> PlacedHand:
    """A hand as `draw_scene` wants it, moved."""
    posed = posed.moved(offset)
    wrist, knuckle = posed.joints[_WRIST], posed.joints[_MIDDLE_MCP]
    along = (wrist - knuckle) / np.linalg.norm(wrist - knuckle)
    aside = np.cross(along, [0.0, 0.0, 1.0])
    aside /= np.linalg.norm(aside) + 1e-6
    rotation = np.stack([aside, along, np.cross(aside, along)], axis=1)
    center = label_joints(posed, "msra").mean(axis=0)
    return PlacedHand(posed.vertices, center, wrist, _elbow(posed), (wrist + knuckle) / 2, rotation)


def _turn_about_view(angle: float) -> np.ndarray:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def _look(
    setting: Setting, hands: list[_Hand], turn: np.ndarray, rng: np.random.Generator, person: _Person | None
) -> LocatorFrame:
    """Turn everything about the viewing axis, render, and see which hands can be seen."""
    setting = _turned(setting, turn)
    lens = setting.lens
    depth = render(setting, lens.camera, lens.width, lens.height)
    if person is not None:
        _draw_person(depth, lens.camera, replace(person, body=person.body.moved(turn, np.zeros(3))))
    depth = sense(depth, lens.camera, SENSORS[setting.sensor], rng)
    keep_box(depth, setting.box)
    _spoil(depth, rng)
    joints = {name: np.stack([label_joints(hand.posed, name) @ turn.T for hand in hands]) for name in LABELLED}
    return LocatorFrame(
        depth,
        lens.camera,
        np.stack([joints[name].mean(axis=1) for name in LABELLED], axis=1),
        joints["msra"],
        np.array([hand.left for hand in hands]),
        np.array([share_seen(depth, lens.camera.xyz_to_uvd(xyz)) for xyz in joints["msra"]]) * bool(setting.meshes),
    )


def _turned(setting: Setting, turn: np.ndarray) -> Setting:
    if turn[0, 0] == 1:
        return setting
    meshes = tuple((vertices @ turn.T.astype(np.float32), faces) for vertices, faces in setting.meshes)
    solids = setting.solids.copy()
    # Columns 1 to 12 are a place and three axes.
    solids[:, 1:13] = (solids[:, 1:13].reshape(-1, 4, 3) @ turn.T).reshape(-1, 12)
    return replace(setting, meshes=meshes, solids=solids, box=_turned_box(setting, turn))


def _turned_box(setting: Setting, turn: np.ndarray) -> tuple[float, float, float, float]:
    """The box where its middle is turned to, as large as before and as upright."""
    left, right, top, bottom = setting.box
    if right == math.inf:
        return setting.box
    camera = setting.lens.camera
    middle = camera.uvd_to_xyz(np.array([(left + right) / 2, (top + bottom) / 2, 1.0]))
    u, v, _ = camera.xyz_to_uvd(turn @ middle)
    width, height = right - left, bottom - top
    return u - width / 2, u + width / 2, v - height / 2, v + height / 2


def _spoil(depth: np.ndarray, rng: np.random.Generator) -> None:
    """Holes and specks beyond what the simulated sensors know."""
    if rng.random() < _RAGGED:
        depth[rng.random(depth.shape, dtype=np.float32) < rng.uniform(0.01, 0.2)] = 0
    if rng.random() < _SPECKLED:
        specks = rng.random(depth.shape, dtype=np.float32) < rng.uniform(0.0005, 0.005)
        depth[specks] = rng.uniform(150, 2000, int(specks.sum()))


def _mirrored(frame: LocatorFrame) -> LocatorFrame:
    """The frame in a mirror: right hands become left ones."""
    depth = np.ascontiguousarray(frame.depth_mm[:, ::-1])
    flip = np.array([-1.0, 1.0, 1.0])
    return LocatorFrame(
        depth,
        frame.camera.mirrored(depth.shape[1]),
        frame.centers * flip,
        frame.joints * flip,
        ~frame.left,
        frame.seen,
    )
