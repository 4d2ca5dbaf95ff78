"""Files appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(target: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; move it into place when the block ends without error.

    The temporary name keeps the target's suffix, so that writers that look at it behave. Parent folders are made.
    On an error the temporary file is removed and an earlier ``target`` stays as it was.

    Raises:
        OSError: the folder cannot be written.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _give_usual_mode(temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _give_usual_mode(path: Path) -> None:
    """``mkstemp`` makes files for the owner alone; give them the mode that ``open`` would."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)
