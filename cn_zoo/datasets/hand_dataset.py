"""A dataset of hands: labels in memory, images on disk until asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from cn_zoo.datasets.label_centers import label_centers
from cn_zoo.errors import InputError
from cn_zoo.geometry import Camera, Skeleton
from cn_zoo.in_order import in_order


@dataclass(frozen=True, eq=False)
class Frame:
    """One image of a dataset.

    Attributes:
        name: the image's path within the dataset.
        depth_mm: ``(H, W)`` uint16 or float32 mm, 0 = no measurement.
        camera: the camera that took it.
        joints_xyz: ``(J, 3)`` mm in camera coordinates (x right, y down, z forward); None without a label.
        center_uvd: hand centre (u px, v px, d mm); None where it is not known.
    """

    name: str
    depth_mm: np.ndarray
    camera: Camera
    joints_xyz: np.ndarray | None
    center_uvd: tuple[float, float, float] | None


@dataclass(frozen=True, eq=False)
class HandDataset:
    """Images of hands with their labels; ``dataset[i]`` reads one image.

    Attributes:
        name: dataset name.
        skeleton: the joints of its labels.
        camera: one camera for all images.
        folder: what ``names`` are relative to.
        names: ``N`` image files.
        read_depth: reads one of them.
        joints_xyz: ``(N, J, 3)`` mm in camera coordinates (x right, y down, z forward); None if unlabelled.
        groups: for each image the part of the dataset it belongs to (a subject, a sequence, a rotation).
        centers_uvd: ``(N, 3)`` hand centres (u px, v px, d mm), NaN where not known. By default those of the labels.

    Raises:
        ValueError: the lengths differ.
    """

    name: str
    skeleton: Skeleton
    camera: Camera
    folder: Path
    names: Sequence[str]
    read_depth: Callable[[Path], np.ndarray]
    joints_xyz: np.ndarray | None
    groups: Sequence[str]
    centers_uvd: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.centers_uvd is None:
            unknown = np.full((len(self.names), 3), np.nan)
            centers = unknown if self.joints_xyz is None else label_centers(self.joints_xyz, self.camera)
            object.__setattr__(self, "centers_uvd", centers)
        lengths = {len(self.names), len(self.groups), len(self.centers_uvd)}
        if self.joints_xyz is not None:
            lengths.add(len(self.joints_xyz))
        if len(lengths) != 1:
            raise ValueError(f"names, groups, centres and labels differ in length: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Frame:
        center = self.centers_uvd[index]
        return Frame(
            name=self.names[index],
            depth_mm=self.read_depth(self.folder / self.names[index]),
            camera=self.camera,
            joints_xyz=None if self.joints_xyz is None else self.joints_xyz[index],
            center_uvd=tuple(center.tolist()) if np.isfinite(center).all() else None,
        )

    def frames(self, indices: Iterable[int] | None = None, workers: int = 2) -> Iterator[Frame]:
        """Read images in order, some ahead on ``workers`` threads; all of them, or those of ``indices``."""
        for reading in self.readings(indices, workers):
            yield reading.result()

    def readings(self, indices: Iterable[int] | None = None, workers: int = 2) -> Iterator[Future[Frame]]:
        """As `frames`, for who goes on after a bad image: the result of each raises what reading it has raised."""
        wanted = range(len(self)) if indices is None else indices
        with ThreadPoolExecutor(workers) as pool:
            yield from in_order(partial(pool.submit, self.__getitem__), wanted, 4 * workers)

    def select(self, indices: Sequence[int] | np.ndarray) -> HandDataset:
        """The dataset of these images only, in this order; ``indices`` may be a mask."""
        # An empty list would be an array of floats, which cannot index.
        indices = np.arange(len(self))[np.asarray(indices) if len(indices) else slice(0)]
        return replace(
            self,
            names=[self.names[index] for index in indices],
            joints_xyz=None if self.joints_xyz is None else self.joints_xyz[indices],
            groups=[self.groups[index] for index in indices],
            centers_uvd=self.centers_uvd[indices],
        )

    def with_centers(self, centers_uvd: np.ndarray) -> HandDataset:
        """The same images with other hand centres ``(N, 3)``, NaN where not known."""
        return replace(self, centers_uvd=np.asarray(centers_uvd, dtype=np.float64))

    @property
    def hand(self) -> str:
        """``"right"`` or ``"left"``, by a vote over the labels; ``"right"`` without labels."""
        return "right" if self.joints_xyz is None else self.skeleton.handedness(self.joints_xyz)


def require_images(folder: Path, names: Iterable[str], source: str | Path) -> None:
    """Check that every labelled image is there, by listing folders rather than asking for each file.

    Raises:
        InputError: some are missing; the message counts them and names the first.
    """
    names = list(names)
    present: set[str] = set()
    for parent in sorted({str(Path(name).parent) for name in names}):
        if (folder / parent).is_dir():
            prefix = "" if parent == "." else f"{parent}/"
            present.update(f"{prefix}{entry.name}" for entry in (folder / parent).iterdir())
    missing = [name for name in names if name not in present]
    if missing:
        raise InputError(
            f"{folder}: {len(missing)} of the {len(names)} images that {source} labels are missing, "
            f"the first is {missing[0]}; names are relative to this folder, or unpack the dataset again"
        )


def check_split(split: str) -> None:
    """Check the name of a split, where a dataset has them.

    Raises:
        ValueError: it is neither ``"train"`` nor ``"test"``.
    """
    if split not in ("train", "test"):
        raise ValueError(f"a split is train or test; received {split!r}")
