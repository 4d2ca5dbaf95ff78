"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: What a write fails with on a full disk, or beyond what the user may write.
NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


@contextmanager
def atomic_path(target: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; move it into place when the block ends without error.

    The temporary name keeps the target's suffix, so that writers that look at it behave. Parent folders are made.
    On an error the temporary file is removed and an earlier ``target`` stays as it was. Devices and pipes are written
    themselves, and so is what a link leads to.

    Raises:
        OSError: the folder cannot be written, or has no room; it names ``target``.
    """
    target = Path(target)
    if is_special(target):
        yield target
        return
    place = Path(os.path.realpath(target))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, "is a file, not a folder", error.filename) from None
    try:
        temporary = _beside(place)
    except OSError as error:
        raise _about(target, error) from None
    try:
        yield temporary
        _give_usual_mode(temporary)
        temporary.replace(place)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and _is_about(temporary, error):
            raise _about(target, error) from None
        raise


def is_special(path: Path) -> bool:
    """Whether it is there and neither a file nor a folder: a device or a pipe, which must stay what it is."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _beside(target: Path) -> Path:
    """A new file in the target's folder."""
    handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    return Path(name)


def _is_about(temporary: Path, error: OSError) -> bool:
    """Whether it was the file that failed. A write for which there is no room names none."""
    if error.filename is None:
        return error.errno in NO_ROOM
    return Path(error.filename) == temporary


def _about(target: Path, error: OSError) -> OSError:
    """The same error about the file that was asked for: nobody knows the hidden one."""
    return OSError(error.errno, error.strerror, str(target))


def _give_usual_mode(path: Path) -> None:
    """``mkstemp`` makes files for the owner alone; give them the mode that ``open`` would."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)
