"""Export to ONNX and TFLite: written, measured against Keras in its own runtime, then moved into place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias, TypeVar

import keras
import numpy as np

from cn_zoo.errors import CnZooError, MissingDependencyError
from cn_zoo.exporting.parity import OutputParity, Parity, check_outputs, check_parity
from cn_zoo.exporting.write_onnx import write_onnx
from cn_zoo.exporting.write_tflite import write_tflite
from cn_zoo.geometry.frame_view import FrameView
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.io.atomic import atomic_path
from cn_zoo.joint import CrossingNets
from cn_zoo.keras_backend import need_later_keras
from cn_zoo.models import load_keras_file
from cn_zoo.synthesis.crop_batch import CropBatch, draw_crop_batch
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.locator_batch import PLACES, draw_judged_crops
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import Preset, get_preset, resolve
from cn_zoo.zoo.embedded import embed
from cn_zoo.zoo.locator_record import LOCATOR_FOLDER, LocatorRecord

#: Networks that can be exported by themselves: a model's own two, and the hand locator's two, which models share.
PARTS = ("estimator", "generator", "finder", "judge")

AnyParity: TypeAlias = Parity | OutputParity
_SomeParity = TypeVar("_SomeParity", Parity, OutputParity)
_Outputs: TypeAlias = dict[str, np.ndarray]

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


def export(model: str | Path, format: str, precision: str, path: str | Path, part: str = "estimator") -> AnyParity:
    """Write one of a model's networks for another runtime, with the model's record inside.

    ``"estimator"``, the posterior and the pose decoder, works alone: ``cn-zoo predict --model FILE``. Input ``depth``
    (1, 128, 128, 1); outputs ``pose``, ``sigma``, ``latent``, ``hand`` as of
    ``cn_zoo.models.build_pose_estimator``.
    ``"generator"``, the mapping layer and the generator, draws the depth map of a point of the shared latent space.
    Input ``latent`` (1, L + 3); output ``depth`` (1, 128, 128, 1). ``"finder"`` and ``"judge"`` are the hand locator's
    networks (`cn_zoo.models.finder_and_judge`), the finder for images of the model's own camera. All is float32, but
    whole numbers in int8 files of TFLite, which have a scale and a zero point beside each tensor.

    Args:
        model: a name of ``cn_zoo.list_models()``, a path, or a URL, with a Keras file.
        format: ``"onnx"`` or ``"tflite"``.
        precision: ``"fp32"``; ``"fp16"``, weights stored in half the bytes and computed with as float32; or
            ``"int8"``, calibrated on synthetic crops: in ONNX files convolutions in 8 bit and the rest as in fp16, in
            TFLite files whole numbers throughout, for boards without floats: maps in 8 bit, the rest in 16.
        path: ends in ``.onnx`` or ``.tflite``, as the format says.
        part: one of `PARTS`.

    Returns:
        How far the file is from Keras: a `Parity` for the estimator, an `OutputParity` else.

    Raises:
        ValueError: no such format, precision or part, or the path ends in something else.
        UnknownModelError, WeightsError: as of ``cn_zoo.weights_path``; or the model's file is broken or not Keras's.
        MissingDependencyError: the export extra is not installed, or Keras is too old for TFLite.
        CnZooError: the exported file is too far from Keras, see ``check_parity``; it is not kept. Or Keras does not
            run on TensorFlow.
    """
    _check(format, precision, Path(path))
    if part not in PARTS:
        raise ValueError(f"a part is one of {', '.join(PARTS)}; received {part!r}")
    preset = get_preset(model)
    if part == "generator":
        return export_generator(CrossingNets.from_pretrained(model), preset, format, precision, path)
    if part in ("finder", "judge"):
        return export_locator(load_keras_file(_locator_file(part)), part, preset, format, precision, path)
    return export_estimator(load_keras_file(resolve(model, "estimator")), preset, format, precision, path)


def export_estimator(estimator: keras.Model, preset: Preset, format: str, precision: str, path: str | Path) -> Parity:
    """`export` of a pose estimator in memory, with the record that it is to carry."""
    _check(format, precision, Path(path))
    calibration, test = _draw_batches(preset, precision)

    def check(found: _Outputs, expected: _Outputs) -> Parity:
        return check_parity(found, expected, test.poses[preset.skeleton], precision, Path(path))

    job = _Job("estimator", preset, format, precision, Path(path))
    return _export(estimator, calibration.depth, test.depth, check, job)


def export_generator(nets: CrossingNets, preset: Preset, format: str, precision: str, path: str | Path) -> OutputParity:
    """`export` of the generator of nets in memory, with the record that it is to carry."""
    _check(format, precision, Path(path))
    latent = keras.Input(nets.mapping.input_shape[1:], name="latent")
    generator = keras.Model(latent, {"depth": nets.generator(nets.mapping(latent))})
    # Latents of hands, not noise: 8 bit takes its ranges from them.
    calibration, test = (
        keras.ops.convert_to_numpy(nets.encode_pose(batch.poses[preset.skeleton])["mean"])
        for batch in _draw_batches(preset, precision)
    )

    job = _Job("generator", preset, format, precision, Path(path))
    return _export(generator, calibration, test, _output_check(job), job)


def export_locator(
    network: keras.Model, part: str, preset: Preset, format: str, precision: str, path: str | Path
) -> OutputParity:
    """`export` of the hand locator's finder or judge in memory, for images as large as those of the model's camera."""
    _check(format, precision, Path(path))
    draw = {"finder": partial(_draw_views, preset), "judge": _draw_places}[part]
    calibration = draw(_CALIBRATION_CROPS if precision == "int8" else 1, "train")
    job = _Job(part, preset, format, precision, Path(path))
    return _export(network, calibration, draw(_TEST_CROPS, "test"), _output_check(job), job)


def _draw_views(preset: Preset, count: int, split: str) -> np.ndarray:
    """What the finder sees of synthetic frames of the model's own camera, ``(N, h, w, 2)``."""
    own = PRESETS[preset.skeleton].own()
    frames = [draw_frame(own, _SEED, index, split) for index in range(count)]
    return np.stack([FrameView.of(frame.depth_mm, frame.camera).planes() for frame in frames])


