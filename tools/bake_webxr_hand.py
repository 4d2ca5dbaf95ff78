"""Bake the WebXR generic hand into cn_zoo/synthesis/assets/webxr_hand.npz: the cross-mesh test, never for training.

    npm pack @webxr-input-profiles/assets@1.0.20 && tar xzf webxr-input-profiles-assets-1.0.20.tgz
    python tools/bake_webxr_hand.py package/dist/profiles/generic-hand/right.glb

Source: npm package @webxr-input-profiles/assets 1.0.20, MIT. A forearm is drawn out of its closed wrist.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import numpy as np
from forearm import extend_forearm
from scipy.spatial.transform import Rotation
from skin_weights import four_weights

OUTPUT = Path(__file__).parents[1] / "cn_zoo/synthesis/assets/webxr_hand.npz"
FINGERS = ("index", "middle", "ring", "pinky")
PHALANGES = ("metacarpal", "phalanx-proximal", "phalanx-intermediate", "phalanx-distal")
#: Joints in the order of cn_zoo.synthesis.bones.BONES; the forearm has none.
JOINTS = (
    "wrist", None, "thumb-metacarpal", "thumb-phalanx-proximal", "thumb-phalanx-distal",
    *(f"{finger}-finger-{phalanx}" for finger in FINGERS for phalanx in PHALANGES),
)  # fmt: skip
ENDS = ("thumb-tip", *(f"{finger}-finger-tip" for finger in FINGERS))
LAST = (4, 8, 12, 16, 20)
TYPES = {5121: np.uint8, 5123: np.uint16, 5126: np.float32}
WRIST_CAP_MM = 6.0
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}


def main(source: Path) -> None:
    """Bake the .glb into OUTPUT."""
    scene, binary = _read_glb(source)
    attributes = scene["meshes"][0]["primitives"][0]["attributes"]
    vertices = _accessor(scene, binary, attributes["POSITION"]).astype(np.float64) * 1000.0
    faces = _accessor(scene, binary, scene["meshes"][0]["primitives"][0]["indices"]).reshape(-1, 3).astype(np.int64)
    joint_weights = np.zeros((len(vertices), len(scene["skins"][0]["joints"])))
    numbers = _accessor(scene, binary, attributes["JOINTS_0"])
    for column, values in zip(numbers.T, _accessor(scene, binary, attributes["WEIGHTS_0"]).T, strict=True):
        joint_weights[np.arange(len(vertices)), column] += values

    nodes = [scene["nodes"][i] for i in scene["skins"][0]["joints"]]
    at = {node["name"]: np.array(node["translation"]) * 1000.0 for node in nodes}
    hinge = {node["name"]: -Rotation.from_quat(node["rotation"]).as_matrix()[:, 0] for node in nodes}
    column_of = {node["name"]: i for i, node in enumerate(nodes)}

    rotation = _to_hand_frame(at)
    vertices = (vertices - at["wrist"]) @ rotation.T
    heads = [rotation @ (at[name] - at["wrist"]) if name else np.array([0.0, 250.0, 0.0]) for name in JOINTS]
    heads += [rotation @ (at[name] - at["wrist"]) for name in ENDS]
    thumb_axes = [rotation @ hinge[name] for name in JOINTS[2:5]]

    weights = np.stack([joint_weights[:, column_of[n]] if n else np.zeros(len(vertices)) for n in JOINTS], axis=1)
    for bone, end in zip(LAST, ENDS, strict=True):
        weights[:, bone] += joint_weights[:, column_of[end]]
    vertices, faces, weights = _merge_seams(vertices, faces, weights)
    vertices, faces, weights = _open_wrist(vertices, faces, weights)
    shapes, faces, owner = extend_forearm(vertices[None], faces)
    weights = _give_to_forearm(shapes[0], weights[owner])
    indices, values = four_weights(weights)
    count = len(owner)
    np.savez_compressed(
        OUTPUT,
        faces=faces.astype(np.int16),
        template=shapes[0].astype(np.float32),
        soma_delta=np.zeros((count, 3), np.float16),
        components=np.zeros((0, count, 3), np.float16),
        heads=np.array(heads, dtype=np.float32),
        soma_heads_delta=np.zeros((26, 3), np.float32),
        heads_components=np.zeros((0, 26, 3), np.float32),
        thumb_axes=np.array(thumb_axes, dtype=np.float32),
        proportions=np.ones((21, 3), np.float32),
        weight_indices=indices.astype(np.int8),
        weights=values.astype(np.float32),
    )
    print(f"{OUTPUT}: {count} vertices, {len(faces)} faces, {OUTPUT.stat().st_size / 1024:.0f} KiB")


def _read_glb(source: Path) -> tuple[dict, bytes]:
    data = source.read_bytes()
    (length,) = struct.unpack("<I", data[12:16])
    return json.loads(data[20 : 20 + length]), data[20 + length + 8 :]


def _accessor(scene: dict, binary: bytes, number: int) -> np.ndarray:
    accessor = scene["accessors"][number]
    view = scene["bufferViews"][accessor["bufferView"]]
    width = WIDTHS[accessor["type"]]
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    flat = np.frombuffer(binary, TYPES[accessor["componentType"]], accessor["count"] * width, start)
    return flat.reshape(-1, width)


def _to_hand_frame(at: dict[str, np.ndarray]) -> np.ndarray:
    """Middle knuckle to -y, index side to +x, as in bake_hand.py."""
    up = at["middle-finger-phalanx-proximal"] - at["wrist"]
    up /= np.linalg.norm(up)
    across = at["index-finger-phalanx-proximal"] - at["pinky-finger-phalanx-proximal"]
    x = across - up * (across @ up)
    x /= np.linalg.norm(x)
    return np.stack([x, -up, np.cross(x, -up)])


def _merge_seams(
    vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices doubled along texture seams become one, so that the mesh is closed."""
    _, first, inverse = np.unique(vertices.round(4), axis=0, return_index=True, return_inverse=True)
    return vertices[first], inverse.reshape(-1)[faces], weights[first]


def _open_wrist(
    vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take off the cap of the wrist: what lies beyond a plane a little above its lowest ring."""
    kept = vertices[:, 1] < vertices[:, 1].max() - WRIST_CAP_MM
    renumber = np.where(kept, np.cumsum(kept) - 1, -1)
    faces = renumber[faces]
    return vertices[kept], faces[(faces >= 0).all(axis=1)], weights[kept]


def _give_to_forearm(vertices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Blend from palm to forearm across the wrist joint."""
    share = np.clip((vertices[:, 1] + 12.0) / 24.0, 0.0, 1.0)
    share = share * share * (3.0 - 2.0 * share)
    weights = weights / weights.sum(axis=1, keepdims=True) * (1.0 - share)[:, None]
    weights[:, 1] += share
    return weights


if __name__ == "__main__":
    main(Path(sys.argv[1]))
