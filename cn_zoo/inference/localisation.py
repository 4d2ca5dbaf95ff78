"""Find the hand in a depth image by geometry alone: no network, no training.

The picture is thinned to about 160 columns, large flat surfaces (tables, walls) are taken out, and places on what
remains are judged by how far a straight walk stays on the same surface in each direction. On a hand nearly all
walks leave the surface after 20 to 50 mm and those that do not all follow the arm; on a forearm two opposite
bundles stay, on heads and torsos most walks are too long. The best places move to the centre of mass of
the limb's end, the arm cut off behind the wrist.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import Camera

_NEAR_MM, _FAR_MM = 50.0, 3000.0
_COARSE_COLUMNS = 160

# Large flat surfaces.
_PLANE_SAMPLES, _PLANE_TRIALS = 400, 64
_PLANE_AREA_MM2 = 40_000.0  # a flat hand shows 20,000 at most
_PLANE_SHARE = 0.15  # of the sampled pixels
_PLANE_PURITY = 0.8  # pixels in the plane over pixels near it: tables and walls >= 0.88, torsos <= 0.70

# Walks along the surface.
_WALKS = 16
_WALK_STEP_MM = 14.0
_WALK_RADII_MM = np.arange(14.0, 141.0, _WALK_STEP_MM, dtype=np.float32)
_WALK_ANGLES = np.arange(_WALKS) * (2 * np.pi / _WALKS)
_WALK_DIRECTIONS = np.stack([np.cos(_WALK_ANGLES), np.sin(_WALK_ANGLES)], axis=1).astype(np.float32)
_WALK_U, _WALK_V = _WALK_DIRECTIONS.T[:, :, None] * _WALK_RADII_MM
_WALK_RISE = 45 + 0.5 * _WALK_RADII_MM  # in depth: limbs point every way
_SEED_SPACING_MM = 22.0

# A ring around the refined centre that fingers and thumb cross.
_RING_MM = 56.0
_RING_ANGLES = np.arange(32) * (2 * np.pi / 32)
_RING_DIRECTIONS = np.stack([np.cos(_RING_ANGLES), np.sin(_RING_ANGLES)], axis=1)

# From a good place to the hand's centre; measured on real frames with labelled joints.
_BALL_MM = 100.0
_WRIST_MM = 50.0
_JOINTS_BEHIND_SURFACE_MM = 11.0
_CANDIDATES, _REFINEMENTS = 4, 6
_CANDIDATE_SPACING_MM = 80.0
_LEAST_SCORE = 0.2


@dataclass(frozen=True)
class HandLocation:
    """Where a hand is.

    Attributes:
        center_uvd: the hand's centre (u px, v px, d mm), an estimate of the mean of its joints.
        confidence: 0..1; falls with every departure from a hand's proportions and with a rival elsewhere.
    """

    center_uvd: tuple[float, float, float]
    confidence: float


@dataclass(frozen=True)
class _View:
    """A thinned depth image ``(h, w)`` mm, 0 = nothing, and the camera that fits it."""

    z: np.ndarray
    camera: Camera


@dataclass(frozen=True)
class _Place:
    """A candidate: centre (x, y, z) mm, unit image direction of the arm (0, 0 = none seen), score 0..1."""

    center: np.ndarray
    arm: np.ndarray
    score: float


def locate_hand(depth_mm: np.ndarray, camera: Camera) -> HandLocation:
    """Find the most plausible, nearest hand.

    Args:
        depth_mm: ``(H, W)`` depth in mm; 0, negative and non-finite mean no measurement.
        camera: the camera that took the image.

    Raises:
        NoHandError: nothing in the picture looks like a hand.
    """
    view = _without_planes(_thinned(depth_mm, camera))
    if not view.z.any():
        raise NoHandError(
            f"no hand found: nothing but flat background between {_NEAR_MM:.0f} and {_FAR_MM:.0f} mm; "
            "check the depth scale, or give the centre"
        )
    places = sorted(_places(view), key=lambda place: -place.score)
    if not places or places[0].score < _LEAST_SCORE:
        raise NoHandError("no hand found: nothing of a hand's size and shape; check the camera, or give the centre")
    center = places[0].center + [0.0, 0.0, _JOINTS_BEHIND_SURFACE_MM]
    u, v, d = camera.xyz_to_uvd(center)
    return HandLocation((float(u), float(v), float(d)), _confidence(places))


def _thinned(depth_mm: np.ndarray, camera: Camera) -> _View:
    """Every n-th pixel: a hand stays some hundred pixels, and the rest costs little."""
    step = max(1, round(depth_mm.shape[1] / _COARSE_COLUMNS))
    first = step // 2
    z = depth_mm[first::step, first::step].astype(np.float32)
    with np.errstate(invalid="ignore"):
        z = np.where((z > _NEAR_MM) & (z < _FAR_MM), z, np.float32(0))
    return _View(z, Camera(camera.fx / step, camera.fy / step, (camera.cx - first) / step, (camera.cy - first) / step))


# --- large flat surfaces ---------------------------------------------------------------------------------------------


def _without_planes(view: _View) -> _View:
    """Take out up to two large flat surfaces: a table and a wall, a wall and the floor."""
    rng = np.random.default_rng(0)  # the same picture always gives the same answer
    for _ in range(2):
        plane = _find_plane(view, rng)
        if plane is None:
            break
        rows, columns = np.indices(view.z.shape, sparse=True)
        distance = np.abs(_plane_distance(view, plane, columns, rows, view.z))
        tolerance = _plane_tolerance(view.z)
        inside = (distance < tolerance) & (view.z > 0)
        around = (distance < 3 * tolerance) & (view.z > 0)
        area = np.square(view.z[inside]).sum() / (view.camera.fx * view.camera.fy)
        if area < _PLANE_AREA_MM2 or inside.sum() < _PLANE_PURITY * around.sum():
            break
        view = _View(np.where(inside, np.float32(0), view.z), view.camera)
    return view


def _find_plane(view: _View, rng: np.random.Generator) -> np.ndarray | None:
    """The plane 1/z = a u + b v + c (a plane in space has linear inverse depth) that most sampled pixels lie in."""
    flat = np.flatnonzero(view.z)
    if len(flat) < _PLANE_SAMPLES // 2:
        return None
    flat = rng.choice(flat, _PLANE_SAMPLES)
    rows, columns = np.divmod(flat, view.z.shape[1])
    z = view.z.ravel()[flat].astype(np.float64)
    terms = np.stack([columns, rows, np.ones(len(flat))], axis=1)
    triples = rng.integers(0, len(flat), (_PLANE_TRIALS, 3))
    corners = terms[triples]
    spread = np.abs(np.linalg.det(corners)) > 50  # twice the triangle's area in pixels
    if not spread.any():
        return None
    planes = np.linalg.solve(corners[spread], 1 / z[triples[spread]][..., None])[..., 0]
    inside = np.abs(_plane_distance(view, planes[:, :, None], columns, rows, z)) < _plane_tolerance(z)
    best = inside[inside.sum(axis=1).argmax()]
    if best.mean() < _PLANE_SHARE:
        return None
    # Least squares of a z u + b z v + c z = 1 over the inliers weighs errors by distance in mm, not in inverse depth.
    return np.linalg.lstsq(terms[best] * z[best, None], np.ones(best.sum()), rcond=None)[0]


def _plane_distance(view: _View, plane: np.ndarray, u: np.ndarray, v: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Distance in mm of pixels from planes (a, b, c), positive behind."""
    camera = view.camera
    a, b, c = np.moveaxis(plane, -1, 0) if plane.ndim == 1 else np.moveaxis(plane, 1, 0)
    normal = np.sqrt((a * camera.fx) ** 2 + (b * camera.fy) ** 2 + (a * camera.cx + b * camera.cy + c) ** 2)
    return ((a * u + b * v + c) * z - 1) / normal


