"""The field's text format for joints: a frame a line, three numbers for each joint."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cn_zoo.io.atomic import atomic_path
from cn_zoo.io.number_lines import read_points


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
    return read_points(path, joint_count)


def read_predictions(path: str | Path, joint_count: int) -> np.ndarray:
    """Like `read_joints`, but a line may be all NaN: a frame in which no hand was found, as predict writes it."""
    return read_points(path, joint_count, may_miss=True)


def write_joints(path: str | Path, joints: np.ndarray) -> None:
    """Write ``(N, J, 3)`` joints, a frame a line with three decimals, as the field's prediction files do."""
    joints = np.asarray(joints)
    with atomic_path(path) as temporary, temporary.open("w") as file:
        np.savetxt(file, joints.reshape(len(joints), -1), fmt="%.3f")
