"""Outputs that cannot be written are told before the work, not after it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from cn_zoo.io.atomic import is_special


def check_target(path: str | Path) -> None:
    """Refuse a file that could only not be written.

    Raises:
        OSError: it is a folder, lies under a file, or its folder may not be written.
    """
    # A name that ends as a folder's does is one, whether or not it is there.
    is_folder = str(path).endswith(("/", os.sep))
    path = Path(path)
    if is_special(path):
        return
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    if is_folder or path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder, not a file", str(path))
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"cannot lie in {folder}, which is a file", str(path))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