def _plane_tolerance(z: np.ndarray) -> np.ndarray:
    """Half the thickness in mm of a measured plane: depth noise grows with the distance squared."""
    return 9 + 6 * (z / 1000) ** 2


# --- walks along the surface -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Walks:
    """Straight walks over the surface from N places.

    Attributes:
        length_mm: ``(N, 24)`` how far each goes.
        stays: ``(N, 24)`` whether it was still on the surface at its end, at 135 mm or at the image's border.
    """

    length_mm: np.ndarray
    stays: np.ndarray


def _walk(view: _View, xyz: np.ndarray) -> _Walks:
    """Walk in all directions from places ``(N, 3)`` mm."""
    height, width = view.z.shape
    start = view.camera.xyz_to_uvd(xyz).astype(np.float32)[:, :, None, None]
    u = start[:, 0] + _WALK_U * np.float32(view.camera.fx) / start[:, 2]
    v = start[:, 1] + _WALK_V * np.float32(view.camera.fy) / start[:, 2]
    # One row and column of nothing around the picture would do; clipping is cheaper than padding.
    column, row = (u + 0.5).astype(np.int32), (v + 0.5).astype(np.int32)
    outside = (u < -0.5) | (v < -0.5) | (column >= width) | (row >= height)
    z = view.z.ravel()[np.where(outside, 0, row * width + column)]
    rise = z - start[:, 2]
    blocked = outside | ((rise < -_WALK_RISE) & (z > 0))  # beyond a border or behind something nearer: who knows
    ended = blocked | (rise > _WALK_RISE) | (z <= 0)
    ended[..., -1] = True
    steps = ended.argmax(axis=2)
    stays = np.take_along_axis(blocked, steps[..., None], axis=2)[..., 0] | (steps == len(_WALK_RADII_MM) - 1)
    return _Walks(_WALK_RADII_MM[steps] - _WALK_STEP_MM / 2, stays)