def _draw_places(count: int, split: str) -> np.ndarray:
    """What the judge sees of frames of all cameras, which it is the same for, ``(N or one more, 128, 128, 1)``."""
    return draw_judged_crops(_SEED, -(-count // PLACES), split)


def _locator_file(part: str) -> Path:
    return LocatorRecord.load(LOCATOR_FOLDER).path(f"{part}-keras")


def _output_check(job: _Job) -> Callable[[_Outputs, _Outputs], OutputParity]:
    return lambda found, expected: check_outputs(found, expected, job.precision, job.path)


@dataclass(frozen=True)
class _Job:
    """What is written where."""

    part: str
    preset: Preset
    format: str
    precision: str
    path: Path


def _draw_batches(preset: Preset, precision: str) -> tuple[CropBatch, CropBatch]:
    """Synthetic crops to calibrate and to measure on; both of the mix without hands at rest, which are not the rule."""
    synthesis = PRESETS[preset.skeleton]
    count = _CALIBRATION_CROPS if precision == "int8" else 0
    return (
        draw_crop_batch(synthesis, _SEED, 0, count, "validation"),
        draw_crop_batch(synthesis, _SEED, 0, _TEST_CROPS, "test"),
    )


def _export(
    network: keras.Model,
    calibration: np.ndarray,
    test: np.ndarray,
    check: Callable[[_Outputs, _Outputs], _SomeParity],
    job: _Job,
) -> _SomeParity:
    """Write, measure in the file's own runtime, then keep."""
    # The reference comes first: a freshly loaded model must have been called before it is exported.
    expected = network.predict_on_batch(test)
    with atomic_path(job.path) as temporary:
        _WRITERS[job.format](network, job.precision, calibration, temporary)
        embed(job.preset, job.precision, temporary, job.part)
        runtime = open_runtime(temporary)
        outputs = [runtime.run(value) for value in test]
        found = {name: np.stack([each[name] for each in outputs]) for name in expected}
        return check(found, expected)


def _check(format: str, precision: str, path: Path) -> None:
    """See that the export can be done, before anything takes time."""
    if format not in _WRITERS or precision not in _PRECISIONS:
        raise ValueError(
            f"a format is one of {', '.join(_WRITERS)}, a precision one of {', '.join(_PRECISIONS)}; "
            f"received {format!r}, {precision!r}"
        )
    if path.suffix != f".{format}":
        raise ValueError(f"{path}: a file of the format {format} ends in .{format}")
    check_needs(format)


def check_needs(format: str) -> None:
    """See that files of a format can be written here.

    Raises:
        MissingDependencyError: the export extra is not installed, or Keras is too old for TFLite.
        CnZooError: Keras does not run on TensorFlow.
    """
    if missing := [name for name in _NEEDED[format] if find_spec(name) is None]:
        raise MissingDependencyError(f"export needs {', '.join(missing)}: pip install 'cn_zoo[export]'")
    if format == "tflite":
        need_later_keras("TFLite export")
    if keras.backend.backend() != "tensorflow":
        raise CnZooError(
            f"export runs on TensorFlow, and Keras runs on {keras.backend.backend()}; set KERAS_BACKEND=tensorflow"
        )
