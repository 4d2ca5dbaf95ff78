"""A dataset that was converted once into one HDF5 file of hand patches, for training speed."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cn_zoo.datasets._patch_file import PATCH_SIZE, UNITS_PER_MM, VERSION, import_h5py
from cn_zoo.datasets.crop_augmentation import CropJitter
from cn_zoo.errors import InputError
from cn_zoo.geometry import CROP_SIZE, CUBE_MM, POSE_UNIT_MM, SKELETONS, Camera
from cn_zoo.geometry.hand_crop import mm_per_step

if TYPE_CHECKING:
    import h5py


class _Handle(NamedTuple):
    """An open file of one process."""

    process: int
    file: h5py.File
    patches: h5py.h5d.DatasetID


class ConvertedSet:
    """A converted dataset, read by crop. Opens in well under a second; may be sent to worker processes.

    Attributes:
        name: of the dataset it was made from.
        skeleton: the joints of its labels.
        camera: the camera of the original images.
        hand: ``"right"`` or ``"left"``; crops and poses of left hands come out mirrored, as right ones.
        joints_xyz: ``(N, J, 3)`` float32 mm in camera coordinates, as the hands are (not mirrored); None without
            labels.
        centers_uvd: ``(N, 3)`` hand centres (u px, v px, d mm).
        groups: the part of the dataset that each frame belongs to.

    Raises:
        MissingDependencyError: h5py is not installed.
        InputError: the file is missing, damaged, or no converted set.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._handle: _Handle | None = None
        try:
            file = self._open().file
            header = json.loads(file.attrs["header"])
            if header["version"] != VERSION:
                raise InputError(f"{path}: has format version {header['version']}, expected {VERSION}; convert again")
            self.name: str = header["name"]
            self.skeleton = SKELETONS[header["skeleton"]]
            self.camera = Camera(*header["camera"])
            self.hand: str = header["hand"]
            self.joints_xyz: np.ndarray | None = file["joints_xyz"][:] if "joints_xyz" in file else None
            self.centers_uvd: np.ndarray = file["center_uvd"][:]
            self.groups = np.array(header["groups"])[file["group"][:]]
        except (KeyError, OSError, ValueError) as error:
            raise InputError(f"{path}: is no converted set, or damaged ({error}); convert the dataset again") from None

    def __len__(self) -> int:
        return len(self.centers_uvd)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_handle": None}

    def crops(
        self,
        indices: Sequence[int] | np.ndarray,
        jitters: Sequence[CropJitter] | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Network input and target of some frames, in the order asked for.

        Args:
            indices: ``B`` frames.
            jitters: how each crop is changed, ``B`` (`CropAugmentation.draw_several`); None cuts ``HandCrop``'s own
                crops.

        Returns:
            depth ``(B, 128, 128, 1)`` float32 in [-1, 1] and pose ``(B, J, 3)`` float32 in crop coordinates
            (units of 50 mm), None without labels.

        Raises:
            InputError: a frame fails its checksum.
            ValueError: there are more or fewer jitters than frames.
        """
        jitters = [CropJitter()] * len(indices) if jitters is None else jitters
        depth = np.empty((len(indices), CROP_SIZE, CROP_SIZE, 1), np.float32)
        pose = self.poses(np.asarray(indices))
        for row, (index, jitter) in enumerate(zip(indices, jitters, strict=True)):
            patch = self._patch(index)
            patch = patch[:, ::-1] if self.hand == "left" else patch
            center, pitch = self.centers_uvd[index, 2], CUBE_MM / CROP_SIZE
            patch = jitter.tilt_patch(patch, center * UNITS_PER_MM, pitch * UNITS_PER_MM)
            crop = jitter.resample(patch, CROP_SIZE, pitch)
            depth[row, ..., 0] = _to_crop(crop, center + jitter.shift_mm[2], jitter.scale)
            if pose is not None:
                pose[row] = jitter.move(pose[row], POSE_UNIT_MM)
        return depth, pose

    def _open(self) -> _Handle:
        """The open file; a forked worker opens its own, since HDF5 handles do not survive a fork."""
        if self._handle is None or self._handle.process != os.getpid():
            h5py = import_h5py()
            try:
                file = h5py.File(self._path, "r")
            except FileNotFoundError:
                raise InputError(f"{self._path}: no such file; make it with convert_dataset") from None
            self._handle = _Handle(os.getpid(), file, file["patch"].id)
        return self._handle

    def _patch(self, index: int) -> np.ndarray:
        """``(192, 192)`` uint16 tenths of a mm."""
        try:
            # Inflating the chunk ourselves takes half of h5py's time. zlib verifies the checksum in the stream.
            with _hdf5_lock():
                skipped_filters, chunk = self._open().patches.read_direct_chunk((int(index), 0, 0))
            pixels = chunk if skipped_filters else zlib.decompress(chunk)
            return np.frombuffer(pixels, np.uint16).reshape(PATCH_SIZE, PATCH_SIZE)
        except (OSError, RuntimeError, ValueError, zlib.error) as error:  # HDF5 names some failures not at all
            raise InputError(
                f"{self._path}: frame {index} cannot be read ({error}); the file is damaged, convert the dataset again"
            ) from None

    def poses(self, indices: np.ndarray) -> np.ndarray | None:
        """Labels as of ``HandCrop.uvd_to_crop``, ``(B, J, 3)`` float32 in units of 50 mm; None without labels."""
        if self.joints_xyz is None:
            return None
        centers = self.centers_uvd[indices]
        offset = self.camera.xyz_to_uvd(self.joints_xyz[indices]) - centers[:, None]
        steps = mm_per_step(self.camera, centers[:, 2], self.hand == "left")
        return (offset * steps[:, None] / POSE_UNIT_MM).astype(np.float32)


def _hdf5_lock() -> AbstractContextManager:
    """What lets one thread at a time into HDF5: h5py itself forgets it for direct chunks (its pull request 2764).

    Without it a checkpoint written meanwhile makes either fail.
    """
    from h5py._objects import phil

    return phil


def _to_crop(patch: np.ndarray, center_mm: float, scale: float) -> np.ndarray:
    """Tenths of a mm to [-1, 1] about a centre's depth; 0, no measurement, becomes background."""
    crop = patch / np.float32(UNITS_PER_MM)
    crop -= np.float32(center_mm)
    crop /= np.float32(CUBE_MM / 2 / scale)
    np.clip(crop, -1.0, 1.0, out=crop)
    np.copyto(crop, 1.0, where=patch == 0)
    return crop
