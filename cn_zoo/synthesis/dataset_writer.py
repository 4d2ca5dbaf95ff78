"""Synthetic frames as files in a benchmark's own format, so that loaders of the benchmark read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cn_zoo.errors import InputError, MissingDependencyError
from cn_zoo.io.atomic import atomic_path
from cn_zoo.io.depth_png import write_depth_png
from cn_zoo.io.msra_bin import write_msra_bin
from cn_zoo.io.nyu_png import write_nyu_png
from cn_zoo.synthesis.frame import SyntheticFrame, draw_frame
from cn_zoo.synthesis.gestures import FAMILIES
from cn_zoo.synthesis.presets import PRESETS

# Asked for at once, not when all frames are drawn and NYU's labels are to be written.
try:
    from scipy.io import savemat
except ImportError as error:
    raise MissingDependencyError("synthetic datasets need SciPy: pip install 'cn_zoo[training]'") from error

#: What is known of a set while it is being written; it goes when the set is whole.
JOURNAL = ".cn-zoo-synthesis.jsonl"

_NYU_NAMES = (
    *(f"F{finger}_KNU{knuckle}_{end}" for finger in (1, 2, 3, 4) for knuckle in (3, 2, 1) for end in "AB"),
    *(f"TH_KNU{knuckle}_{end}" for knuckle in (3, 2, 1) for end in "AB"),
    *(f"PALM_{number}" for number in range(1, 7)),
)
_MSRA_GESTURES = tuple(FAMILIES["msra"])
_MSRA_SUBJECTS = 9
_MSRA_FRAMES = 500
#: MSRA's files hold the segmented hand only: what is no farther from its joints than this, across and in depth.
_MSRA_ACROSS_MM, _MSRA_DEPTH_MM = 30.0, 45.0


@dataclass(frozen=True)
class _Format:
    """How a benchmark stores frames.

    Attributes:
        labels: which joints it labels, a key of `SyntheticFrame.joints`.
        image: path of frame ``index`` of ``count`` inside the folder.
        write_image: writes one frame.
        write_labels: writes the label files, given the folder and all joints (N, J, 3) xyz mm.
    """

    labels: str
    image: Callable[[int, int], str]
    write_image: Callable[[Path, SyntheticFrame], None]
    write_labels: Callable[[Path, np.ndarray], None]


def write_dataset(name: str, count: int, folder: str | Path, seed: int = 0) -> Iterator[int]:
    """Write labelled synthetic training frames as files of a benchmark, frame by frame.

    NYU: ``train/depth_1_%07d.png`` and ``train/joint_data.mat``. ICVL: ``Training/Depth/synthetic/image_%04d.png`` and
    ``Training/labels.txt``. MSRA: ``P<subject>/<gesture>/%06d_depth.bin`` and a ``joint.txt`` beside; the gesture
    folders carry MSRA's names, but any gesture is in any of them.

    Images appear whole or not at all, labels when all images are there. A run that was interrupted goes on when it is
    called again in the same way. All hands are right hands.

    Args:
        name: ``"nyu"``, ``"icvl"`` or ``"msra"``.
        count: number of frames.
        folder: a new or empty folder, or one in which the same set was begun.
        seed: of the frames.

    Yields:
        The number of frames done so far, after each one.

    Raises:
        ValueError: an unknown name, a count below 1 or a negative seed.
        InputError: the folder holds other things.
        OSError: it cannot be written.
    """
    if name not in _FORMATS:
        raise ValueError(f"name is one of {', '.join(_FORMATS)}; received {name!r}")
    if count < 1 or seed < 0:
        raise ValueError(f"count is at least 1 and seed at least 0; received {count} and {seed}")
    return _write(name, count, Path(folder), seed)


def _write(name: str, count: int, folder: Path, seed: int) -> Iterator[int]:
    form, preset = _FORMATS[name], PRESETS[name].own()
    joints = _begin(folder, {"dataset": name, "count": count, "seed": seed})
    with (folder / JOURNAL).open("a", encoding="utf-8") as journal:
        for index in range(len(joints), count):
            frame = draw_frame(preset, seed, index)
            form.write_image(folder / form.image(index, count), frame)
            joints.append(frame.joints[form.labels].round(4).tolist())
            journal.write(json.dumps(joints[-1]) + "\n")
            journal.flush()
            yield index + 1
    form.write_labels(folder, np.array(joints))
    (folder / JOURNAL).unlink()


def _begin(folder: Path, header: dict[str, object]) -> list[list[list[float]]]:
    """The joints of the frames that an interrupted run has left; makes folder and journal if there was none."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / JOURNAL
    if not journal.exists():
        if any(folder.iterdir()):
            raise InputError(f"{folder}: is not empty; choose a new folder for the synthetic frames")
        with atomic_path(journal) as temporary:
            temporary.write_text(json.dumps(header) + "\n", encoding="utf-8")
        return []
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    if not lines or lines[0] != json.dumps(header) + "\n":
        begun = lines[0].strip() if lines else "nothing"
        raise InputError(f"{folder}: holds another unfinished set, {begun}; finish that one or choose a new folder")
    # The last line of a killed run may be cut off.
    whole = [line for line in lines[1:] if line.endswith("\n")]
    with atomic_path(journal) as temporary:
        temporary.write_text("".join([lines[0], *whole]), encoding="utf-8")
    return [json.loads(line) for line in whole]


