"""HANDS 2017 (Yuan et al. 2017): its training frames, which are the only labelled ones."""

from __future__ import annotations

from pathlib import Path

from cn_zoo.datasets.hand_dataset import HandDataset, require_images
from cn_zoo.geometry import SKELETONS, Camera
from cn_zoo.io.depth_png import read_depth_png
from cn_zoo.io.number_lines import read_named_points

_CAMERA = Camera(475.065948, 475.065857, 315.944855, 245.287079)
#: The file's order: wrist, the knuckles from thumb to little, then PIP, DIP, tip of each finger from the thumb.
_OF_MSRA = (0, 2, 9, 10, 11, 3, 12, 13, 14, 4, 15, 16, 17, 5, 18, 19, 20, 1, 6, 7, 8)


def open_hands2017(folder: str | Path) -> HandDataset:
    """Open the challenge's training set with its 21 joints in MSRA's order. Images are read when asked for.

    Args:
        folder: holds ``Training_Annotation.txt`` (image, then x y z in mm of 21 joints) and ``images/``.

    Raises:
        InputError: a file is missing or malformed.
    """
    folder = Path(folder)
    labels = folder / "Training_Annotation.txt"
    names, joints = read_named_points(labels, len(_OF_MSRA))
    require_images(folder / "images", names, labels.name)
    groups = ["train"] * len(names)
    return HandDataset(
        "hands2017", SKELETONS["msra"], _CAMERA, folder / "images", names, read_depth_png, joints[:, _OF_MSRA], groups
    )
