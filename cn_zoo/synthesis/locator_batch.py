"""Batches that the hand locator's two networks learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cn_zoo.geometry import CROP_SIZE, LABELLED, POSE_UNIT_MM, SKELETONS, Camera, HandCrop
from cn_zoo.geometry.frame_view import JUDGE_CUBE_MM, VIEW_CELL, FrameView
from cn_zoo.synthesis.locator_frame import LocatorFrame, draw_locator_frame
from cn_zoo.synthesis.visibility import LEAST_SEEN

#: Rows and columns of the canvas that the finder trains on, and places a frame that the judge trains on.
CANVAS, PLACES = (80, 112), 2
#: Radius of a hand in mm, for how far around its centre cells count as good.
_RADIUS_MM = 80.0
#: A hand of which less is seen than of a whole one, but more than this, is neither asked for nor forbidden.
_HARDLY_SEEN = 0.15
#: How far from a hand's centre its judged places lie, in mm (standard deviations per axis, and their shares).
_MOVED_MM, _MOVED_SHARES = (10.0, 30.0), (0.5, 0.5)
#: Share of frames in which also a place without a hand is judged, how far from hands it is at least, and how near to
#: the first one rather; of such places more are free around than chance would choose.
_ASIDE, _AWAY_MM, _BESIDE_MM = 0.7, 110.0, 350.0
#: Share of the places without a hand that a locator took for hands, if one is asked, and how far they are moved, in mm
#: (standard deviation per axis).
_NAMED, _NAMED_MOVED_MM = 0.75, 8.0
_NEAREST_MM = 60.0
_OUT_OF_VIEW_MM = 9000.0
_TRIED = 100
#: Free around is a place where most of a ring about it, (2, 12) mm, shows nothing or what is so far behind.
_RING = 100 * np.stack([np.cos(np.arange(12) * np.pi / 6), np.sin(np.arange(12) * np.pi / 6)])
_BEHIND_MM = 70.0

_MSRA = LABELLED.index("msra")

#: From (H, W) depth in mm and its camera to places (K, 3) xyz mm that a locator takes for hands, rightly or wrongly.
PlaceNamer = Callable[[np.ndarray, Camera], np.ndarray]


@dataclass(frozen=True)
class LocatorBatch:
    """Labelled frames for the finder, and two places of each for the judge.

    Attributes:
        planes: (B, 80, 112, 2) float32, as of `FrameView.planes`.
        cells: (B, 10, 14, 5) float32: how good the cell is (1: a hand's centre lies in it); the centre's place right
            of and below the cell's middle, in cells; how far it lies behind the cell's nearest measurement
            (`FrameView.cell_depths`), in units of 50 mm; how much the cell counts (0 beside a hand hardly seen).
        crops: (B, 2, 128, 128, 1) float32, a `HandCrop` of 300 mm around each place.
        hand: (B, 2, 2) float32: whether it is a hand, whether it is a left one.
        centers: (B, 2, 3, 3) float32: hand centres (NYU, ICVL, MSRA) in crop coordinates of 50 mm; 0 without a hand.
        joints: (B, 2, 21, 3) float32: MSRA's joints likewise.
    """

    planes: np.ndarray
    cells: np.ndarray
    crops: np.ndarray
    hand: np.ndarray
    centers: np.ndarray
    joints: np.ndarray

    def mirrored(self) -> LocatorBatch:
        """The same in a mirror: right hands become left ones."""
        is_hand, left = self.hand[..., 0], self.hand[..., 1]
        return LocatorBatch(
            planes=self.planes[:, :, ::-1],
            cells=self.cells[:, :, ::-1] * np.array([1, -1, 1, 1, 1], np.float32),
            crops=self.crops[:, :, :, ::-1],
            hand=np.stack([is_hand, is_hand - left], axis=-1),
            centers=self.centers * np.array([-1, 1, 1], np.float32),
            joints=self.joints * np.array([-1, 1, 1], np.float32),
        )


def draw_locator_batch(
    seed: int, start: int, count: int, split: str = "train", name_places: PlaceNamer | None = None
) -> LocatorBatch:
    """Frames ``start`` to ``start + count - 1`` of the sequence that `draw_locator_frame` draws one by one.

    Args:
        seed, start, count, split: which frames.
        name_places: what an earlier locator takes for hands; most places without a hand are then such, as they teach
            more than chance ones.
    """
    rows, columns = (size // VIEW_CELL for size in CANVAS)
    batch = LocatorBatch(
        planes=np.empty((count, *CANVAS, 2), np.float32),
        cells=np.empty((count, rows, columns, 5), np.float32),
        crops=np.empty((count, PLACES, CROP_SIZE, CROP_SIZE, 1), np.float32),
        hand=np.zeros((count, PLACES, 2), np.float32),
        centers=np.zeros((count, PLACES, len(LABELLED), 3), np.float32),
        joints=np.zeros((count, PLACES, len(SKELETONS["msra"]), 3), np.float32),
    )
    for row in range(count):
        frame = draw_locator_frame(seed, start + row, split)
        rng = np.random.default_rng((seed, start + row))
        canvas, uvd = _on_canvas(FrameView.of(frame.depth_mm, frame.camera), frame, rng)
        batch.planes[row] = canvas.planes()
        batch.cells[row] = _cell_targets(canvas, uvd, frame.seen)
        for column, (place, hand) in enumerate(_draw_places(frame, rng, name_places)):
            crop = HandCrop(frame.camera, tuple(frame.camera.xyz_to_uvd(place)), JUDGE_CUBE_MM)
            batch.crops[row, column, :, :, 0] = crop.cut(frame.depth_mm)
            if hand is not None:
                batch.hand[row, column] = 1, frame.left[hand]
                batch.centers[row, column] = crop.uvd_to_crop(frame.camera.xyz_to_uvd(frame.centers[hand]))
                batch.joints[row, column] = crop.uvd_to_crop(frame.camera.xyz_to_uvd(frame.joints[hand]))
    return batch


def draw_judged_crops(seed: int, frames: int, split: str = "train") -> np.ndarray:
    """The crops of a batch one after another, ``(2 frames, 128, 128, 1)``: what the judge sees."""
    return draw_locator_batch(seed, 0, frames, split).crops.reshape(-1, CROP_SIZE, CROP_SIZE, 1)


def _on_canvas(view: FrameView, frame: LocatorFrame, rng: np.random.Generator) -> tuple[FrameView, np.ndarray]:
    """A view put somewhere on the canvas, or a part of it with the first hand; the hands' (N, 3) places there."""
    uvd = view.camera.xyz_to_uvd(frame.centers[:, _MSRA])
    canvas = FrameView(np.zeros(CANVAS, np.float32), view.camera)
    shifts = []
    for axis, (room, size) in enumerate(zip(CANVAS, view.depth_mm.shape, strict=True)):
        low, high = min(0, room - size), max(0, room - size)
        if size > room:
            # Some 10 pixels of the hand's surroundings stay in view.
            place = uvd[0, 1 - axis]
            low, high = max(low, min(0, 10 - place)), min(high, max(low, room - 10 - place))
        shifts.append(int(rng.uniform(low, max(low, high) + 1)) if high > low else int(low))
    (top, left), (height, width) = shifts, view.depth_mm.shape
    target = canvas.depth_mm[max(0, top) : top + height, max(0, left) : left + width]
    target[:] = view.depth_mm[max(0, -top) :, max(0, -left) :][: target.shape[0], : target.shape[1]]
    return canvas, uvd + [left, top, 0]


def _cell_targets(canvas: FrameView, uvd: np.ndarray, seen: np.ndarray) -> np.ndarray:
    depths = canvas.cell_depths()
    rows, columns = (np.arange(size // VIEW_CELL) for size in CANVAS)
    targets = np.zeros((len(rows), len(columns), 5), np.float32)
    targets[..., 4] = 1
    for (u, v, d), share in zip(uvd, seen, strict=True):
        if share < _HARDLY_SEEN:
            continue
        across = (u - (VIEW_CELL - 1) / 2) / VIEW_CELL - columns
        down = ((v - (VIEW_CELL - 1) / 2) / VIEW_CELL - rows)[:, None]
        spread = np.clip(0.4 * _RADIUS_MM * canvas.camera.fx / d / VIEW_CELL, 0.5, 1.5)
        good = np.exp(-(across**2 + down**2) / (2 * spread**2))
        if share < LEAST_SEEN:
            targets[good > 0.2, 4] = 0
            continue
        # The cell with the centre in it is fully good, wherever in it the centre lies.
        good[(np.abs(across) <= 0.5) & (np.abs(down) <= 0.5)] = 1
        better = good > targets[..., 0]
        place = np.stack(np.broadcast_arrays(across, down, (d - depths) / POSE_UNIT_MM), axis=-1)
        targets[better, 0] = good[better]
        targets[better, 1:4] = place[better]
    return targets


def _draw_places(
    frame: LocatorFrame, rng: np.random.Generator, name_places: PlaceNamer | None
) -> list[tuple[np.ndarray, int | None]]:
    """Two places (3,) xyz mm to judge, each with the number of its hand, or None."""
    hands = np.flatnonzero(frame.seen >= LEAST_SEEN)[:PLACES].tolist()
    places: list[tuple[np.ndarray, int | None]] = [(_near(frame, number, rng), number) for number in hands]
    if len(places) == 1 and rng.random() > _ASIDE:
        places.append((_near(frame, places[0][1], rng), places[0][1]))
    wrong = _draw_wrong_places(frame, rng, name_places) if name_places and len(places) < PLACES else []
    while len(places) < PLACES:
        named = wrong and rng.random() < _NAMED
        places.append((wrong.pop() if named else _draw_place_aside(frame, rng), None))
    return places


def _draw_wrong_places(frame: LocatorFrame, rng: np.random.Generator, name_places: PlaceNamer) -> list[np.ndarray]:
    """Places (3,) xyz mm that a locator takes for hands and that are none, in random order, each moved a little."""
    xyz = name_places(frame.depth_mm, frame.camera)
    wrong = rng.permutation(xyz[_is_away(frame, xyz)])
    moved = wrong + _NAMED_MOVED_MM * rng.standard_normal(wrong.shape)
    return list(np.where(moved[:, 2:] > _NEAREST_MM, moved, wrong))


def _is_away(frame: LocatorFrame, xyz: np.ndarray) -> np.ndarray:
    """Whether places (N, 3) are none of a hand that can be seen."""
    away = np.linalg.norm(xyz[:, None] - frame.centers[None, :, _MSRA], axis=2)
    return (away > np.where(frame.seen > _HARDLY_SEEN, _AWAY_MM, 0)).all(axis=1) & (xyz[:, 2] > _NEAREST_MM)


def _near(frame: LocatorFrame, number: int, rng: np.random.Generator) -> np.ndarray:
    """A place around a hand's centre, nearer to it than to any other."""
    true = frame.centers[:, _MSRA]
    moved = true[number] + rng.choice(_MOVED_MM, p=_MOVED_SHARES) * rng.standard_normal(3)
    nearest = np.linalg.norm(true - moved, axis=1).argmin()
    return moved if nearest == number and moved[2] > _NEAREST_MM else true[number]


def _draw_place_aside(frame: LocatorFrame, rng: np.random.Generator) -> np.ndarray:
    """A place behind some measured surface, away from all hands; rather near to the first one, and rather free."""
    depth = frame.depth_mm
    v, u = np.divmod(rng.integers(0, depth.size, _TRIED), depth.shape[1])
    v, u = v[depth[v, u] > 0], u[depth[v, u] > 0]
    d = depth[v, u] + rng.uniform(-10, 40, len(u))
    xyz = frame.camera.uvd_to_xyz(np.stack([u, v, d], axis=1))
    usable = _is_away(frame, xyz)
    if not usable.any():
        # Far beside all that the image shows: an empty crop.
        return np.array([-_OUT_OF_VIEW_MM, 0.0, _OUT_OF_VIEW_MM / 10])
    beside = np.linalg.norm(xyz - frame.centers[0, _MSRA], axis=1) < _BESIDE_MM
    for wanted in (beside, _is_free_around(frame, xyz)):
        if (usable & wanted).any() and rng.random() < 0.6:
            usable &= wanted
    return xyz[usable][0]


def _is_free_around(frame: LocatorFrame, xyz: np.ndarray) -> np.ndarray:
    """Whether places (N, 3) have nothing beside them most ways, as hands, elbows, heads and corners do."""
    u, v, d = frame.camera.xyz_to_uvd(xyz).T
    height, width = frame.depth_mm.shape
    columns = np.rint(u[:, None] + _RING[0] * (frame.camera.fx / d)[:, None]).astype(np.int64)
    rows = np.rint(v[:, None] + _RING[1] * (frame.camera.fy / d)[:, None]).astype(np.int64)
    beside = frame.depth_mm[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return ((beside == 0) | (beside > d[:, None] + _BEHIND_MM)).mean(axis=1) > 0.6
