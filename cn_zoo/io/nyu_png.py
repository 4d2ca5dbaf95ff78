"""NYU's depth images: 8-bit RGB PNGs with depth in mm = (G << 8) + B and an empty red channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from cn_zoo.errors import InputError
from cn_zoo.io._pillow import decode, open_image
from cn_zoo.io._whole_mm import to_whole_mm
from cn_zoo.io.atomic import atomic_path
from cn_zoo.io.depth_png import PNG_COMPRESS_LEVEL

#: Neighbouring pixels of packed depth mostly lie closer than this; those of a colour picture, unpacked, do not.
_SMOOTH_MM = 64
_SMOOTH_SHARE = 0.75


def read_nyu_png(path: str | Path) -> np.ndarray:
    """Read a packed depth image: ``(H, W)`` uint16 mm. Neither packing nor plausibility is checked.

    Source: the dataset's readme (Tompson et al. 2014).

    Raises:
        InputError: the file is missing, damaged, or no 8-bit RGB PNG.
    """
    with open_image(path) as image:
        if image.format != "PNG" or image.mode != "RGB":
            raise InputError(f"{path}: is not an NYU depth image (8-bit RGB PNG); check the dataset's files")
        return unpack_nyu(decode(image, Path(path)))


def write_nyu_png(path: str | Path, depth_mm: np.ndarray) -> None:
    """Write ``(H, W)`` depth in mm as NYU does, rounded to whole mm; 0 = no measurement.

    Raises:
        ValueError: a value is not finite or outside 0 to 65535.
    """
    depth = to_whole_mm(depth_mm)
    packed = np.zeros((*depth.shape, 3), np.uint8)
    packed[..., 1] = depth >> 8
    packed[..., 2] = depth & 255
    with atomic_path(path) as temporary:
        Image.fromarray(packed).save(temporary, "PNG", compress_level=PNG_COMPRESS_LEVEL)


def unpack_nyu(rgb: np.ndarray) -> np.ndarray:
    """``(H, W, 3)`` uint8 pixels to ``(H, W)`` uint16 mm."""
    return (rgb[..., 1].astype(np.uint16) << 8) | rgb[..., 2]


def is_nyu_packed(rgb: np.ndarray) -> bool:
    """Whether ``(H, W, 3)`` uint8 pixels are packed depth rather than a colour picture.

    Packed depth leaves red empty, and its low byte wraps where its high byte steps, so that the unpacked
    values are smooth. In a picture one step of green is a jump of 256.
    """
    if rgb[..., 0].any():
        return False
    depth = unpack_nyu(rgb).astype(np.int32)
    steps = np.abs(np.diff(depth, axis=1))
    changed = steps[(depth[:, 1:] > 0) & (depth[:, :-1] > 0) & (steps > 0)]
    return changed.size > 0 and bool((changed < _SMOOTH_MM).mean() > _SMOOTH_SHARE)
