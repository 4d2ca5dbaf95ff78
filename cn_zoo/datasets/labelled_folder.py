"""People's own frames: a folder of 16-bit PNGs, a camera and, perhaps, joints by name."""

from __future__ import annotations

import csv
import json
import math
import warnings
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path

import numpy as np

from cn_zoo.datasets.hand_dataset import Frame, HandDataset, require_images
from cn_zoo.datasets.label_conventions import LABEL_CONVENTIONS
from cn_zoo.errors import InputError
from cn_zoo.geometry import SKELETONS, Camera, Skeleton
from cn_zoo.io import SameSize, read_depth
from cn_zoo.io.number_lines import read_text
from cn_zoo.io.sources import is_hidden

_COLUMNS = ("file", "joint", "x", "y", "z")
#: Frames on which the labels' convention is checked against the depth seen there.
_CHECKED_FRAMES = 5
#: Joints lie under the skin; when most lie within this of the surface seen, labels and images agree.
_AGREEMENT_MM = 60.0


def open_labelled_folder(folder: str | Path, skeleton: Skeleton | None = None) -> HandDataset:
    """Open ``frames/*.png``, ``camera.json`` and, if it is there, ``joints.csv``.

    Images are read when asked for; the first also here, as it tells the size of all.

    Args:
        folder: the folder. ``camera.json`` holds ``fx``, ``fy``, ``cx``, ``cy`` in pixels and, optionally,
            ``depth_scale`` in mm per unit of the images. ``joints.csv`` holds ``file,joint,x,y,z``: camera
            coordinates in mm (x right, y down, z forward), joints by name. Without it the folder is unlabelled.
        skeleton: which joints to take. By default the largest of the benchmarks' skeletons that the file covers.

    With labels, only labelled frames are taken, in the order of the file. A camera that hardly fits the images is
    warned of with the first of them.

    Raises:
        InputError: a file is missing or malformed, a labelled image or joint is missing, or the labels fit the
            images only in another convention (which the message names). Reading a frame later on raises it where its
            size is not that of the first one.
    """
    folder = Path(folder)
    camera, depth_scale = _read_camera(folder / "camera.json")
    labels = folder / "joints.csv"
    if not labels.is_file():
        names = sorted(path.name for path in (folder / "frames").glob("*.png") if not is_hidden(path))
        if not names:
            raise InputError(f"{folder / 'frames'}: holds no .png; put the depth images there")
        read = _Reader(camera, depth_scale, folder / "frames" / names[0])
        groups = ["unlabelled"] * len(names)
        return HandDataset(
            "folder", skeleton or SKELETONS["msra"], camera, folder / "frames", names, read, None, groups
        )
    rows = _read_joints(labels)
    skeleton = skeleton or _find_skeleton(labels, rows)
    names = list(rows)
    require_images(folder / "frames", names, labels.name)
    read = _Reader(camera, depth_scale, folder / "frames" / names[0])
    joints = np.array([_pick(labels, name, rows[name], skeleton) for name in names])
    dataset = HandDataset("folder", skeleton, camera, folder / "frames", names, read, joints, ["labelled"] * len(names))
    _check_convention(labels, dataset)
    return dataset


class _Reader:
    """Reads images that one camera takes: all of one size, which it should fit."""

    def __init__(self, camera: Camera, depth_scale: float, first: Path) -> None:
        self._camera, self._depth_scale = camera, depth_scale
        self._same_size, self._is_first = SameSize(), True
        # Later ones are read by several threads: whichever is ready first must not say what size they have. What is
        # wrong with this one is told when its turn comes.
        with suppress(InputError):
            self(first)

    def __call__(self, path: Path) -> np.ndarray:
        depth = read_depth(path, self._depth_scale)
        try:
            self._same_size.check(depth)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        if self._is_first:
            self._is_first = False
            self._doubt_camera(path, *depth.shape)
        return depth

    def _doubt_camera(self, path: Path, height: int, width: int) -> None:
        if misfit := self._camera.misfit(width, height):
            warnings.warn(f"{path}: the folder's camera does not fit {width}x{height} images ({misfit})", stacklevel=3)


