"""The field's text format for joints: a frame a line, three numbers for each joint."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from cn_zoo.errors import InputError
from cn_zoo.io.atomic import atomic_path

_GZIP_MAGIC = b"\x1f\x8b"


def read_joints(path: str | Path, joint_count: int) -> np.ndarray:
    """Read joints from a text file, gzipped or not; blank lines are passed over.

    Args:
        path: a file with ``3 * joint_count`` numbers a line.
        joint_count: J, the joints of the dataset's protocol.

    Returns:
        ``(N, J, 3)`` float64, as the file gives them: u px, v px, d mm by the field's convention.

    Raises:
        InputError: the file is unreadable or empty, or a line (named by its number) does not hold that many
            finite numbers.
    """
    frames = [
        _parse_line(words, joint_count, f"{path}: line {number}")
        for number, line in enumerate(_read_text(Path(path)).splitlines(), start=1)
        if (words := line.split())
    ]
    if not frames:
        raise InputError(f"{path}: holds no frames; expected one line a frame")
    return np.array(frames).reshape(-1, joint_count, 3)


def write_joints(path: str | Path, joints: np.ndarray) -> None:
    """Write ``(N, J, 3)`` joints, a frame a line with three decimals, as the field's prediction files do."""
    joints = np.asarray(joints)
    with atomic_path(path) as temporary:
        np.savetxt(temporary, joints.reshape(len(joints), -1), fmt="%.3f")


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP_MAGIC):
            content = gzip.decompress(content)
        return content.decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read as text ({reason}); expected joints, a frame a line") from None


def _parse_line(words: list[str], joint_count: int, place: str) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        culprit = next(word for word in words if not _is_number(word))
        raise InputError(
            f"{place}: {culprit[:40]!r} is not a number; expected u v d of each joint and nothing else"
        ) from None
    if len(numbers) != 3 * joint_count:
        raise InputError(
            f"{place}: {len(numbers)} numbers where {joint_count} joints need {3 * joint_count}; "
            "check the dataset, the joints chosen and whether the line was cut off"
        )
    if not all(map(math.isfinite, numbers)):
        raise InputError(f"{place}: holds NaN or infinity; every frame must be predicted")
    return numbers


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
