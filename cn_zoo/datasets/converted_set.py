"""A dataset converted once into one HDF5 file of hand patches, for training speed."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cn_zoo.datasets.crop_augmentation import CropAugmentation, CropJitter
from cn_zoo.datasets.hand_dataset import Frame, HandDataset
from cn_zoo.errors import InputError, MissingDependencyError
from cn_zoo.geometry import CROP_SIZE, CUBE_MM, POSE_UNIT_MM, SKELETONS, Camera, HandCrop
from cn_zoo.geometry.hand_crop import mm_per_step

if TYPE_CHECKING:
    import h5py

_VERSION = 1
#: Crops are 128 pixels of a 250 mm cube. Patches show half as much again at the same pitch, so that a crop can be
#: turned by any angle (its half diagonal is 177 mm) and shifted without running out of image.
_PATCH_SIZE = CROP_SIZE * 3 // 2
_PATCH_MM = CUBE_MM * _PATCH_SIZE / CROP_SIZE
#: Depth is kept in tenths of a millimetre: exact for whole mm, and 16 bits reach 6.5 m.
_UNITS_PER_MM = 10
#: Frames written between two marks from which an interrupted conversion goes on.
_STEP_FRAMES = 256


def convert_dataset(
    dataset: HandDataset,
    path: str | Path,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a dataset's hand patches into one file; go on where an interrupted conversion stopped.

    Frames without a hand centre are left out. The file appears under its name when it is complete; until then it
    ends in ``.partial``. Every frame carries a checksum (zlib's) that is verified when it is read.

    Args:
        dataset: what to convert, with the hand centres that its crops are to have.
        path: the file to write, by custom ``*.h5``.
        workers: threads that read images.
        progress: called with frames done and frames in all.

    Raises:
        MissingDependencyError: h5py is not installed.
        InputError: no frame has a hand centre, or an image cannot be read.
    """
    h5py = _h5py()
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
        for frame in dataset.frames(range(done, len(dataset)), workers):
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
            if header["version"] != _VERSION:
                raise InputError(f"{path}: has format version {header['version']}, expected {_VERSION}; convert again")
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

    def frame(self, index: int) -> Frame:
        """A patch as an image of its own, with the camera that would have taken it.

        Depth is as in the original within 187.5 mm of the hand centre; nearer surfaces are moved there, farther
        ones are 0.
        """
        center = self.centers_uvd[index]
        return Frame(
            name=self._open().file["name"].asstr()[index],
            depth_mm=self._patch(index) / np.float32(_UNITS_PER_MM),
            camera=_patch_camera(self.camera, center),
            joints_xyz=None if self.joints_xyz is None else self.joints_xyz[index],
            center_uvd=((_PATCH_SIZE - 1) / 2, (_PATCH_SIZE - 1) / 2, float(center[2])),
        )

    def crops(
        self,
        indices: Sequence[int] | np.ndarray,
        augmentation: CropAugmentation | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Network input and target of some frames, in the order asked for.

        Args:
            indices: ``B`` frames.
            augmentation: tilts, turns, scales and shifts each crop by chance; None cuts ``HandCrop``'s own crops.
            rng: draws the augmentation.

        Returns:
            depth ``(B, 128, 128, 1)`` float32 in [-1, 1] and pose ``(B, J, 3)`` float32 in crop coordinates
            (units of 50 mm), None without labels.

        Raises:
            InputError: a frame fails its checksum.
        """
        depth = np.empty((len(indices), CROP_SIZE, CROP_SIZE, 1), np.float32)
        pose = self.poses(np.asarray(indices))
        for row, index in enumerate(indices):
            jitter = augmentation.draw(rng) if augmentation else CropJitter()
            patch = self._patch(index)
            patch = patch[:, ::-1] if self.hand == "left" else patch
            center, pitch = self.centers_uvd[index, 2], CUBE_MM / CROP_SIZE
            patch = jitter.tilt_patch(patch, center * _UNITS_PER_MM, pitch * _UNITS_PER_MM)
            crop = jitter.resample(patch, CROP_SIZE, pitch)
            depth[row, ..., 0] = _to_crop(crop, center + jitter.shift_mm[2], jitter.scale)
            if pose is not None:
                pose[row] = jitter.move(pose[row], POSE_UNIT_MM)
        return depth, pose

    def _open(self) -> _Handle:
        """The open file; a forked worker opens its own, since HDF5 handles do not survive a fork."""
        if self._handle is None or self._handle.process != os.getpid():
            h5py = _h5py()
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
            return np.frombuffer(pixels, np.uint16).reshape(_PATCH_SIZE, _PATCH_SIZE)
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


def _h5py() -> ModuleType:
    try:
        import h5py
    except ImportError:
        raise MissingDependencyError("converted datasets need h5py: pip install 'cn_zoo[training]'") from None
    return h5py


def _hdf5_lock() -> AbstractContextManager:
    """What lets one thread at a time into HDF5: h5py itself forgets it for direct chunks (its pull request 2764).

    Without it a checkpoint written meanwhile makes either fail.
    """
    from h5py._objects import phil

    return phil


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
        "version": _VERSION,
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
        (len(dataset), _PATCH_SIZE, _PATCH_SIZE),
        np.uint16,
        chunks=(1, _PATCH_SIZE, _PATCH_SIZE),
        compression="gzip",
        compression_opts=1,
    )
    # Last: a file that was not begun in full has none, and is not gone on with.
    file.attrs["fingerprint"] = fingerprint
    return file


def _fingerprint(dataset: HandDataset) -> str:
    """Tells apart conversions of different frames, labels or centres, and of frames read in another way."""
    digest = hashlib.sha256(f"{_VERSION} {dataset.name} {dataset.camera}".encode())
    digest.update("\n".join(dataset.names).encode())
    if dataset.joints_xyz is not None:
        digest.update(np.ascontiguousarray(dataset.joints_xyz))
    digest.update(np.ascontiguousarray(dataset.centers_uvd))
    # One frame shows in which unit all are read.
    digest.update(np.ascontiguousarray(dataset[0].depth_mm))
    return digest.hexdigest()


def _cut_patch(frame: Frame) -> np.ndarray:
    """The cube of 375 mm around the hand centre as ``(192, 192)`` uint16 tenths of a mm, sampled like a crop."""
    crop, d = HandCrop(frame.camera, frame.center_uvd, _PATCH_MM), frame.center_uvd[2]
    window = crop.sample(frame.depth_mm, _PATCH_SIZE).astype(np.float64)
    with np.errstate(invalid="ignore"):
        measured = (window > 0) & (window < d + _PATCH_MM / 2)
    near = max(d - _PATCH_MM / 2, 1 / _UNITS_PER_MM)
    return np.where(measured, np.rint(np.maximum(window, near) * _UNITS_PER_MM), 0).astype(np.uint16)


def _patch_camera(camera: Camera, center: np.ndarray) -> Camera:
    """The camera whose image the patch is: the same rays, another pixel grid."""
    u, v, d = center.tolist()
    focal = d * _PATCH_SIZE / _PATCH_MM
    middle = (_PATCH_SIZE - 1) / 2
    return Camera(
        focal, focal, middle + (camera.cx - u) * focal / camera.fx, middle + (camera.cy - v) * focal / camera.fy
    )


def _to_crop(patch: np.ndarray, center_mm: float, scale: float) -> np.ndarray:
    """Tenths of a mm to [-1, 1] about a centre's depth; 0, no measurement, becomes background."""
    crop = patch / np.float32(_UNITS_PER_MM)
    crop -= np.float32(center_mm)
    crop /= np.float32(CUBE_MM / 2 / scale)
    np.clip(crop, -1.0, 1.0, out=crop)
    np.copyto(crop, 1.0, where=patch == 0)
    return crop
