"""OpenEXR depth images, through the Academy's own small package."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import numpy as np

from cn_zoo.errors import InputError, MissingDependencyError, one_line
from cn_zoo.io._files import require_file, require_size

#: What renderers call a depth channel, after any ``layer.`` prefix.
_DEPTH_NAMES = ("z", "depth")
#: ``sys.stdout`` belongs to the whole process, and datasets are read by several threads.
_REDIRECTION = threading.Lock()


def read_openexr(path: str | Path) -> np.ndarray:
    """Read the only channel, or the one named Z or depth, in the file's own unit.

    Raises:
        InputError: the file is missing, damaged, too large, or its depth channel cannot be told.
        MissingDependencyError: the package OpenEXR is not installed.
    """
    path = require_file(path)
    try:
        import OpenEXR

        if tuple(map(int, OpenEXR.__version__.split(".")[:2])) < (3, 4):
            raise ImportError("earlier versions find no part in sound files")
    except ImportError:
        raise MissingDependencyError(
            f"{path}: reading .exr needs one more package: pip install 'OpenEXR>=3.4' (or save the depth as .npy)"
        ) from None
    try:
        with _stdout_to_stderr():
            with OpenEXR.File(str(path), header_only=True) as file:
                low, high = file.header()["dataWindow"]
            require_size(int(high[0]) - int(low[0]) + 1, int(high[1]) - int(low[1]) + 1, path)
            with OpenEXR.File(str(path), separate_channels=True) as file:
                channels = {name: channel.pixels for name, channel in file.channels().items()}
    except InputError:
        raise
    except Exception as error:  # the package raises RuntimeError and others on broken bytes
        raise InputError(f"{path}: is no whole OpenEXR image ({one_line(error)}); copy it again") from None
    return channels[_depth_channel(list(channels), path)]


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Lead the warnings that the library prints to stderr: stdout is for records."""
    with _REDIRECTION, redirect_stdout(sys.stderr or io.StringIO()):
        yield


def _depth_channel(names: list[str], path: Path) -> str:
    named = [name for name in names if name.rsplit(".", 1)[-1].lower() in _DEPTH_NAMES]
    candidates = names if len(names) == 1 else named
    if len(candidates) != 1:
        raise InputError(f"{path}: has channels {', '.join(names)}; exactly one must be named Z or depth")
    return candidates[0]
