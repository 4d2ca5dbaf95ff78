"""Miniatures of each dataset's folder tree, with made-up hands, written byte by byte as the readmes say.

Nothing here goes through cn_zoo's own writers: the readers are checked against the documented layouts.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from cn_zoo.geometry import CAMERAS, SKELETONS, Camera


@dataclass
class Tree:
    """A folder, and what its readers must return."""

    folder: Path
    depth: list[np.ndarray]
    joints_xyz: np.ndarray


def made_up_joints(rng: np.random.Generator, frames: int, joints: int, distance_mm: float) -> np.ndarray:
    """Points (frames, joints, 3) in camera coordinates, within 60 mm of a centre."""
    return rng.uniform(-60, 60, (frames, joints, 3)) + (20, -30, distance_mm)


def made_up_depth(
    rng: np.random.Generator, joints_xyz: np.ndarray, camera: Camera, width: int, height: int
) -> np.ndarray:
    """A wall with holes, and a patch of the hand's depth around every joint, in whole mm."""
    depth = np.tile(np.linspace(1200, 1300, width).astype(np.uint16), (height, 1))
    for u, v, d in np.rint(camera.xyz_to_uvd(joints_xyz)).astype(int):
        depth[max(v - 6, 0) : v + 7, max(u - 6, 0) : u + 7] = d - 5
    depth[rng.integers(height, size=200), rng.integers(width, size=200)] = 0
    return depth


@pytest.fixture
def nyu_tree(tmp_path: Path) -> Tree:
    """Three test frames of three views; depth and joints are those of view 1."""
    rng, camera, skeleton = np.random.default_rng(1), CAMERAS["nyu"], SKELETONS["nyu"]
    folder = tmp_path / "nyu" / "test"
    folder.mkdir(parents=True)
    xyz = np.stack([made_up_joints(rng, 3, 36, 700.0) for _ in range(3)])
    depth = []
    for view in (1, 2, 3):
        for frame in range(3):
            image = made_up_depth(rng, xyz[view - 1, frame], camera, 640, 480)
            packed = np.stack([np.zeros_like(image), image >> 8, image & 255], axis=-1).astype(np.uint8)
            Image.fromarray(packed).save(folder / f"depth_{view}_{frame + 1:07d}.png", compress_level=1)
            if view == 1:
                depth.append(image)
    savemat(folder / "joint_data.mat", {"joint_xyz": xyz * (1, -1, 1), "joint_uvd": camera.xyz_to_uvd(xyz)})
    return Tree(folder.parent, depth, xyz[0][:, skeleton.source_indices])


@pytest.fixture
def icvl_tree(tmp_path: Path) -> Tree:
    """Two recorded and one rotated training frame, and one test frame of each sequence (the last two)."""
    rng, camera = np.random.default_rng(2), CAMERAS["icvl"]
    folder = tmp_path / "icvl"
    names = [
        "201403121135/image_0000.png",
        "201403121135/image_0001.png",
        "22-5/201403121135/image_0000.png",
        "test_seq_1/image_0000.png",
        "test_seq_2/image_0000.png",
    ]
    files = ["Training/labels.txt"] * 3 + ["Testing/test_seq_1.txt", "Testing/test_seq_2.txt"]
    joints = made_up_joints(rng, 5, 16, 350.0)
    depth = []
    for name, file, xyz in zip(names, files, joints, strict=True):
        image = made_up_depth(rng, xyz, camera, 320, 240)
        target = folder / Path(file).parent / "Depth" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(target)
        depth.append(image)
        numbers = " ".join(f"{value:.4f}" for value in camera.xyz_to_uvd(xyz).ravel())
        with (folder / file).open("a") as labels:
            # The original files have a trailing blank, and an empty line at the end.
            labels.write(f"{name} {numbers} \n")
    with (folder / "Testing/test_seq_2.txt").open("a") as labels:
        labels.write("\n")
    return Tree(folder, depth, joints)


@pytest.fixture
def msra_tree(tmp_path: Path) -> Tree:
    """Two subjects, two gestures each, two frames each, in the community's order."""
    rng, camera = np.random.default_rng(3), CAMERAS["msra"]
    folder = tmp_path / "msra"
    joints = made_up_joints(rng, 8, 21, 350.0)
    depth = []
    gestures = [(subject, gesture) for subject in ("P0", "P1") for gesture in ("1", "TIP")]
    for number, (subject, gesture) in enumerate(gestures):
        target = folder / subject / gesture
        target.mkdir(parents=True)
        lines = ["2"]
        for frame in range(2):
            xyz = joints[2 * number + frame]
            left, top, right, bottom = 100, 60, 220, 180
            image = made_up_depth(rng, xyz, camera, 320, 240).astype("<f4") + np.float32(0.25)
            box = image[top:bottom, left:right]
            header = np.array([320, 240, left, top, right, bottom], "<i4")
            (target / f"{frame:06d}_depth.bin").write_bytes(header.tobytes() + box.tobytes())
            full = np.zeros((240, 320), np.float32)
            full[top:bottom, left:right] = box
            depth.append(full)
            lines.append(" ".join(f"{value:.5f}" for value in (xyz * (1, -1, -1)).ravel()))
        (target / "joint.txt").write_text("\n".join(lines) + "\n")
    return Tree(folder, depth, joints)


@pytest.fixture
def labelled_tree(tmp_path: Path) -> Tree:
    """Two frames in tenths of a mm from a camera of one's own, joints named as NYU's."""
    rng, skeleton = np.random.default_rng(4), SKELETONS["nyu"]
    camera = Camera(475.0, 474.0, 310.0, 245.0)
    folder = tmp_path / "own"
    (folder / "frames").mkdir(parents=True)
    joints = made_up_joints(rng, 2, len(skeleton), 600.0)
    depth, rows = [], ["file,joint,x,y,z"]
    for frame, xyz in enumerate(joints):
        image = made_up_depth(rng, xyz, camera, 640, 480)
        Image.fromarray(image * 10).save(folder / "frames" / f"{frame}.png", compress_level=1)
        depth.append(image.astype(np.float32))
        for name, (x, y, z) in zip(skeleton.joints, xyz, strict=True):
            rows.append(f"{frame}.png,{name},{x:.4f},{y:.4f},{z:.4f}")
    (folder / "joints.csv").write_text("\n".join(rows) + "\n")
    (folder / "camera.json").write_text(json.dumps({"fx": 475, "fy": 474, "cx": 310, "cy": 245, "depth_scale": 0.1}))
    return Tree(folder, depth, joints)
