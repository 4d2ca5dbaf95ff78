"""Which files a user means by an image, a folder or a pattern."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from pathlib import Path

from cn_zoo.errors import InputError
from cn_zoo.io.depth_image import DEPTH_SUFFIXES


def expand_sources(sources: Iterable[str | Path]) -> list[Path]:
    """List the files of each source in turn.

    A folder gives its depth images (not hidden ones, nor those of folders within), a pattern with ``*``, ``?`` or
    ``[`` gives the files it matches, both in natural order: ``2.png`` before ``10.png``. Any other name is taken as it
    is, whether or not such a file exists, so that one bad name among several can be reported on its own.

    Raises:
        InputError: a folder holds no depth image, a pattern matches no file, or a name is empty.
    """
    return [path for source in sources for path in _expand(source)]


def is_hidden(path: Path) -> bool:
    """Whether a name begins with a dot, as macOS's by-products (``._0001.png``) and files half written do.

    Such files count only where they are named one by one.
    """
    return path.name.startswith(".")


def _expand(source: str | Path) -> list[Path]:
    # As a path it would be the current folder.
    if source == "":
        raise InputError("an empty name is no source; give a file, a folder or a pattern (an unset variable?)")
    try:
        return _look_up(Path(source))
    except OSError as error:  # no permission, a name too long
        raise InputError(f"{source}: cannot be looked up ({error.strerror}); check the path") from None


def _look_up(source: Path) -> list[Path]:
    if source.is_dir():
        images = (path for path in source.iterdir() if path.suffix.lower() in DEPTH_SUFFIXES)
        # A link that leads nowhere is told when it is read.
        found = [path for path in images if (path.is_file() or path.is_symlink()) and not is_hidden(path)]
        if not found:
            raise InputError(
                f"{source}: the folder holds no depth image ({', '.join(DEPTH_SUFFIXES)}); {_where_else(source)}"
            )
        return sorted(found, key=_natural_order)
    if source.exists() or not glob.has_magic(str(source)):
        return [source]
    matches = glob.iglob(str(source), recursive=True)  # noqa: PTH207 (Path.glob takes no absolute pattern)
    found = [path for path in map(Path, matches) if path.is_file()]
    if not found:
        raise InputError(f"{source}: no file matches this pattern; check the path")
    return sorted(found, key=_natural_order)


def _where_else(folder: Path) -> str:
    """What to try for a folder without depth images: the folders in it that have some."""
    for inner in sorted(path for path in folder.iterdir() if path.is_dir() and not is_hidden(path)):
        kinds = {path.suffix for path in inner.iterdir() if path.suffix.lower() in DEPTH_SUFFIXES}
        if kinds:
            return f"folders in it do, so try {folder / inner.name} or '{folder / '*' / f'*{min(kinds)}'}'"
    return "check the path"


def _natural_order(path: Path) -> list[tuple[int, int, str]]:
    """Numbers inside names count as numbers."""
    parts = re.split(r"(\d+)", str(path))
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part.lower()) for part in parts if part]
