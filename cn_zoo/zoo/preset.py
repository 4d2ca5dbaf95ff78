"""The record of one released model: what it is, what it was measured at, and which files belong to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

from cn_zoo.benchmark import BENCHMARKS
from cn_zoo.errors import WeightsError, one_line
from cn_zoo.zoo._record import DAMAGE, facts_of, json_of
from cn_zoo.zoo.file_record import FileRecord

#: The record's file name, beside the weights.
PRESET_FILE = "preset.json"


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
            facts = facts_of(content)
            _check_facts(facts)
            return cls(**{**facts, "camera": tuple(facts["camera"])})
        except DAMAGE as error:
            raise WeightsError(
                f"{source}: is no model record of this version of cn_zoo ({one_line(error)}); install or export the "
                "model again"
            ) from None

    def to_json(self) -> str:
        """The record as JSON text, which `parse` reads."""
        return json_of(self)

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
