"""MSRA Hand Gesture (Sun et al. 2015), from its original files."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from cn_zoo.datasets.hand_dataset import HandDataset, require_images
from cn_zoo.errors import InputError
from cn_zoo.geometry import CAMERAS, SKELETONS
from cn_zoo.io.msra_bin import read_msra_bin
from cn_zoo.io.number_lines import parse_numbers, read_text

#: The file's x right, y up, z backward to our x right, y down, z forward.
_TO_CAMERA = np.array([1.0, -1.0, -1.0])


def open_msra(folder: str | Path, subjects: Collection[int] | None = None) -> HandDataset:
    """Open some subjects, gesture by gesture. Images are read when asked for.

    The benchmark leaves one subject out: train on the eight others, test on the ninth, in turn.

    Args:
        folder: holds ``P0/`` to ``P8/``, each with a folder a gesture of ``joint.txt`` and ``<frame>_depth.bin``
            (frames count from 0).
        subjects: which to open, for instance ``[3]``; by default all that are there.

    Labels are x y z of 21 joints, y up and z negative in the file, taken to camera coordinates.

    Raises:
        InputError: a file is missing or not as the dataset's readme says.
    """
    folder = Path(folder)
    chosen = sorted(folder.glob("P[0-9]")) if subjects is None else [folder / f"P{subject}" for subject in subjects]
    names, groups, joints = [], [], []
    for subject in chosen:
        files = sorted(subject.glob("*/joint.txt"))
        if not files:
            raise InputError(f"{subject}: holds no gesture with joint.txt; unpack MSRA's folders P0 to P8 there")
        for file in files:
            gesture_joints = _read_labels(file)
            gesture = file.parent.relative_to(folder).as_posix()
            names += [f"{gesture}/{frame:06d}_depth.bin" for frame in range(len(gesture_joints))]
            groups += [f"subject {subject.name}"] * len(gesture_joints)
            joints.append(gesture_joints)
    if not joints:
        raise InputError(f"{folder}: holds no subject P0 to P8; give the folder that holds them")
    require_images(folder, names, "joint.txt")
    return HandDataset(
        "msra", SKELETONS["msra"], CAMERAS["msra"], folder, names, read_msra_bin, np.concatenate(joints), groups
    )


def _read_labels(path: Path) -> np.ndarray:
    """Joints ``(N, 21, 3)`` in camera coordinates: the first line counts the frames, the others hold one each."""
    joint_count = SKELETONS["msra"].source_joints
    lines = [(number, words) for number, line in enumerate(read_text(path).splitlines(), 1) if (words := line.split())]
    if not lines or len(lines[0][1]) != 1 or not lines[0][1][0].isdigit():
        raise InputError(f"{path}: line 1 must be the count of frames; expected MSRA's joint.txt")
    promised = int(lines[0][1][0])
    if promised != len(lines) - 1:
        raise InputError(f"{path}: promises {promised} frames and holds {len(lines) - 1}; the file was cut off")
    rows = [parse_numbers(words, 3 * joint_count, f"{path}: line {number}") for number, words in lines[1:]]
    joints = np.array(rows).reshape(-1, joint_count, 3)
    if np.median(joints[..., 2]) > 0:
        raise InputError(
            f"{path}: z is positive; MSRA's labels are x y z with z negative and y up, these look like u v d "
            "or another convention"
        )
    return joints * _TO_CAMERA