def _nyu_image(index: int, count: int) -> str:
    return f"train/depth_1_{index + 1:07d}.png"


def _write_nyu_labels(folder: Path, xyz: np.ndarray) -> None:
    camera = PRESETS["nyu"].lenses[0].camera
    names = np.array(_NYU_NAMES, dtype=object)[:, None]
    labels = {"joint_names": names, "joint_uvd": camera.xyz_to_uvd(xyz)[None], "joint_xyz": (xyz * (1, -1, 1))[None]}
    with atomic_path(folder / "train/joint_data.mat") as temporary:
        savemat(temporary, labels, appendmat=False, do_compression=True)


def _icvl_image(index: int, count: int) -> str:
    return f"Training/Depth/synthetic/image_{index:04d}.png"


def _write_icvl_labels(folder: Path, xyz: np.ndarray) -> None:
    uvd = PRESETS["icvl"].lenses[0].camera.xyz_to_uvd(xyz)
    lines = [
        " ".join([_icvl_image(index, len(uvd)).removeprefix("Training/Depth/"), *(f"{value:.4f}" for value in row)])
        for index, row in enumerate(uvd.reshape(len(uvd), -1))
    ]
    _write_lines(folder / "Training/labels.txt", lines)


def _msra_image(index: int, count: int) -> str:
    gesture, frame = divmod(index, _msra_frames(count))
    return f"{_msra_gesture(gesture)}/{frame:06d}_depth.bin"


def _msra_frames(count: int) -> int:
    """Frames a gesture folder: as many as MSRA has, or more where its subjects would not do."""
    return max(_MSRA_FRAMES, -(-count // (_MSRA_SUBJECTS * len(_MSRA_GESTURES))))


def _msra_gesture(number: int) -> str:
    subject, gesture = divmod(number, len(_MSRA_GESTURES))
    return f"P{subject}/{_MSRA_GESTURES[gesture]}"


def _write_msra_image(path: Path, frame: SyntheticFrame) -> None:
    write_msra_bin(path, _segmented(frame))


def _segmented(frame: SyntheticFrame) -> np.ndarray:
    """The depth of the hand alone: a box around its joints."""
    uvd = frame.camera.xyz_to_uvd(frame.joints["msra"])
    margin = np.array([_MSRA_ACROSS_MM, _MSRA_ACROSS_MM, _MSRA_DEPTH_MM])
    margin[:2] *= frame.camera.fx / frame.center_uvd[2]
    (left, top, near), (right, bottom, far) = uvd.min(axis=0) - margin, uvd.max(axis=0) + margin
    height, width = frame.depth_mm.shape
    rows, columns = np.arange(height)[:, None], np.arange(width)
    inside = (rows >= top) & (rows <= bottom) & (columns >= left) & (columns <= right)
    return np.where(inside & (frame.depth_mm > near) & (frame.depth_mm < far), frame.depth_mm, 0)


def _write_msra_labels(folder: Path, xyz: np.ndarray) -> None:
    for number, first in enumerate(range(0, len(xyz), _msra_frames(len(xyz)))):
        rows = (xyz[first : first + _msra_frames(len(xyz))] * (1, -1, -1)).reshape(-1, xyz.shape[1] * 3)
        lines = [str(len(rows)), *(" ".join(f"{value:.4f}" for value in row) for row in rows)]
        _write_lines(folder / _msra_gesture(number) / "joint.txt", lines)


def _write_lines(path: Path, lines: list[str]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


_FORMATS = {
    "nyu": _Format("nyu36", _nyu_image, lambda path, frame: write_nyu_png(path, frame.depth_mm), _write_nyu_labels),
    "icvl": _Format("icvl", _icvl_image, lambda path, frame: write_depth_png(path, frame.depth_mm), _write_icvl_labels),
    "msra": _Format("msra", _msra_image, _write_msra_image, _write_msra_labels),
}
