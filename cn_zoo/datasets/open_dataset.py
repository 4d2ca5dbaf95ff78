"""Any dataset by name, or by what lies in its folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cn_zoo.datasets.hand_dataset import HandDataset
from cn_zoo.datasets.hands2017 import open_hands2017
from cn_zoo.datasets.icvl import open_icvl
from cn_zoo.datasets.labelled_folder import open_labelled_folder
from cn_zoo.datasets.msra import open_msra
from cn_zoo.datasets.nyu import open_nyu
from cn_zoo.errors import InputError
from cn_zoo.geometry import Skeleton


@dataclass(frozen=True)
class DatasetFormat:
    """How a dataset's folder is known and opened.

    Attributes:
        name: dataset name.
        markers: glob patterns; a folder in which one of them matches is of this kind.
        open: folder, split and skeleton to dataset. A split or a choice of skeleton that it has not is ignored.
        split_folders: split -> its folder, where the dataset has splits.
    """

    name: str
    markers: tuple[str, ...]
    open: Callable[[Path, str, Skeleton | None], HandDataset]
    split_folders: dict[str, str] = field(default_factory=dict)


DATASETS: dict[str, DatasetFormat] = {
    kind.name: kind
    for kind in (
        DatasetFormat(
            "nyu",
            ("joint_data.mat", "train/joint_data.mat", "test/joint_data.mat"),
            lambda folder, split, skeleton: open_nyu(folder, split),
            {"test": "test", "train": "train"},
        ),
        DatasetFormat(
            "icvl",
            ("labels.txt", "test_seq_?.txt", "Training/labels.txt", "Testing/test_seq_?.txt"),
            lambda folder, split, skeleton: open_icvl(folder, split),
            {"test": "Testing", "train": "Training"},
        ),
        DatasetFormat("msra", ("P[0-9]/*/joint.txt",), lambda folder, split, skeleton: open_msra(folder)),
        DatasetFormat(
            "hands2017", ("Training_Annotation.txt",), lambda folder, split, skeleton: open_hands2017(folder)
        ),
        DatasetFormat(
            "folder", ("camera.json",), lambda folder, split, skeleton: open_labelled_folder(folder, skeleton)
        ),
    )
}


def open_dataset(
    folder: str | Path, name: str | None = None, split: str | None = None, skeleton: Skeleton | None = None
) -> HandDataset:
    """Open a folder of original files.

    Args:
        folder: the dataset's folder, as its own page in the documentation describes it.
        name: a key of ``DATASETS``; by default told by the files in the folder.
        split: ``"train"`` or ``"test"``, where the dataset has them; by default the test split if it is there, and the
            folder's own where it is that of a split.
        skeleton: which joints to take out of a labelled folder, whose joints are known by name.

    Raises:
        InputError: the folder holds no known dataset, or its files are incomplete.
        ValueError: there is no dataset of that name, or it has no such split.
    """
    if name is not None and name not in DATASETS:
        raise ValueError(f"a dataset is one of {', '.join(DATASETS)}; received {name!r}")
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; check the path")
    if name is None:
        name = _recognise(folder)
    kind = DATASETS[name]
    return kind.open(folder, split or _present_split(folder, kind), skeleton)


def _present_split(folder: Path, kind: DatasetFormat) -> str:
    """The first split that a folder holds, else that whose folder it is itself, by its name."""
    held = [split for split, place in kind.split_folders.items() if (folder / place).is_dir()]
    itself = [split for split, place in kind.split_folders.items() if folder.absolute().name == place]
    return [*held, *itself, "test"][0]


def _recognise(folder: Path) -> str:
    for kind in DATASETS.values():
        if any(next(folder.glob(marker), None) for marker in kind.markers):
            return kind.name
    expected = ", ".join(f"{kind.markers[-1]} ({kind.name})" for kind in DATASETS.values())
    raise InputError(f"{folder}: holds no dataset that is known by its files; looked for {expected}")
