"""Depth arrays in ``.npy`` and ``.npz`` files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from cn_zoo.errors import InputError, one_line
from cn_zoo.io._files import MAX_PIXELS, require_file, require_size

#: The key of the depth array where an ``.npz`` holds several.
_KEY = "depth"


def read_numpy(path: str | Path) -> np.ndarray:
    """Read an array of two dimensions other than 1, in the file's own type and unit.

    Raises:
        InputError: the file is missing, damaged, pickled, too large, or holds no such array.
    """
    path = require_file(path)
    try:
        if _is_archive(path):
            array = _read_npz(path)
        else:
            # Mapped, so that a header which promises too much costs nothing.
            array = np.load(path, mmap_mode="r", allow_pickle=False)
    except InputError:
        raise
    except Exception as error:  # numpy and zipfile raise many kinds on broken bytes
        reason = one_line(error)
        raise InputError(f"{path}: is no whole NumPy array of numbers ({reason}); save it again with np.save") from None
    shape = array.shape
    if array.ndim > 2:
        array = array.squeeze()
    if array.ndim != 2:
        raise InputError(f"{path}: holds an array of shape {shape}; a depth image is (height, width), one frame a file")
    require_size(array.shape[1], array.shape[0], path)
    return np.array(array)


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _read_npz(path: Path) -> np.ndarray:
    with zipfile.ZipFile(path) as archive:
        largest = max((member.file_size for member in archive.infolist()), default=0)
    if largest > 8 * MAX_PIXELS + 4096:
        raise InputError(f"{path}: holds an array of {largest} bytes, larger than any depth camera's image")
    with np.load(path, allow_pickle=False) as arrays:
        keys = arrays.files
        if len(keys) != 1 and _KEY not in keys:
            raise InputError(f"{path}: holds {', '.join(keys) or 'nothing'}; name the depth array {_KEY!r}")
        return arrays[_KEY if _KEY in keys else keys[0]]
