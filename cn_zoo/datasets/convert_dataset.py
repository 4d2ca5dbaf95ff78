"""Converting a dataset once into one HDF5 file of hand patches, for training speed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from cn_zoo.datasets._patch_file import PATCH_MM, PATCH_SIZE, UNITS_PER_MM, VERSION, import_h5py
from cn_zoo.datasets.hand_dataset import Frame, HandDataset
from cn_zoo.errors import InputError
from cn_zoo.geometry import HandCrop

if TYPE_CHECKING:
    import h5py

#: Frames written between two marks from which an interrupted conversion goes on.
_STEP_FRAMES = 256


def convert_dataset(
    dataset: HandDataset,
    path: str | Path,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a dataset's hand patches into one file; go on where an interrupted conversion stopped.

    Frames without a hand centre are left out. The file appears under its name when it is complete; until then it
    ends in ``.partial``. Every frame carries a checksum (zlib's) that is verified when it is read.

    Args:
        dataset: what to convert, with the hand centres that its crops are to have.
        path: the file to write, by custom ``*.h5``.
        progress: called with frames done and frames in all.

    Raises:
        MissingDependencyError: h5py is not installed.
        InputError: no frame has a hand centre, or an image cannot be read.
    """
    h5py = import_h5py()
    centers = dataset.centers_uvd
    dataset = dataset.select(np.isfinite(centers).all(axis=1) & (centers[:, 2] > 0))
    if not len(dataset):
        raise InputError(f"{dataset.folder}: no frame has a hand centre; unlabelled frames need find_centers first")
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _open_partial(h5py, partial, dataset) as file:
        done = int(file.attrs["done"])
        patches = []
        for frame in dataset.frames(range(done, len(dataset))):
            patches.append(_cut_patch(frame))
            if len(patches) == _STEP_FRAMES or done + len(patches) == len(dataset):
                file["patch"][done : done + len(patches)] = np.stack(patches)
                # The mark must not reach the disk before the frames that it vouches for.
                file.flush()
                done += len(patches)
                file.attrs["done"] = done
                file.flush()
                patches.clear()
                if progress:
                    progress(done, len(dataset))
    partial.replace(path)


def _open_partial(h5py: ModuleType, path: Path, dataset: HandDataset) -> h5py.File:
    """The partial file of exactly this conversion if there is one, else a new one."""
    fingerprint = _fingerprint(dataset)
    with suppress(OSError):
        file = h5py.File(path, "r+")
        if file.attrs.get("fingerprint") == fingerprint:
            return file
        file.close()
    return _create(h5py, path, dataset, fingerprint)


def _create(h5py: ModuleType, path: Path, dataset: HandDataset, fingerprint: str) -> h5py.File:
    camera = dataset.camera
    groups, group = np.unique(np.array(dataset.groups), return_inverse=True)
    header = {
        "version": VERSION,
        "name": dataset.name,
        "skeleton": dataset.skeleton.name,
        "camera": [camera.fx, camera.fy, camera.cx, camera.cy],
        "hand": dataset.hand,
        "groups": groups.tolist(),
    }
    file = h5py.File(path, "w")
    file.attrs.update(header=json.dumps(header), done=0)
    if dataset.joints_xyz is not None:
        file.create_dataset("joints_xyz", data=dataset.joints_xyz.astype(np.float32))
    file.create_dataset("center_uvd", data=dataset.centers_uvd)
    file.create_dataset("group", data=group.astype(np.int32))
    file.create_dataset("name", data=list(dataset.names), dtype=h5py.string_dtype())
    file.create_dataset(
        "patch",
        (len(dataset), PATCH_SIZE, PATCH_SIZE),
        np.uint16,
        chunks=(1, PATCH_SIZE, PATCH_SIZE),
        compression="gzip",
        compression_opts=1,
    )
    # Last: a file that was not begun in full has none, and is not gone on with.
    file.attrs["fingerprint"] = fingerprint
    return file


def _fingerprint(dataset: HandDataset) -> str:
    """Tells apart conversions of different frames, labels or centres, and of frames read in another way."""
    digest = hashlib.sha256(f"{VERSION} {dataset.name} {dataset.camera}".encode())
    digest.update("\n".join(dataset.names).encode())
    if dataset.joints_xyz is not None:
        digest.update(np.ascontiguousarray(dataset.joints_xyz))
    digest.update(np.ascontiguousarray(dataset.centers_uvd))
    # One frame shows in which unit all are read.
    digest.update(np.ascontiguousarray(dataset[0].depth_mm))
    return digest.hexdigest()


def _cut_patch(frame: Frame) -> np.ndarray:
    """The cube of 375 mm around the hand centre as ``(192, 192)`` uint16 tenths of a mm, sampled like a crop."""
    crop, d = HandCrop(frame.camera, frame.center_uvd, PATCH_MM), frame.center_uvd[2]
    window = crop.sample(frame.depth_mm, PATCH_SIZE).astype(np.float64)
    with np.errstate(invalid="ignore"):
        measured = (window > 0) & (window < d + PATCH_MM / 2)
    near = max(d - PATCH_MM / 2, 1 / UNITS_PER_MM)
    return np.where(measured, np.rint(np.maximum(window, near) * UNITS_PER_MM), 0).astype(np.uint16)
