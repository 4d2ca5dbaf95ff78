"""Depth images from any of the files they come in, in mm."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from cn_zoo.errors import InputError
from cn_zoo.io._files import require_file
from cn_zoo.io._numpy_file import read_numpy
from cn_zoo.io._openexr import read_openexr
from cn_zoo.io._pillow import decode, open_encoded, open_image
from cn_zoo.io.msra_bin import read_msra_bin
from cn_zoo.io.nyu_png import is_nyu_packed, unpack_nyu
from cn_zoo.io.plausibility import check_depth


def read_depth(path: str | Path, depth_scale: float = 1.0) -> np.ndarray:
    """Read a depth image: 16-bit PNG, 16- or 32-bit TIFF, NYU's packed PNG, MSRA's ``.bin``, NumPy or OpenEXR.

    Args:
        path: the file; its suffix names its kind.
        depth_scale: mm per unit of the file.

    Returns:
        ``(H, W)`` float32 depth in mm, row 0 at the top; 0 = no measurement (as are NaN, infinite and
        negative values in the file).

    Raises:
        InputError: the file is unreadable or its content implausible; one line that says what to try.
        MissingDependencyError: ``.exr`` without the package OpenEXR.
        ValueError: ``depth_scale`` is not a positive number.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        require_file(path)
        if path.suffix.lower() in (".jpg", ".jpeg"):
            raise InputError(f"{path}: is a JPEG picture, which holds no depth; give the depth image beside it")
        raise InputError(f"{path}: depth images are {', '.join(DEPTH_SUFFIXES)} files; convert it to 16-bit PNG in mm")
    return as_depth_mm(reader(path), path, depth_scale)


def decode_depth(content: bytes, name: str, depth_scale: float = 1.0) -> np.ndarray:
    """Decode a depth image from the bytes of a PNG or TIFF file, as `read_depth` reads one.

    Args:
        content: the whole file.
        name: what to call it in a complaint.
        depth_scale: mm per unit.

    Returns:
        ``(H, W)`` float32 mm, 0 = no measurement.

    Raises:
        InputError: the image is damaged or implausible.
        ValueError: ``depth_scale`` is not a positive number.
    """
    with open_encoded(content, name) as image:
        return as_depth_mm(_pixels(image, name), name, depth_scale)


def as_depth_mm(depth: np.ndarray, source: object, depth_scale: float = 1.0) -> np.ndarray:
    """Depth of any number type and unit as float32 mm, checked.

    Args:
        depth: ``(H, W)`` depth; 0, negative, NaN and infinite mean no measurement.
        source: what to call it in a complaint, such as the file's path.
        depth_scale: mm per unit of ``depth``.

    Returns:
        ``(H, W)`` float32 mm, 0 = no measurement.

    Raises:
        InputError: not a two-dimensional array of numbers of 16 bits or more, or implausible.
        ValueError: ``depth_scale`` is not a positive number.
    """
    if not (math.isfinite(depth_scale) and depth_scale > 0):
        raise ValueError(f"the depth scale is a positive number of mm per unit; received {depth_scale}")
    depth = _as_depth_array(depth, source)
    with np.errstate(over="ignore"):
        depth_mm = depth.astype(np.float32)
        if depth_scale != 1:
            depth_mm *= np.float32(depth_scale)
    check_depth(depth_mm, source, depth_scale)
    if depth.dtype.kind != "u":
        depth_mm[~((depth_mm > 0) & (depth_mm < np.inf))] = 0
    return depth_mm


def checked_depth(depth_mm: np.ndarray, source: object) -> np.ndarray:
    """Depth of any number type in mm, checked as `as_depth_mm` does, and left as it is: whole images take time to copy.

    Args:
        depth_mm: ``(H, W)`` mm; 0, negative, NaN and infinite mean no measurement.
        source: what to call it in a complaint, such as the file's path.

    Raises:
        InputError: as of `as_depth_mm`.
    """
    depth_mm = _as_depth_array(depth_mm, source)
    check_depth(depth_mm, source)
    return depth_mm


def _as_depth_array(depth: np.ndarray, source: object) -> np.ndarray:
    depth = np.asarray(depth)
    if depth.ndim != 2 or depth.size == 0:
        raise InputError(f"{source}: has shape {depth.shape}; a depth image is (height, width)")
    if depth.dtype.kind not in "iuf":
        raise InputError(f"{source}: holds {depth.dtype}, not numbers; depth is an integer or float of 16 bits or more")
    if depth.dtype.itemsize == 1:
        raise InputError(f"{source}: {_EIGHT_BITS}")
    return depth


_EIGHT_BITS = "has 8 bits a pixel, too coarse for depth; save the camera's raw depth as 16-bit PNG in mm"


def _read_image(path: Path) -> np.ndarray:
    with open_image(path) as image:
        return _pixels(image, path)


def _pixels(image: Image.Image, name: str | Path) -> np.ndarray:
    """Depth in the image's own unit."""
    if image.mode.startswith("I") or image.mode == "F":
        return decode(image, name)
    if image.mode in ("1", "L", "P", "LA", "PA"):
        raise InputError(f"{name}: {_EIGHT_BITS}")
    if any(";16" in str(tile[3]) for tile in image.tile):
        raise InputError(f"{name}: has several channels of 16 bits; save depth alone, as 16-bit greyscale PNG in mm")
    if image.format == "PNG" and image.mode in ("RGB", "RGBA"):
        rgb = decode(image, name)[..., :3]
        if is_nyu_packed(rgb):
            return unpack_nyu(rgb)
    raise InputError(
        f"{name}: is a colour picture (a photo or a coloured view of depth), and the pose is read from depth; "
        "save the camera's raw depth as 16-bit PNG in mm"
    )


_READERS: dict[str, Callable[[Path], np.ndarray]] = {
    ".png": _read_image,
    ".tif": _read_image,
    ".tiff": _read_image,
    ".bin": read_msra_bin,
    ".npy": read_numpy,
    ".npz": read_numpy,
    ".exr": read_openexr,
}

#: Suffixes of the files that hold depth.
DEPTH_SUFFIXES = tuple(_READERS)
