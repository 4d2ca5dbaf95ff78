"""What a view shows, as points in space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.inference.localisation._thin_view import ThinView

#: Neighbours that differ by more in depth do not belong to one surface.
_EDGE_MM = 30.0


@dataclass(frozen=True)
class Surface:
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


def surface_of(view: ThinView) -> Surface:
    """The points of a view that were measured."""
    contour = _contour(view.z)[1::2, 1::2]
    z = view.z[1::2, 1::2]
    rows, columns = np.nonzero(z)
    z = z[rows, columns]
    uvd = np.stack([2 * columns + 1, 2 * rows + 1, z], axis=1)
    return Surface(
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
