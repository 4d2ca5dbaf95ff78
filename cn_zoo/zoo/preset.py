"""The record of one released model: what it is, what it was measured at, and which files belong to it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from cn_zoo.benchmark import BENCHMARKS
from cn_zoo.errors import WeightsError
from cn_zoo.zoo._hashing import sha256_of

#: The record's file name, beside the weights.
PRESET_FILE = "preset.json"


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


@dataclass(frozen=True)
class Preset:
    """All facts about one model. The training and release tools write it; everything else reads it.

    Attributes:
        name: the model's name.
        skeleton: key of ``cn_zoo.geometry.SKELETONS``.
        camera: fx, fy, cx, cy in pixels of the camera it was trained for.
        cube_mm: edge of the crop cube.
        hand: the hand it knows, ``"right"`` or ``"left"``; the other is mirrored.
        architecture: name of the network configuration.
        latent_size: size of the shared latent space.
        training_data: one sentence.
        licence: of the weights, an SPDX name.
        protocol: one sentence on how the errors were measured.
        errors_mm: mean joint error in mm by test set.
        parameters: how many the estimator has.
        files: by kind: ``"estimator"``, ``"nets"`` (Keras), ``"onnx"``, ``"onnx-int8"``, ``"tflite"``, ...
        sigma_mm: the mean of a usual hand's deviations, which tells hands from what is none; 0: not known.
        latency_ms: by what was timed, medians in ms.
        latency_protocol: how they were measured.
        folder: where the record was read from; not stored.
    """

    name: str
    skeleton: str
    camera: tuple[float, float, float, float]
    cube_mm: float
    hand: str
    architecture: str
    latent_size: int
    training_data: str
    licence: str
    protocol: str
    errors_mm: dict[str, float]
    parameters: int
    files: dict[str, FileRecord]
    sigma_mm: float = 0.0
    latency_ms: dict[str, float] = field(default_factory=dict)
    latency_protocol: str = ""
    folder: Path = field(default=Path(), compare=False)

    @classmethod
    def load(cls, folder: Path) -> Preset:
        """Read the record in a folder.

        Raises:
            WeightsError: there is none, or it is damaged or from another version.
        """
        path = folder / PRESET_FILE
        try:
            content = path.read_bytes()
        except OSError as error:
            raise WeightsError(
                f"{path}: cannot be read ({error.strerror}); install or export the model again"
            ) from None
        return replace(cls.parse(content, path), folder=folder)

    @classmethod
    def parse(cls, content: bytes | str, source: Path) -> Preset:
        """Read a record from its JSON text.

        Raises:
            WeightsError: it is damaged or from another version; the message names ``source``.
        """
        try:
            facts = json.loads(content)
            files = {kind: FileRecord(**file) for kind, file in facts.pop("files").items()}
            _check_facts(facts)
            return cls(**{**facts, "camera": tuple(facts["camera"])}, files=files)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())
            raise WeightsError(
                f"{source}: is no model record of this version of cn_zoo ({reason}); install or export the model again"
            ) from None

    def to_json(self) -> str:
        """The record as JSON text, which `parse` reads."""
        facts = asdict(self)
        del facts["folder"]
        return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"

    def save(self, folder: Path) -> None:
        """Write the record beside the model's files.

        Raises:
            OSError: the folder cannot be written.
        """
        from cn_zoo.io.atomic import atomic_path  # reading a record must not wait for NumPy and Pillow

        with atomic_path(folder / PRESET_FILE) as temporary:
            temporary.write_text(self.to_json(), encoding="utf-8")

    def with_urls(self, base: str) -> Preset:
        """The same record where every file without an address of its own is found under ``base``."""
        files = {kind: file if file.url else replace(file, url=base + file.path) for kind, file in self.files.items()}
        return replace(self, files=files)


def _check_facts(facts: dict) -> None:
    """Refuse what would only fail where it is used.

    Raises:
        ValueError: the skeleton is unknown, or the camera is none.
    """
    # Not of `cn_zoo.geometry`: reading a record must not wait for NumPy, which that imports.
    if facts["skeleton"] not in BENCHMARKS:
        raise ValueError(f"skeleton {facts['skeleton']!r} is none of {', '.join(BENCHMARKS)}")
    camera = facts["camera"]
    if len(camera) != 4 or not all(map(_is_finite, camera)) or not all(1 <= focal <= 1e5 for focal in camera[:2]):
        raise ValueError(f"camera {camera!r} is not fx, fy, cx, cy in pixels")


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
