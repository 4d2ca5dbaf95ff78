"""NYU Hand Pose (Tompson et al. 2014), from its original files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cn_zoo.benchmark import BENCHMARKS
from cn_zoo.datasets.hand_dataset import HandDataset, check_split, require_images
from cn_zoo.errors import InputError, MissingDependencyError, one_line
from cn_zoo.geometry import CAMERAS, SKELETONS
from cn_zoo.io.nyu_png import read_nyu_png

#: joint_xyz is joint_uvd back-projected with intrinsics that differ from ours in the fifth digit.
_AGREEMENT_MM = 2.0


def open_nyu(folder: str | Path, split: str = "test", view: int = 1) -> HandDataset:
    """Open a split as one of the three cameras saw it. Images are read when asked for.

    Args:
        folder: holds ``train/`` and ``test/``, each with ``joint_data.mat`` and ``depth_<view>_<frame>.png``
            (frames count from 1); or is one of these two itself.
        split: ``"train"`` (72,757 frames) or ``"test"`` (8,252).
        view: 1, 2 or 3. Benchmarks use 1, the frontal one.

    Labels are ``joint_uvd`` of the 14 scored joints, taken to camera coordinates. ``joint_xyz`` has y up; it is only
    compared.

    Raises:
        InputError: a file is missing or not as the dataset's readme says.
        ValueError: there is no such split.
    """
    check_split(split)
    folder = Path(folder)
    if (folder / split).is_dir():
        folder = folder / split
    labels = folder / "joint_data.mat"
    uvd, xyz = _read_labels(labels, view)
    names = [f"depth_{view}_{frame:07d}.png" for frame in range(1, len(uvd) + 1)]
    require_images(folder, names, labels.name)
    skeleton, camera = SKELETONS["nyu"], CAMERAS["nyu"]
    joints = camera.uvd_to_xyz(uvd[:, skeleton.source_indices])
    _check_agreement(labels, joints, xyz[:, skeleton.source_indices])
    return HandDataset("nyu", skeleton, camera, folder, names, read_nyu_png, joints, _groups(split, len(names)))


def _read_labels(path: Path, view: int) -> tuple[np.ndarray, np.ndarray]:
    """``joint_uvd`` and ``joint_xyz`` of one view, each (frames, 36, 3)."""
    try:
        from scipy.io import loadmat
    except ImportError:
        raise MissingDependencyError("NYU's labels need SciPy: pip install 'cn_zoo[training]'") from None
    if not path.is_file():
        raise InputError(f"{path}: no such file; NYU's labels lie beside its images, unpack them there")
    try:
        content = loadmat(path, variable_names=["joint_uvd", "joint_xyz"])
    except Exception as error:  # scipy raises many kinds on broken files
        raise InputError(f"{path}: cannot be read as a MATLAB file ({one_line(error)}); copy it again") from None
    joints = SKELETONS["nyu"].source_joints
    arrays = []
    for key in ("joint_uvd", "joint_xyz"):
        if key not in content:
            raise InputError(f"{path}: has no {key}; expected NYU's joint_data.mat")
        array = content[key]
        if array.ndim != 4 or array.shape[2:] != (joints, 3):
            raise InputError(f"{path}: {key} has shape {array.shape}, expected (views, frames, {joints}, 3)")
        if not 1 <= view <= len(array):
            raise InputError(f"{path}: has {len(array)} views; view {view} is not among them")
        arrays.append(array[view - 1].astype(np.float64))
    return arrays[0], arrays[1]


def _check_agreement(path: Path, joints: np.ndarray, labelled_xyz: np.ndarray) -> None:
    """Refuse labels whose two forms contradict each other: the file was rewritten in another convention."""
    apart = np.median(np.linalg.norm(labelled_xyz * (1, -1, 1) - joints, axis=-1))
    if not apart <= _AGREEMENT_MM:
        raise InputError(
            f"{path}: joint_uvd and joint_xyz (y up) lie {apart:.0f} mm apart; "
            "joint_uvd must be u px, v px, d mm and joint_xyz x, y, z in mm with y up"
        )


def _groups(split: str, frames: int) -> list[str]:
    if split == "test" and frames == BENCHMARKS["nyu"].test_frames:
        return [name for name, (first, end) in BENCHMARKS["nyu"].parts.items() for _ in range(first, end)]
    return [split] * frames
