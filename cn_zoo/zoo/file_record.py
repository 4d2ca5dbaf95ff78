"""What a record says of one file that lies beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cn_zoo.zoo._hashing import sha256_of


@dataclass(frozen=True)
class FileRecord:
    """One file of a model.

    Attributes:
        path: plain file name, in the folder of the record.
        sha256: SHA-256 of its content, 64 hexadecimal digits.
        bytes: its size.
        url: where it is downloaded from if it is not in that folder; empty if it always is.

    Raises:
        ValueError: the path leads out of the folder, or the hash is none.
    """

    path: str
    sha256: str
    bytes: int
    url: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w[\w.-]*", self.path):
            raise ValueError(f"a model's file lies in its own folder under a plain name; received {self.path!r}")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"a SHA-256 is 64 hexadecimal digits; received {self.sha256!r}")

    @classmethod
    def of(cls, path: Path, url: str = "") -> FileRecord:
        """Measure a file that lies in its model's folder."""
        return cls(path.name, sha256_of(path), path.stat().st_size, url)
