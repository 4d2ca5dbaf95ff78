"""Lengthen and close the open end of a baked hand's forearm."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

LENGTH_MM = 330.0  # so that the smallest subject's arm still leaves a 250 mm crop
RINGS = 4


def extend_forearm(shapes: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lengthen the open forearm tube with rings of its last section and close it with a cap.

    Returns shapes (S, V', 3), faces, and for each vertex the old vertex whose skin weights it takes.
    """
    loop = _boundary_loop(faces)
    count, ring = shapes.shape[1], len(loop)
    template = shapes[0]
    section = template[loop]
    axis = section.mean(axis=0) / np.linalg.norm(section.mean(axis=0))  # the wrist is at the origin
    start = section @ axis
    rings = []
    for step in range(1, RINGS + 1):
        share = step / RINGS
        shift = np.zeros((len(shapes), ring, 3))
        shift[0] = (share * (LENGTH_MM - start))[:, None] * axis
        rings.append(shapes[:, loop] + shift)
    center = rings[-1].mean(axis=1, keepdims=True)
    extended = np.concatenate([shapes, *rings, center], axis=1)

    new_faces = []
    levels = [loop] + [count + step * ring + np.arange(ring) for step in range(RINGS)]
    for lower, upper in pairwise(levels):
        for a, b in ((i, (i + 1) % ring) for i in range(ring)):
            new_faces += [(lower[b], lower[a], upper[a]), (lower[b], upper[a], upper[b])]
    last, middle = levels[-1], extended.shape[1] - 1
    new_faces += [(last[(i + 1) % ring], last[i], middle) for i in range(ring)]
    owner = np.concatenate([np.arange(count), np.tile(loop, RINGS), loop[:1]])
    return extended, np.concatenate([faces, np.array(new_faces)]), owner


def _boundary_loop(faces: np.ndarray) -> np.ndarray:
    """Vertices of the single open border, in the order of the faces' own edges."""
    edges = {(a, b) for face in faces for a, b in zip(face, np.roll(face, -1), strict=True)}
    follow = {a: b for a, b in edges if (b, a) not in edges}
    loop = [next(iter(follow))]
    while follow[loop[-1]] != loop[0]:
        loop.append(follow[loop[-1]])
    if len(loop) != len(follow):
        raise RuntimeError("the cut hand has more than one open border")
    return np.array(loop)
