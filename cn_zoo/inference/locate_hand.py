"""Find the hand in a depth image by geometry alone, without a network.

1. The picture is thinned to about 160 columns, and large flat surfaces (tables, walls) are taken out.
2. A grid of places on what remains is judged by how far a straight walk stays on the same surface in each
   direction: on a hand nearly all walks leave it after 20 to 50 mm, and those that do not all follow the arm. On a
   forearm two opposite bundles stay, on heads and torsos most walks are too long.
3. From the best places a ball's centre of mass wanders to the end of the limb, the arm cut off behind the wrist.
4. A few measurements there (how near, how large, how long the contour: fingers have much of it, arms, elbows and
   heads little) give the odds that it is a hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import HAND_RANGE_MM, Camera
from cn_zoo.inference.hand_location import HandLocation

_NEAR_MM, _FAR_MM = HAND_RANGE_MM
_COARSE_COLUMNS = 160
_TIGHT_MM = 250.0

# Large flat surfaces.
_PLANE_SAMPLES, _PLANE_TRIALS = 400, 64
_PLANE_ASIDE_MM = 70.0
_PLANE_AREA_MM2 = 10_000.0
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
_SEED_SPACING_MM = 27.0

# From a good place to the hand's centre; measured on real frames with labelled joints.
_BALL_MM = 95.0
_WRIST_MM = 42.0
_JOINTS_BEHIND_SURFACE_MM = 11.0
_PLACES, _REFINEMENTS = 6, 6
_PLACE_SPACING_MM = 70.0
_LEAST_LIKENESS = 0.05

# Is it a hand? Log odds, fitted by logistic regression on synthetic full frames.
_LEAST_HAND_MM2 = 2500.0
_RING_MM = 40.0
_RING_ANGLES = np.arange(32) * (2 * np.pi / 32)
_RING_DIRECTIONS = np.stack([np.cos(_RING_ANGLES), np.sin(_RING_ANGLES)], axis=1)
_EDGE_MM = 30.0
_BIAS = -13.3
_WEIGHTS = {
    "nearness": 10.0,  # people hold the hand towards the camera
    "palm": 2.5,  # share of a ring of 40 mm radius that is on the surface
    "area": -3.6,  # per 100 cm^2: arms and torsos fill the ball
    "contour": 29.2,  # per m, half of it counted: fingers have much
    "arm": 1.8,  # an arm leaves to one side
    "staying": -9.4,  # share of walks that stay on the surface
    "beyond": -2.3,  # the limb goes on where a hand ends
}
_LONGEST_CONTOUR_M = 0.3  # more is ragged cloth
_LEAST_CONFIDENCE = 0.03


@dataclass(frozen=True)
class _View:
    """A thinned depth image.

    Attributes:
        z: ``(h, w)`` mm, 0 = nothing.
        camera: the camera that fits it.
        tight: the picture shows little more than a hand: somebody has cut it out, or it is close to the lens.
    """

    z: np.ndarray
    camera: Camera
    tight: bool


@dataclass(frozen=True)
class _Surface:
    """What a view shows, as N points: every second pixel of every second row.

    Attributes:
        xyz: ``(N, 3)`` mm.
        pixel_mm: ``(N,)`` side of the square that a point stands for.
        contour: ``(N,)`` whether it is at a step in depth.
        grid: ``(N, 2)`` row and column, to choose evenly from.
    """

    xyz: np.ndarray
    pixel_mm: np.ndarray
    contour: np.ndarray
    grid: np.ndarray


@dataclass(frozen=True)
class _Places:
    """K candidates.

    Attributes:
        centers: ``(K, 3)`` (x, y, z) mm on the visible surface.
        log_odds: ``(K,)`` that each is a hand.
    """

    centers: np.ndarray
    log_odds: np.ndarray


def locate_hand(depth_mm: np.ndarray, camera: Camera) -> HandLocation:
    """Find the most plausible, nearest hand.

    Args:
        depth_mm: ``(H, W)`` depth in mm; 0, negative and non-finite mean no measurement.
        camera: the camera that took the image.

    Raises:
        NoHandError: nothing in the picture looks like a hand.
    """
    view = _without_planes(_thinned(depth_mm, camera))
    surface = _surface(view)
    if not len(surface.xyz):
        raise NoHandError(
            f"no hand found: nothing but flat background between {_NEAR_MM:.0f} and {_FAR_MM:.0f} mm; "
            "check the depth scale, or give the centre"
        )
    places = _places(view, surface)
    best = places.log_odds.argmax() if len(places.centers) else None
    confidence = 0.0 if best is None else _confidence(places, best)
    if confidence < _LEAST_CONFIDENCE:
        raise NoHandError("no hand found: nothing of a hand's size and shape; check the camera, or give the centre")
    u, v, d = camera.xyz_to_uvd(places.centers[best] + [0.0, 0.0, _JOINTS_BEHIND_SURFACE_MM])
    return HandLocation((float(u), float(v), float(d)), confidence)


def _thinned(depth_mm: np.ndarray, camera: Camera) -> _View:
    """Every n-th pixel: a hand stays some hundred pixels, and the rest costs little."""
    step = max(1, round(depth_mm.shape[1] / _COARSE_COLUMNS))
    height, width = (size // step * step for size in depth_mm.shape)
    first = step // 2
    before = max(0, first - 1)
    z = np.zeros((height // step, width // step), dtype=np.float32)
    # The pixel in the middle of its square, or one beside it: sensors drop single pixels.
    for row, column in ((first, first), (before, first), (first, before)):
        sample = depth_mm[row:height:step, column:width:step].astype(np.float32)
        with np.errstate(invalid="ignore"):
            z = np.where((z == 0) & (sample > _NEAR_MM) & (sample < _FAR_MM), sample, z)
    thin = Camera(camera.fx / step, camera.fy / step, (camera.cx - first) / step, (camera.cy - first) / step)
    measured = z[z > 0]
    distance = np.percentile(measured, 10) if len(measured) else np.inf
    widest = max(z.shape[1] / thin.fx, z.shape[0] / thin.fy) * distance
    return _View(z, thin, bool(widest < _TIGHT_MM))


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
        if inside.sum() <= _PLANE_PURITY * around.sum() or _broad_area(view, inside) < _PLANE_AREA_MM2:
            break
        view = replace(view, z=np.where(inside, np.float32(0), view.z))
    return view


def _broad_area(view: _View, inside: np.ndarray) -> float:
    """Area in mm^2 of the pixels with the same surface on all four sides: hands and arms are too narrow for that."""
    z = view.z[inside]
    aside = max(1, round(_PLANE_ASIDE_MM * view.camera.fx / float(np.median(z))))
    here = slice(aside, -aside)
    core = inside[here, here].copy()
    for ahead in (slice(2 * aside, None), slice(None, -2 * aside)):
        core &= inside[ahead, here] & inside[here, ahead]
    return float(np.square(view.z[here, here][core]).sum() / (view.camera.fx * view.camera.fy))


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
    inside = np.abs(_plane_distance(view, planes, columns, rows, z)) < _plane_tolerance(z)
    best = inside[inside.sum(axis=1).argmax()]
    if best.mean() < _PLANE_SHARE:
        return None
    # Least squares of a z u + b z v + c z = 1 over the inliers weighs errors by distance in mm, not in inverse depth.
    return np.linalg.lstsq(terms[best] * z[best, None], np.ones(best.sum()), rcond=None)[0]


def _plane_distance(view: _View, plane: np.ndarray, u: np.ndarray, v: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Distance in mm of pixels from one plane ``(3,)`` or each of many ``(P, 3)``, positive behind."""
    camera = view.camera
    a, b, c = plane.T[..., None]
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
        length_mm: ``(N, 16)`` how far each goes.
        stays: ``(N, 16)`` whether it was still on the surface at its end, after 126 mm or at the image's border.
    """

    length_mm: np.ndarray
    stays: np.ndarray


def _walk(view: _View, xyz: np.ndarray) -> _Walks:
    """Walk in all directions from places ``(N, 3)`` mm."""
    height, width = view.z.shape
    start = view.camera.xyz_to_uvd(xyz).astype(np.float32)[:, :, None, None]
    u = start[:, 0] + _WALK_U * np.float32(view.camera.fx) / start[:, 2]
    v = start[:, 1] + _WALK_V * np.float32(view.camera.fy) / start[:, 2]
    column, row = (u + 0.5).astype(np.int32), (v + 0.5).astype(np.int32)
    outside = (u < -0.5) | (v < -0.5) | (column >= width) | (row >= height)
    z = view.z.ravel()[np.where(outside, 0, row * width + column)]
    rise = z - start[:, 2]
    hidden = (rise < -_WALK_RISE) & (z > 0)  # behind something nearer
    # A border cuts through an arm, but through nothing where the picture was cut out around the hand.
    blocked = hidden & ~outside if view.tight else hidden | outside
    ended = blocked | outside | (rise > _WALK_RISE) | (z <= 0)
    ended[..., -1] = True  # the last step only tells who came so far
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


def _arms(walks: _Walks) -> np.ndarray:
    """Mean image direction ``(N, 2)`` of the walks that stay on the surface, unit length or shorter."""
    directions = walks.stays.astype(np.float32) @ _WALK_DIRECTIONS
    return directions / np.maximum(1.0, np.hypot(*directions.T))[:, None]


# --- places ----------------------------------------------------------------------------------------------------------


def _surface(view: _View) -> _Surface:
    contour = _contour(view.z)[1::2, 1::2]
    z = view.z[1::2, 1::2]
    rows, columns = np.nonzero(z)
    z = z[rows, columns]
    uvd = np.stack([2 * columns + 1, 2 * rows + 1, z], axis=1)
    return _Surface(
        view.camera.uvd_to_xyz(uvd).astype(np.float32),
        2 * z / np.float32(view.camera.fx),
        contour[rows, columns],
        np.stack([rows, columns], axis=1),
    )


def _contour(z: np.ndarray) -> np.ndarray:
    """Pixels ``(h, w)`` beside a step in depth or beside nothing."""
    steps_down = np.abs(np.diff(z, axis=0)) > _EDGE_MM
    steps_right = np.abs(np.diff(z, axis=1)) > _EDGE_MM
    contour = np.zeros(z.shape, dtype=bool)
    contour[1:] |= steps_down
    contour[:-1] |= steps_down
    contour[:, 1:] |= steps_right
    contour[:, :-1] |= steps_right
    return contour


def _places(view: _View, surface: _Surface) -> _Places:
    nearest = float(np.percentile(surface.xyz[:, 2], 2))
    centers = _promising(view, surface, nearest)
    if not len(centers):
        return _Places(centers, np.empty(0))
    area = surface.pixel_mm**2
    for _ in range(_REFINEMENTS):
        walks = _walk(view, centers)
        arms = _arms(walks)
        reach = np.hypot(*arms.T)
        offsets = surface.xyz - centers[:, None]
        # Without a visible arm (it points away from the camera) the whole ball counts.
        wrist = _BALL_MM - reach * (_BALL_MM - _WRIST_MM)
        along = (offsets[..., :2] @ arms[..., None])[..., 0]
        inside = (np.einsum("kni,kni->kn", offsets, offsets) < _BALL_MM**2) & (along < wrist[:, None])
        weights = inside * area
        total = weights.sum(axis=1)[:, None]
        before, centers = centers, np.where(total > 0, weights @ surface.xyz / np.maximum(total, 1.0), centers)
        if np.abs(centers - before).max() < 2:
            break
    beyond = _area_beyond(offsets, along, area, arms)
    contour = (inside * (surface.pixel_mm * surface.contour)).sum(axis=1)
    measured = {
        "nearness": _nearness(centers[:, 2], nearest),
        "palm": _palm(view, centers),
        "area": np.minimum(weights.sum(axis=1), 16_000.0) / 10_000,
        "contour": np.minimum(contour / 1000, _LONGEST_CONTOUR_M),
        "arm": reach,
        "staying": walks.stays.mean(axis=1),
        "beyond": beyond / (beyond + 1500),
    }
    large_enough = weights.sum(axis=1) >= _LEAST_HAND_MM2
    return _Places(centers, np.where(large_enough, _log_odds(measured), -np.inf))


def _log_odds(measured: dict[str, np.ndarray]) -> np.ndarray:
    return _BIAS + sum(_WEIGHTS[name] * values for name, values in measured.items())


def _promising(view: _View, surface: _Surface, nearest: float) -> np.ndarray:
    """The most hand-like places ``(K, 3)`` of a regular grid, some way apart."""
    step = max(1, round(_SEED_SPACING_MM / float(np.median(surface.pixel_mm))))
    seeds = surface.xyz[(surface.grid % step == step // 2).all(axis=1)]
    if not len(seeds):
        return seeds
    likeness = _likeness(_walk(view, seeds)) * _nearness(seeds[:, 2], nearest)
    chosen = []
    for _ in range(_PLACES):
        best = likeness.argmax()
        if likeness[best] < _LEAST_LIKENESS:
            break
        chosen.append(best)
        likeness[np.linalg.norm(seeds - seeds[best], axis=1) < _PLACE_SPACING_MM] = 0
    return seeds[chosen]


def _nearness(z: np.ndarray, nearest: float) -> np.ndarray:
    """1 for the nearest surface, 1/2 at 600 mm behind it."""
    return 1 / (1 + np.maximum(0.0, z - nearest) / 600)


def _palm(view: _View, centers: np.ndarray) -> np.ndarray:
    """Share ``(K,)`` of a ring around each place that is on its surface."""
    height, width = view.z.shape
    u, v, d = view.camera.xyz_to_uvd(centers).T[:, :, None]
    columns = np.rint(u + _RING_DIRECTIONS[:, 0] * (_RING_MM * view.camera.fx / d)).astype(np.int32)
    rows = np.rint(v + _RING_DIRECTIONS[:, 1] * (_RING_MM * view.camera.fy / d)).astype(np.int32)
    outside = (columns < 0) | (rows < 0) | (columns >= width) | (rows >= height)
    z = view.z.ravel()[np.where(outside, 0, rows * width + columns)]
    return (outside | ((z > 0) & (np.abs(z - d) < 60))).mean(axis=1)


def _area_beyond(offsets: np.ndarray, along: np.ndarray, area: np.ndarray, arms: np.ndarray) -> np.ndarray:
    """Surface ``(K,)`` in mm^2 that goes on where a hand ought to end, in a cone opposite to the arm."""
    aside = np.abs(offsets[..., 0] * arms[:, 1, None] - offsets[..., 1] * arms[:, 0, None])
    ahead = -along
    cone = (ahead > 125) & (ahead < 350) & (aside < 0.4 * ahead) & (np.abs(offsets[..., 2]) < 0.5 * ahead)
    return np.where(np.hypot(*arms.T) < 0.5, 0.0, cone @ area)


def _confidence(places: _Places, best: int) -> float:
    """The best place's share of the odds: against no hand at all, and against hands elsewhere."""
    odds = np.exp(places.log_odds)
    elsewhere = np.linalg.norm(places.centers - places.centers[best], axis=1) > 2 * _BALL_MM
    return float(odds[best] / (1 + odds[best] + odds[elsewhere].sum()))
