"""What runs a network file: ONNX Runtime, LiteRT or Keras, behind one interface."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np

from cn_zoo.errors import InputError, MissingDependencyError, WeightsError, one_line
from cn_zoo.keras_backend import need_keras
from cn_zoo.onnx_runtime import import_onnx_runtime

#: A network's outputs for one input, by name; for a pose estimator's ``cn_zoo.models.build_pose_estimator`` tells them.
Outputs = dict[str, np.ndarray]


class Runtime(Protocol):
    """A loaded network with one input: a pose estimator takes a crop ``(128, 128)`` in [-1, 1]."""

    def run(self, value: np.ndarray) -> Outputs:
        """Outputs for one float32 input, without the batch axis; pictures of one channel are ``(h, w)``.

        Any number of threads may call it.
        """
        ...


def open_runtime(path: Path, threads: int = 1) -> Runtime:
    """Load a network file in the runtime that its suffix names.

    Args:
        path: ``.onnx``, ``.tflite`` or ``.keras``, verified already.
        threads: how many threads one call may use; Keras decides for itself.

    Raises:
        InputError: another suffix.
        WeightsError: the file is broken.
        MissingDependencyError: the runtime is not installed.
    """
    path = Path(path)
    if path.suffix not in _OPENERS:
        raise InputError(f"{path}: a network is a {', '.join(_OPENERS)} file")
    return _OPENERS[path.suffix](path, threads)


class _OnnxRuntime:
    def __init__(self, path: Path, threads: int) -> None:
        onnxruntime = import_onnx_runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Bytes, not the path: what was verified is what is loaded.
        self._session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        (self._input,) = (each.name for each in self._session.get_inputs())
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, value: np.ndarray) -> Outputs:
        values = self._session.run(self._names, {self._input: _batched(value)})
        return {name: value[0] for name, value in zip(self._names, values, strict=True)}


class _LiteRTRuntime:
    def __init__(self, path: Path, threads: int) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError:
            raise MissingDependencyError("TFLite files need LiteRT: pip install 'cn_zoo[export]'") from None
        interpreter = Interpreter(model_content=path.read_bytes(), num_threads=threads)
        self._signature = interpreter.get_signature_runner()
        ((self._name, self._input),) = self._signature.get_input_details().items()
        self._outputs = self._signature.get_output_details()
        # The interpreter has one set of tensors.
        self._lock = Lock()

    def run(self, value: np.ndarray) -> Outputs:
        fed = _quantized(_batched(value), self._input)
        with self._lock:
            values = self._signature(**{self._name: fed})
        return {name: _dequantized(value[0], self._outputs[name]) for name, value in values.items()}


def _batched(value: np.ndarray) -> np.ndarray:
    """A batch of one; pictures without an axis for their channel get it."""
    return value[None, :, :, None] if value.ndim == 2 else value[None]


def _quantized(value: np.ndarray, tensor: dict) -> np.ndarray:
    """A float32 array as a TFLite tensor wants it: full-integer files take 8 bit."""
    if tensor["dtype"] == np.float32:
        return value
    scale, zero = tensor["quantization"]
    limits = np.iinfo(tensor["dtype"])
    return np.clip(np.rint(value / scale) + zero, limits.min, limits.max).astype(tensor["dtype"])


def _dequantized(value: np.ndarray, tensor: dict) -> np.ndarray:
    """A TFLite tensor as float32."""
    if tensor["dtype"] == np.float32:
        return value
    scale, zero = tensor["quantization"]
    return (value.astype(np.float32) - zero) * np.float32(scale)


class _KerasRuntime:
    def __init__(self, path: Path, threads: int) -> None:
        need_keras(path.name)
        import keras

        self._model = keras.models.load_model(path, compile=False)

    def run(self, value: np.ndarray) -> Outputs:
        import keras

        outputs = self._model(_batched(value), training=False)
        return {name: keras.ops.convert_to_numpy(value)[0] for name, value in outputs.items()}


_OPENERS: dict[str, Callable[[Path, int], Runtime]] = {
    ".onnx": lambda path, threads: _open(_OnnxRuntime, path, threads),
    ".tflite": lambda path, threads: _open(_LiteRTRuntime, path, threads),
    ".keras": lambda path, threads: _open(_KerasRuntime, path, threads),
}


def _open(kind: type, path: Path, threads: int) -> Runtime:
    """Each runtime has its own errors for a broken file; the user needs one."""
    try:
        return kind(path, threads)
    except MissingDependencyError:
        raise
    except Exception as error:
        reason = one_line(error, limit=200)
        raise WeightsError(f"{path}: cannot be loaded as a network ({reason}); export or download it again") from error
