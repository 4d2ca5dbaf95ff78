"""Large flat surfaces, such as tables and walls, and how they leave the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cn_zoo.inference.localisation._thin_view import ThinView

#: A table and a wall, or a wall and the floor.
_MOST_PLANES = 2
_SAMPLES, _TRIALS = 400, 64
#: Fewer measured pixels than this show no large surface.
_LEAST_PIXELS = _SAMPLES // 2
#: Three pixels tell a plane if twice their triangle's area, in pixels, is larger.
_LEAST_TRIANGLE = 50
#: A plane holds at least this share of the sampled pixels.
_LEAST_SHARE = 0.15
#: Half the thickness of a measured plane, in mm: a constant, and so much more at 1 m; noise grows with the distance
#: squared.
_TOLERANCE_MM, _TOLERANCE_AT_1_M_MM = 9, 6
#: Pixels within so many tolerances are near a plane.
_NEAR_TOLERANCES = 3
#: Pixels in the plane over pixels near it: tables and walls >= 0.88, torsos <= 0.70.
_LEAST_PURITY = 0.8
#: Only what goes on so far on all sides counts as broad; planes have at least so much of it.
_ASIDE_MM = 70.0
_LEAST_AREA_MM2 = 10_000.0


def without_planes(view: ThinView) -> ThinView:
    """Take out up to two large flat surfaces: a table and a wall, a wall and the floor."""
    rng = np.random.default_rng(0)  # the same picture always gives the same answer
    for _ in range(_MOST_PLANES):
        plane = _find_plane(view, rng)
        if plane is None:
            break
        rows, columns = np.indices(view.z.shape, sparse=True)
        distance = np.abs(_plane_distance(view, plane, columns, rows, view.z))
        tolerance = _tolerance(view.z)
        inside = (distance < tolerance) & (view.z > 0)
        around = (distance < _NEAR_TOLERANCES * tolerance) & (view.z > 0)
        if inside.sum() <= _LEAST_PURITY * around.sum() or _broad_area(view, inside) < _LEAST_AREA_MM2:
            break
        view = replace(view, z=np.where(inside, np.float32(0), view.z))
    return view


def _broad_area(view: ThinView, inside: np.ndarray) -> float:
    """Area in mm^2 of the pixels with the same surface on all four sides: hands and arms are too narrow for that."""
    z = view.z[inside]
    aside = max(1, round(_ASIDE_MM * view.camera.fx / float(np.median(z))))
    here = slice(aside, -aside)
    core = inside[here, here].copy()
    for ahead in (slice(2 * aside, None), slice(None, -2 * aside)):
        core &= inside[ahead, here] & inside[here, ahead]
    return float(np.square(view.z[here, here][core]).sum() / (view.camera.fx * view.camera.fy))


def _find_plane(view: ThinView, rng: np.random.Generator) -> np.ndarray | None:
    """The plane 1/z = a u + b v + c (a plane in space has linear inverse depth) that most sampled pixels lie in."""
    flat = np.flatnonzero(view.z)
    if len(flat) < _LEAST_PIXELS:
        return None
    flat = rng.choice(flat, _SAMPLES)
    rows, columns = np.divmod(flat, view.z.shape[1])
    z = view.z.ravel()[flat].astype(np.float64)
    terms = np.stack([columns, rows, np.ones(len(flat))], axis=1)
    triples = rng.integers(0, len(flat), (_TRIALS, 3))
    corners = terms[triples]
    spread = np.abs(np.linalg.det(corners)) > _LEAST_TRIANGLE
    if not spread.any():
        return None
    planes = np.linalg.solve(corners[spread], 1 / z[triples[spread]][..., None])[..., 0]
    inside = np.abs(_plane_distance(view, planes, columns, rows, z)) < _tolerance(z)
    best = inside[inside.sum(axis=1).argmax()]
    if best.mean() < _LEAST_SHARE:
        return None
    # Least squares of a z u + b z v + c z = 1 over the inliers weighs errors by distance in mm, not in inverse depth.
    return np.linalg.lstsq(terms[best] * z[best, None], np.ones(best.sum()), rcond=None)[0]


def _plane_distance(view: ThinView, plane: np.ndarray, u: np.ndarray, v: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Distance in mm of pixels from one plane ``(3,)`` or each of many ``(P, 3)``, positive behind."""
    camera = view.camera
    a, b, c = plane.T[..., None]
    normal = np.sqrt((a * camera.fx) ** 2 + (b * camera.fy) ** 2 + (a * camera.cx + b * camera.cy + c) ** 2)
    return ((a * u + b * v + c) * z - 1) / normal


def _tolerance(z: np.ndarray) -> np.ndarray:
    """Half the thickness in mm of a measured plane: depth noise grows with the distance squared."""
    return _TOLERANCE_MM + _TOLERANCE_AT_1_M_MM * (z / 1000) ** 2
