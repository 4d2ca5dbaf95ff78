"""What every reader checks before it reads."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cn_zoo.errors import InputError

#: Larger frames are refused before they are decoded: no depth camera makes them, a broken or hostile header does.
MAX_PIXELS = 64_000_000


def require_file(path: str | Path) -> Path:
    """The path of a file that is there, has content and may be read.

    Raises:
        InputError: it is missing, a folder, empty or locked away.
    """
    path = Path(path)
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path}: is a folder, not a depth image; name a file in it")
    if stat.S_ISFIFO(status.st_mode):
        raise InputError(f"{path}: is a pipe, which only the command line reads: cn-zoo predict -")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: may not be read; check the file's permissions")
    if status.st_size == 0:
        raise InputError(f"{path}: is empty (0 bytes); copy or record it again")
    return path


def require_size(width: int, height: int, path: str | Path) -> None:
    """Refuse an image size no depth camera has.

    Raises:
        InputError: a side is not positive, or there are more than ``MAX_PIXELS`` pixels.
    """
    if width < 1 or height < 1:
        raise InputError(f"{path}: the header says {width} x {height} pixels; the file is damaged")
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{path}: {width} x {height} pixels is larger than any depth camera's image "
            f"(limit {MAX_PIXELS // 10**6} megapixels); the file is damaged or must be scaled down"
        )
