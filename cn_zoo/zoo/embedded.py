"""The record inside an exported network file, so that the file works alone.

ONNX keeps it as the metadata property ``cn_zoo``. TFLite keeps it as the file ``cn_zoo.json`` in a zip archive behind
the network, the format's own way of carrying files along. Both hold the same JSON::

    {"cn_zoo": version, "part": "estimator" | "generator" | "finder" | "judge", "precision": "fp32" | "fp16" | "int8",
     "joints": [names in order], "input": what it means, "outputs": what they mean, "numbers": their format,
     "record": preset.json without files}
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

from cn_zoo import __version__
from cn_zoo.errors import WeightsError
from cn_zoo.onnx_runtime import import_onnx_runtime
from cn_zoo.zoo.preset import Preset

_ONNX_KEY = "cn_zoo"
_ZIPPED_FILE = "cn_zoo.json"

_CROP = (
    "(1, 128, 128, 1): the cube of cube_mm around the hand, seen from the front, row 0 at the top; "
    "(depth - depth of the cube's centre) / (cube_mm / 2), clipped to [-1, 1]; +1 also where nothing was measured"
)
_LATENT = "latent (1, L + 3): the place in the shared latent space, the root joint's offset last"
_POSE = (
    "pose (1, J, 3): joints from the cube's centre, right, down, forward, in units of 50 mm; "
    "sigma (1, J): their deviation in the same unit"
)
_HAND = "hand (1, 2): the probability that this is a hand, and that it is of the side that the model knows"
_NUMBERS = (
    "float32; in TFLite files of precision int8 whole numbers, which mean (number - zero point) * scale, both of them "
    "beside each tensor"
)
#: What goes in and what comes out of each of a model's networks.
_INTERFACES = {
    "estimator": {"input": f"depth {_CROP}", "outputs": f"{_POSE}; {_LATENT}; {_HAND}"},
    "generator": {"input": _LATENT, "outputs": f"depth {_CROP}"},
    "finder": {
        "input": "planes (1, h, w, 2): cn_zoo.geometry.frame_view.FrameView.planes",
        "outputs": "cells (1, h / 8, w / 8, 4): as cn_zoo.models.finder_and_judge.build_hand_finder tells",
    },
    "judge": {
        "input": f"depth {_CROP}; of 300 mm instead of cube_mm",
        "outputs": "hand (1, 2), centers (1, 3, 3): as cn_zoo.models.finder_and_judge.build_hand_judge tells",
    },
}


def embed(preset: Preset, precision: str, path: Path, part: str = "estimator") -> None:
    """Write a model's record into an ``.onnx`` or ``.tflite`` file of one of its networks.

    Needs the ``onnx`` package for an ONNX file.

    Raises:
        KeyError: another suffix.
    """
    _WRITERS[path.suffix](path, _to_json(preset, precision, part))


def read_embedded(path: Path) -> Preset | None:
    """The record inside a pose estimator's file; None if it carries none, or cannot be read as such a file.

    Raises:
        WeightsError: the record is damaged or from another version, or the file holds another of a model's networks.
    """
    content = _READERS[path.suffix](path) if path.suffix in _READERS else None
    if content is None:
        return None
    try:
        facts = json.loads(content)
        record, part = json.dumps(facts["record"]), facts.get("part", "estimator")
    except (ValueError, KeyError, TypeError):
        raise WeightsError(f"{path}: carries a damaged model record; export the model again") from None
    if part != "estimator":
        raise WeightsError(f"{path}: holds a {part}, which estimates no poses; give a model's estimator")
    return Preset.parse(record, path)


def _to_json(preset: Preset, precision: str, part: str) -> str:
    from cn_zoo.geometry import SKELETONS  # reading a record must not wait for NumPy

    # A file cannot carry its own hash.
    record = json.loads(replace(preset, files={}).to_json())
    facts = {
        "cn_zoo": __version__,
        "part": part,
        "precision": precision,
        "joints": SKELETONS[preset.skeleton].joints,
        **_INTERFACES[part],
        "numbers": _NUMBERS,
        "record": record,
    }
    return json.dumps(facts, ensure_ascii=False)


def _write_onnx(path: Path, text: str) -> None:
    import onnx

    model = onnx.load(path)
    onnx.helper.set_model_props(model, {_ONNX_KEY: text})
    onnx.save(model, path)


def _read_onnx(path: Path) -> str | None:
    onnxruntime = import_onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception:  # ONNX Runtime has many; whoever runs the network tells them
        return None
    return session.get_modelmeta().custom_metadata_map.get(_ONNX_KEY)


def _write_tflite(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        # Dated by the format's first year, so that the same network gives the same file.
        archive.writestr(zipfile.ZipInfo(_ZIPPED_FILE), text)


def _read_tflite(path: Path) -> bytes | None:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(_ZIPPED_FILE)
    except (zipfile.BadZipFile, KeyError, OSError):
        return None


_WRITERS = {".onnx": _write_onnx, ".tflite": _write_tflite}
_READERS = {".onnx": _read_onnx, ".tflite": _read_tflite}
