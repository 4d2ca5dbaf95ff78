"""PNG and TIFF files through Pillow, with its many kinds of complaint made one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from cn_zoo.errors import InputError, one_line
from cn_zoo.io._files import require_file, require_size

#: JPEG is here only to be told apart from rubbish: it holds no depth.
_FORMATS = ("PNG", "TIFF", "JPEG")
_TIFF_HEADS = (b"II*\0", b"MM\0*")
# Pillow's own size limit is higher than ours, and its remarks on odd headers are no use to the reader. Once for all:
# files are read on several threads, and what one of them sets for a while the others take for what was there before.
warnings.filterwarnings("ignore", module=r"PIL\.")


@contextmanager
def open_image(path: str | Path) -> Iterator[Image.Image]:
    """Open an image whose header is sound and whose size is sane; its pixels are decoded when first used.

    Raises:
        InputError: the file is missing, empty, no image, larger than ``MAX_PIXELS``, or cannot be decoded.
    """
    path = require_file(path)
    with _opened(path, path, "its content does not match its name") as image:
        yield image


@contextmanager
def open_encoded(content: bytes, name: str) -> Iterator[Image.Image]:
    """Open an image from a file's bytes, as `open_image` does; complaints call it ``name``.

    Raises:
        InputError: as `open_image`.
    """
    with _opened(BytesIO(content), name, "check what is sent") as image:
        yield image


@contextmanager
def _opened(file: Path | BytesIO, name: str | Path, advice: str) -> Iterator[Image.Image]:
    try:
        image = Image.open(file, formats=_FORMATS)
    except Image.UnidentifiedImageError:
        if _head(file) in _TIFF_HEADS:
            raise InputError(
                f"{name}: is a TIFF image of a kind that cannot be read (64-bit numbers?), or cut off; "
                "save it in 16 or 32 bit"
            ) from None
        raise InputError(f"{name}: is not a PNG or TIFF image; {advice}") from None
    except Image.DecompressionBombError:
        raise InputError(f"{name}: has more pixels than any depth camera's image; the file is damaged") from None
    except Exception as error:  # Pillow's plugins raise many kinds on broken headers
        raise _unreadable(name, error) from None
    with image:
        require_size(*image.size, name)
        yield image


def _head(file: Path | BytesIO) -> bytes:
    """The first four bytes."""
    if isinstance(file, BytesIO):
        return file.getvalue()[:4]
    with file.open("rb") as opened:
        return opened.read(4)


def decode(image: Image.Image, name: str | Path) -> np.ndarray:
    """The pixels of an open image, in Pillow's own type.

    Raises:
        InputError: the data is cut off or damaged.
    """
    try:
        return np.asarray(image)
    except Exception as error:  # zlib, struct, OSError, SyntaxError: whatever the broken bytes lead to
        raise _unreadable(name, error) from None


def _unreadable(name: str | Path, error: Exception) -> InputError:
    return InputError(f"{name}: cannot be decoded ({one_line(error)}); the file is cut off or damaged, copy it again")
