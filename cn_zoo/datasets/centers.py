"""Hand centres from the text files that papers share, or from any localisation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from cn_zoo.datasets.hand_dataset import HandDataset
from cn_zoo.datasets.label_conventions import LABEL_CONVENTIONS
from cn_zoo.errors import ImplausibleDepthError, InputError, NoHandError
from cn_zoo.geometry import Camera
from cn_zoo.io.number_lines import parse_numbers, read_text

#: A centre file's median distance from the labels' centres, in mm. Published files err by some 10 to 20 mm.
_PLAUSIBLE_MM = 80.0


def read_centers(path: str | Path, dataset: HandDataset) -> np.ndarray:
    """Read a centre file: a line a frame, ``x y z`` in mm or metres or ``u v d``, or the word ``invalid``.

    Shared files (those of V2V-PoseNet, say) hold x y z with y up for NYU and MSRA and y down for ICVL. Which of
    these a file holds is told by the dataset's labels; without labels it must be ``u v d``.

    Returns:
        ``(N, 3)`` u px, v px, d mm; NaN on invalid lines.

    Raises:
        InputError: the file is unreadable, has another count of lines than the dataset has frames, or lies far from
            the labels in every reading.
    """
    centers = _parse(Path(path))
    if len(centers) != len(dataset):
        raise InputError(
            f"{path}: {len(centers)} lines where the dataset has {len(dataset)} frames; choose the file of this split"
        )
    if dataset.joints_xyz is None:
        return centers
    truth = dataset.joints_xyz.mean(axis=1)
    readings = {name: to_xyz(centers, dataset.camera) for name, to_xyz in LABEL_CONVENTIONS.items()}
    distances = {name: _median_distance(xyz, truth) for name, xyz in readings.items()}
    best = min(distances, key=distances.get)
    if not distances[best] <= _PLAUSIBLE_MM:
        raise InputError(
            f"{path}: lies {distances[best]:.0f} mm from the labels even as {best}; "
            "it belongs to another dataset, split or order of frames"
        )
    return dataset.camera.xyz_to_uvd(readings[best])


def find_centers(dataset: HandDataset, locate: Callable[[np.ndarray, Camera], object]) -> np.ndarray:
    """Hand centres ``(N, 3)`` u px, v px, d mm as ``locate`` finds them; NaN in frames without a hand.

    Such are those in which ``locate`` raises ``NoHandError``, and those whose depth is implausible, as a blank one's.

    Args:
        dataset: the images.
        locate: ``(depth_mm, camera)`` to something with ``center_uvd``, such as a
            ``cn_zoo.inference.localisation.hand_location.HandLocation``.

    Raises:
        InputError: an image cannot be read, or the depth of all of them is implausible.
    """
    centers = np.full((len(dataset), 3), np.nan)
    complaints = []
    for index, reading in enumerate(dataset.readings()):
        if isinstance(reading.exception(), ImplausibleDepthError):
            complaints.append(reading.exception())
            continue
        frame = reading.result()
        with suppress(NoHandError):
            centers[index] = locate(frame.depth_mm, frame.camera).center_uvd
    if complaints and len(complaints) == len(dataset):
        # Not a frame here and there, but the unit in which all are read: the complaint says which it may be.
        raise complaints[0]
    return centers


def _parse(path: Path) -> np.ndarray:
    rows = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words = line.split()
        if words and words[0].lower() == "invalid":
            rows.append([np.nan] * 3)
        elif words:
            rows.append(parse_numbers(words, 3, f"{path}: line {number}"))
    return np.array(rows).reshape(-1, 3)


def _median_distance(xyz: np.ndarray, truth: np.ndarray) -> float:
    distances = np.linalg.norm(xyz - truth, axis=1)
    valid = distances[np.isfinite(distances)]
    return float(np.median(valid)) if len(valid) else np.inf