def _read_camera(path: Path) -> tuple[Camera, float]:
    try:
        content = json.loads(read_text(path))
        camera = Camera.given(*(float(content[key]) for key in ("fx", "fy", "cx", "cy")))
        depth_scale = float(content.get("depth_scale", 1.0))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise InputError(
            f"{path}: is not a camera ({error}); expected numbers fx, fy, cx, cy and, optionally, depth_scale"
        ) from None
    if not (depth_scale > 0 and math.isfinite(depth_scale)):
        raise InputError(f"{path}: depth_scale must be a positive number of mm per unit, not {depth_scale}")
    return camera, depth_scale


def _read_joints(path: Path) -> dict[str, dict[str, tuple[float, float, float]]]:
    """File -> joint -> x, y, z."""
    lines = _read_lines(path)
    _, header = next(lines, (1, []))
    if tuple(header) != _COLUMNS:
        raise InputError(f"{path}: the first line must be {','.join(_COLUMNS)}, not {','.join(header)[:60]!r}")
    rows: dict[str, dict[str, tuple[float, float, float]]] = {}
    for number, words in lines:
        if not words:
            continue
        try:
            file, joint, x, y, z = words
            point = (float(x), float(y), float(z))
        except ValueError:
            point = (math.nan,) * 3
        if not all(map(math.isfinite, point)):
            raise InputError(f"{path}: line {number} is not file,joint,x,y,z with finite numbers in mm")
        rows.setdefault(file, {})[joint] = point
    if not rows:
        raise InputError(f"{path}: holds no joints; remove it if the folder is unlabelled")
    return rows


def _read_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each line's number and words."""
    reader = csv.reader(StringIO(read_text(path)))
    try:
        for words in reader:
            yield reader.line_num, [word.strip() for word in words]
    except csv.Error as error:
        raise InputError(
            f"{path}: line {reader.line_num} cannot be read ({error}); look for a stray quotation mark in or above it"
        ) from None


def _find_skeleton(path: Path, rows: dict[str, dict[str, tuple[float, float, float]]]) -> Skeleton:
    named = set(next(iter(rows.values())))
    covered = [skeleton for skeleton in SKELETONS.values() if named.issuperset(skeleton.joints)]
    if not covered:
        raise InputError(
            f"{path}: its joints ({', '.join(sorted(named))[:80]}) do not cover those of {', '.join(SKELETONS)}; "
            "see cn-zoo info MODEL for joint names"
        )
    return max(covered, key=len)


def _pick(path: Path, name: str, joints: dict[str, tuple[float, float, float]], skeleton: Skeleton) -> list[tuple]:
    missing = [joint for joint in skeleton.joints if joint not in joints]
    if missing:
        raise InputError(f"{path}: {name} lacks {', '.join(missing)[:80]}, which the {skeleton.name} skeleton needs")
    return [joints[joint] for joint in skeleton.joints]


def _check_convention(path: Path, dataset: HandDataset) -> None:
    """Compare the labels' depth with the depth image under every convention that people mix up."""
    chosen = np.linspace(0, len(dataset) - 1, min(len(dataset), _CHECKED_FRAMES)).astype(int)
    frames = list(dataset.frames(chosen))
    agreement = {
        name: np.mean([_share_on_surface(frame, to_xyz(frame.joints_xyz, frame.camera)) for frame in frames])
        for name, to_xyz in LABEL_CONVENTIONS.items()
    }
    expected, best = agreement["x y z in mm"], max(agreement, key=agreement.get)
    if agreement[best] > max(0.5, 2 * expected):
        raise InputError(
            f"{path}: the joints fit the images as {best}, not as x y z in mm with y down and z forward; convert them"
        )


def _share_on_surface(frame: Frame, xyz: np.ndarray) -> float:
    """Share of joints ``(J, 3)`` xyz mm with a measurement near their own depth where they project."""
    uvd = frame.camera.xyz_to_uvd(xyz)
    height, width = frame.depth_mm.shape
    inside = np.isfinite(uvd).all(axis=1) & (uvd[:, 2] > 0)
    inside &= (uvd[:, :2] >= 0).all(axis=1) & (uvd[:, 0] <= width - 1) & (uvd[:, 1] <= height - 1)
    columns, rows = np.rint(uvd[inside, :2]).astype(int).T
    near = np.abs(frame.depth_mm[rows, columns].astype(np.float64) - uvd[inside, 2]) < _AGREEMENT_MM
    return float(near.sum() / len(uvd))