def _likeness(walks: _Walks) -> np.ndarray:
    """How much each place looks like the middle of a hand, ``(N,)`` 0..1."""
    radius = np.partition(walks.length_mm, _WALKS // 4, axis=1)[:, _WALKS // 4]
    size = np.clip((radius - 8) / 20, 0, 1) * np.clip((78 - radius) / 22, 0, 1)
    free = np.clip((0.55 - walks.stays.mean(axis=1)) / 0.35, 0, 1)
    limbs = (walks.stays & ~np.roll(walks.stays, 1, axis=1)).sum(axis=1)
    end_of_limb = np.array([0.75, 1.0, 0.5])[np.minimum(limbs, 2)]
    return size * free * end_of_limb


def _arm(walks: _Walks) -> np.ndarray:
    """Mean image direction ``(N, 2)`` of the walks that stay on the surface, unit length or zero."""
    direction = walks.stays.astype(np.float64) @ _WALK_DIRECTIONS
    return direction / np.maximum(1.0, np.linalg.norm(direction, axis=1, keepdims=True))


# --- places ----------------------------------------------------------------------------------------------------------


def _places(view: _View) -> list[_Place]:
    z = view.z[1::2, 1::2]
    rows, columns = np.nonzero(z)
    z = z[rows, columns]
    surface = view.camera.uvd_to_xyz(np.stack([2 * columns + 1, 2 * rows + 1, z], axis=1)).astype(np.float32)
    step = max(1, round(_SEED_SPACING_MM * view.camera.fx / 2 / np.median(z)))
    seeds = surface[(rows % step == step // 2) & (columns % step == step // 2)]
    if not len(seeds):
        return []
    nearest = np.percentile(z, 2)
    score = _likeness(_walk(view, seeds)) * _nearness(seeds[:, 2], nearest)
    places = []
    for _ in range(_CANDIDATES):
        best = score.argmax()
        if score[best] < _LEAST_SCORE / 2:
            break
        places.append(_refined(view, surface, seeds[best], float(score[best]), nearest))
        score[_distance(seeds, seeds[best]) < _CANDIDATE_SPACING_MM] = 0
    return places


def _nearness(z: np.ndarray, nearest: float) -> np.ndarray:
    """People hold the hand towards the camera: 1 for the nearest surface, 1/2 at 600 mm behind it."""
    return 1 / (1 + np.maximum(0.0, z - nearest) / 600)


def _refined(view: _View, surface: np.ndarray, seed: np.ndarray, score: float, nearest: float) -> _Place:
    """Move to the centre of mass of the limb's end, and mark down a place that is not an end."""
    surface = surface[_distance(surface, seed) < 350]
    area = np.square(surface[:, 2]) * (4 / (view.camera.fx * view.camera.fy))
    center = seed
    for _ in range(_REFINEMENTS):
        walks = _walk(view, center[None])
        arm = _arm(walks)[0]
        along = (surface[:, :2] - center[:2]) @ arm
        wrist = _WRIST_MM + (1 - np.hypot(*arm)) * (_BALL_MM - _WRIST_MM)
        in_hand = (_distance(surface, center) < _BALL_MM) & (along < wrist)
        if not in_hand.any():
            break
        before, center = center, area[in_hand] @ surface[in_hand] / area[in_hand].sum()
        if np.abs(center - before).max() < 2:
            break
    likeness = max(score, _likeness(walks)[0] * _nearness(center[2], nearest))
    score = likeness * _reach(view, center) / (1 + _area_beyond(surface - center, area, arm) / 1500)
    return _Place(center, arm, float(score))


def _reach(view: _View, center: np.ndarray) -> float:
    """Whether fingers stick out: a hand's surface crosses a ring around its centre widely or often, 0..1."""
    height, width = view.z.shape
    u, v, d = view.camera.xyz_to_uvd(center)
    columns = np.rint(u + _RING_DIRECTIONS[:, 0] * (_RING_MM * view.camera.fx / d)).astype(np.int32)
    rows = np.rint(v + _RING_DIRECTIONS[:, 1] * (_RING_MM * view.camera.fy / d)).astype(np.int32)
    outside = (columns < 0) | (rows < 0) | (columns >= width) | (rows >= height)
    z = view.z.ravel()[np.where(outside, 0, rows * width + columns)]
    on_surface = outside | ((z > 0) & (np.abs(z - d) < 60))
    parts = np.count_nonzero(on_surface & ~np.roll(on_surface, 1))
    return float(np.clip(on_surface.mean() / 0.28, 0.4, 1.0)) * (1.0 if parts > 2 else 0.85)


def _distance(points: np.ndarray, center: np.ndarray) -> np.ndarray:
    offset = points - center
    return np.sqrt(np.einsum("ni,ni->n", offset, offset))


def _area_beyond(offset: np.ndarray, area: np.ndarray, arm: np.ndarray) -> float:
    """Surface in mm^2 that goes on where a hand ought to end, in a cone opposite to the arm."""
    if np.hypot(*arm) < 0.5:
        return 0.0
    ahead = -(offset[:, :2] @ arm)
    aside = np.abs(offset[:, 0] * arm[1] - offset[:, 1] * arm[0])
    return float(area[(ahead > 125) & (aside < 0.4 * ahead) & (np.abs(offset[:, 2]) < 0.5 * ahead)].sum())


def _confidence(places: list[_Place]) -> float:
    """The best score, down to half of it where a rival elsewhere is as good."""
    best, *others = places
    rivals = [place.score for place in others if np.linalg.norm(place.center - best.center) > 2 * _CANDIDATE_SPACING_MM]
    return float(np.clip(best.score * (1 - 0.5 * max(rivals, default=0.0) / best.score), 0.0, 1.0))
