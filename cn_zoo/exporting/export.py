"""Export to ONNX and TFLite: written, measured against Keras in its own runtime, then moved into place."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np

from cn_zoo.errors import CnZooError, MissingDependencyError, WeightsError
from cn_zoo.exporting.parity import Parity, check_parity
from cn_zoo.exporting.write_onnx import write_onnx
from cn_zoo.exporting.write_tflite import write_tflite
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.io.atomic import atomic_path
from cn_zoo.synthesis.crop_batch import draw_crop_batch
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import Preset, get_preset, resolve
from cn_zoo.zoo.embedded import embed

_WRITERS: dict[str, Callable[[keras.Model, str, np.ndarray, Path], None]] = {
    "onnx": write_onnx,
    "tflite": write_tflite,
}
_PRECISIONS = ("fp32", "fp16", "int8")
_NEEDED = {"onnx": ("tensorflow", "tf2onnx", "onnx"), "tflite": ("tensorflow", "ai_edge_litert")}

#: Synthetic crops that int8 takes its ranges from, and that every export is measured on. More change neither.
_CALIBRATION_CROPS = 200
_TEST_CROPS = 200
_SEED = 3


def export(model: str | Path, format: str, precision: str, path: str | Path) -> Parity:
    """Write a model's posterior and pose decoder for another runtime, with its record inside.

    The file works alone: ``cn-zoo predict --model FILE``. Input ``depth`` (1, 128, 128, 1) float32; outputs ``pose``,
    ``sigma``, ``latent`` as of ``cn_zoo.models.build_pose_estimator``, float32.

    Args:
        model: a name of ``cn_zoo.list_models()``, a path, or a URL, with a Keras file.
        format: ``"onnx"`` or ``"tflite"``.
        precision: ``"fp32"``; ``"fp16"``, weights stored in half the bytes and computed with as float32; or
            ``"int8"``, convolutions in 8 bit, calibrated on synthetic crops, the rest in float32.
        path: ends in ``.onnx`` or ``.tflite``, as the format says.

    Returns:
        How far the file is from Keras.

    Raises:
        ValueError: no such format or precision, or the path ends in something else.
        UnknownModelError, WeightsError: as of ``cn_zoo.weights_path``; or the model's file is broken or not Keras's.
        MissingDependencyError: the export extra is not installed.
        CnZooError: the exported file is too far from Keras, see ``check_parity``; it is not kept. Or Keras does not
            run on TensorFlow.
    """
    _check(format, precision, Path(path))
    preset = get_preset(model)
    return export_estimator(_load(resolve(model, "estimator")), preset, format, precision, path)


def export_estimator(estimator: keras.Model, preset: Preset, format: str, precision: str, path: str | Path) -> Parity:
    """`export` of a pose estimator in memory, with the record that it is to carry."""
    path = Path(path)
    _check(format, precision, path)
    synthesis = PRESETS[preset.skeleton]
    count = _CALIBRATION_CROPS if precision == "int8" else 0
    calibration = draw_crop_batch(synthesis, _SEED, 0, count, "train").depth
    test = draw_crop_batch(synthesis, _SEED, 0, _TEST_CROPS, "test")
    # The reference comes first: a freshly loaded model must have been called before it is exported.
    expected = estimator.predict_on_batch(test.depth)
    with atomic_path(path) as temporary:
        _WRITERS[format](estimator, precision, calibration, temporary)
        embed(preset, precision, temporary)
        runtime = open_runtime(temporary)
        outputs = [runtime.run(crop[..., 0]) for crop in test.depth]
        found = {name: np.stack([each[name] for each in outputs]) for name in expected}
        return check_parity(found, expected, test.poses[preset.skeleton], precision, path)


def _load(path: Path) -> keras.Model:
    if path.suffix != ".keras":
        raise WeightsError(f"{path}: is no Keras file, and exports are made from one; give the model itself")
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras, HDF5, zip and JSON each have their own
        reason = str(error).splitlines()[0][:200]
        raise WeightsError(f"{path}: cannot be loaded ({reason}); install or train the model again") from error


def _check(format: str, precision: str, path: Path) -> None:
    """See that the export can be done, before anything takes time."""
    if format not in _WRITERS or precision not in _PRECISIONS:
        raise ValueError(
            f"a format is one of {', '.join(_WRITERS)}, a precision one of {', '.join(_PRECISIONS)}; "
            f"received {format!r}, {precision!r}"
        )
    if path.suffix != f".{format}":
        raise ValueError(f"{path}: a file of the format {format} ends in .{format}")
    if missing := [name for name in _NEEDED[format] if find_spec(name) is None]:
        raise MissingDependencyError(f"export needs {', '.join(missing)}: pip install 'cn_zoo[export]'")
    if keras.backend.backend() != "tensorflow":
        raise CnZooError(
            f"export runs on TensorFlow, and Keras runs on {keras.backend.backend()}; set KERAS_BACKEND=tensorflow"
        )
