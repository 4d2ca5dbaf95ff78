"""ICVL Hand Posture (Tang et al. 2014), from its original files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cn_zoo.datasets.hand_dataset import HandDataset, check_split, require_images
from cn_zoo.errors import InputError
from cn_zoo.geometry import CAMERAS, SKELETONS
from cn_zoo.io.depth_png import read_depth_png
from cn_zoo.io.number_lines import read_named_points

_FOLDERS = {"train": "Training", "test": "Testing"}
_LABEL_FILES = {"train": ("labels.txt",), "test": ("test_seq_1.txt", "test_seq_2.txt")}
#: Folders of recorded images are named by date and time, those of rotated ones by their angle ("22-5", "-45").
_LONGEST_ANGLE = 6


def open_icvl(folder: str | Path, split: str = "test", rotations: bool = True) -> HandDataset:
    """Open a split. Images are read when asked for.

    Args:
        folder: holds ``Training/`` (``labels.txt`` and ``Depth/``) and ``Testing/`` (``test_seq_1.txt``,
            ``test_seq_2.txt`` and ``Depth/``); or is one of these two itself.
        split: ``"train"`` (22,059 recorded frames, some 331,000 with rotations) or ``"test"`` (702 + 894).
        rotations: whether to keep the training frames that the authors rotated in the plane.

    Labels are u px, v px, d mm of 16 joints, taken to camera coordinates.

    Raises:
        InputError: a file is missing or not as the dataset's readme says.
        ValueError: there is no such split.
    """
    check_split(split)
    folder = Path(folder)
    if (folder / _FOLDERS[split]).is_dir():
        folder = folder / _FOLDERS[split]
    skeleton, camera = SKELETONS["icvl"], CAMERAS["icvl"]
    names, groups, uvd = [], [], []
    for file in _label_files(folder, split):
        file_names, file_uvd = read_named_points(file, len(skeleton))
        names += file_names
        uvd.append(file_uvd)
        groups += [_rotation(name) for name in file_names] if split == "train" else [_sequence(file)] * len(file_names)
    require_images(folder / "Depth", names, folder)
    joints = camera.uvd_to_xyz(np.concatenate(uvd))
    dataset = HandDataset("icvl", skeleton, camera, folder / "Depth", names, read_depth_png, joints, groups)
    return dataset if rotations or split == "test" else dataset.select([group == "recorded" for group in groups])


def _label_files(folder: Path, split: str) -> list[Path]:
    files = [folder / name for name in _LABEL_FILES[split] if (folder / name).is_file()]
    if not files:
        raise InputError(f"{folder}: has no {_LABEL_FILES[split][0]}; ICVL's labels lie beside its Depth folder")
    return files


def _rotation(name: str) -> str:
    first = name.split("/")[0]
    return f"rotated {first}" if "/" in name and len(first) <= _LONGEST_ANGLE else "recorded"


def _sequence(file: Path) -> str:
    return file.stem.replace("test_seq_", "sequence ")
