"""Text files with the same count of numbers on every line: joints, centres, labels."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from cn_zoo.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, gzipped or not, with a byte-order mark (as Excel and Notepad write) or without.

    Raises:
        InputError: it is missing, unreadable, or no text.
    """
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP_MAGIC):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read as text ({reason}); copy it again") from None


def parse_numbers(words: list[str], count: int, place: str, may_miss: bool = False) -> list[float]:
    """``count`` finite numbers from the words of a line.

    Args:
        words: the line's words.
        count: how many numbers there must be.
        place: names the file and line in a complaint.
        may_miss: whether all of them may be NaN, which stands for a frame without an answer.

    Raises:
        InputError: there are more or fewer, or one is no finite number.
    """
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        culprit = next(word for word in words if not _is_number(word))
        raise InputError(f"{place}: {culprit[:40]!r} is not a number; expected {count} numbers") from None
    if len(numbers) != count:
        raise InputError(
            f"{place}: {len(numbers)} numbers, expected {count} ({count // 3} points of three); "
            "check the dataset, its joints, and whether the line was cut off"
        )
    missed = may_miss and all(map(math.isnan, numbers))
    if not missed and not all(map(math.isfinite, numbers)):
        raise InputError(f"{place}: holds NaN or infinity; every number must be finite")
    return numbers


def read_points(path: str | Path, point_count: int, may_miss: bool = False) -> np.ndarray:
    """Read ``(N, point_count, 3)`` float64 points from a text file, a frame a line; blank lines are passed over.

    Args:
        path: the file.
        point_count: points of a frame.
        may_miss: whether a line may be all NaN, which stands for a frame without an answer.

    Raises:
        InputError: the file is unreadable or empty, or a line (named by its number) is not of that form.
    """
    frames = [
        parse_numbers(words, 3 * point_count, f"{path}: line {number}", may_miss)
        for number, line in enumerate(read_text(Path(path)).splitlines(), start=1)
        if (words := line.split())
    ]
    return _as_points(frames, point_count, path)


def read_named_points(path: str | Path, point_count: int) -> tuple[list[str], np.ndarray]:
    """Like ``read_points`` for lines that begin with an image name; returns the names, too."""
    names, frames = [], []
    for number, line in enumerate(read_text(Path(path)).splitlines(), start=1):
        if words := line.split():
            names.append(words[0])
            frames.append(parse_numbers(words[1:], 3 * point_count, f"{path}: line {number}"))
    return names, _as_points(frames, point_count, path)


def _as_points(frames: list[list[float]], point_count: int, path: str | Path) -> np.ndarray:
    if not frames:
        raise InputError(f"{path}: holds no frames; expected a frame a line")
    return np.array(frames).reshape(-1, point_count, 3)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
