"""A network as a TFLite file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from cn_zoo.exporting._signature import signature

#: The exponential of less rounds to nothing in 16 bit.
_NEXT_TO_NOTHING = -12.0


def write_tflite(network: keras.Model, precision: str, calibration: np.ndarray, path: Path) -> None:
    """Write a network with static batch 1.

    fp32 and fp16 files take and give float32. int8 files compute in whole numbers throughout, with weights of 8 bit by
    channel, and take and give whole numbers: maps are of 8 bit, all else is of 16, since a soft-argmax over maps and
    what follows lose millimetres in 8 bit.

    Args:
        network: with one input, called at least once.
        precision: ``"fp32"``, ``"fp16"`` or ``"int8"``.
        calibration: inputs ``(N, ...)`` that int8 takes its ranges from; N may be 0 for the others.
        path: ``.tflite``.
    """
    if precision == "int8":
        _write_whole_numbers(_for_whole_numbers(network), calibration, path)
        return
    options = {}
    if precision == "fp16":
        import tensorflow as tf

        options = {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": {"supported_types": [tf.float16]}}
    network.export(
        path, format="litert", input_signature=signature(network, calibration.shape[1:]), verbose=False, **options
    )


def _write_whole_numbers(network: keras.Model, calibration: np.ndarray, path: Path) -> None:
    """Convert twice, and take of each what it is good for: the converter knows 8 bit or 16, not both in one file."""
    import tensorflow as tf

    from cn_zoo.exporting.joined_tflite import join_tflite

    def inputs() -> Iterator[list[np.ndarray]]:
        for value in calibration:
            yield [value[None]]

    narrow, wide = (
        tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
        (tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8),
    )
    with tempfile.TemporaryDirectory() as folder:
        archive = keras.export.ExportArchive()
        archive.track(network)
        archive.add_endpoint(
            "serve",
            lambda value: network(value, training=False),
            input_signature=signature(network, calibration.shape[1:]),
        )
        archive.write_out(folder, verbose=False)
        files = []
        for operators, number in ((narrow, tf.int8), (wide, tf.int16)):
            converter = tf.lite.TFLiteConverter.from_saved_model(folder)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_ops = [operators]
            converter.representative_dataset = inputs
            converter.inference_input_type = converter.inference_output_type = number
            files.append(converter.convert())
    path.write_bytes(join_tflite(*files))


# --- operations as TFLite computes them well in 16 bit ---------------------------------------------------------------


def _for_whole_numbers(network: keras.Model) -> keras.Model:
    """The same network of operations that exist in 16 bit and keep their precision there."""

    def cloned(layer: keras.Operation) -> keras.Operation:
        replacement = _REPLACEMENTS.get(type(layer).__name__)
        return replacement(layer) if replacement else type(layer).from_config(layer.get_config())

    clone = keras.models.clone_model(network, clone_function=cloned, recursive=True)
    clone.set_weights(network.get_weights())
    return clone


class _Square(layers.Layer):
    def call(self, x: KerasTensor) -> KerasTensor:
        """There is no 16-bit square."""
        return x * x


class _Root(layers.Layer):
    def call(self, x: KerasTensor) -> KerasTensor:
        """There is no 16-bit square root."""
        return x * ops.rsqrt(x)


class _Exponential(layers.Layer):
    def call(self, x: KerasTensor) -> KerasTensor:
        return _exponential(x)


class _Sum(layers.Layer):
    """Sum along one axis as a product of matrices: TFLite's 16-bit sums overflow the range of what they add up."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self._axis = axis

    def call(self, x: KerasTensor) -> KerasTensor:
        x = ops.convert_to_tensor(x, sparse=False)  # Keras takes products with constants for sparse
        return ops.squeeze(_sum_of_last(ops.swapaxes(x, self._axis, -1)), -1)


class _Softmax(layers.Softmax):
    """Softmax in steps: TFLite's 16-bit softmax takes exp(-10) for all that is less, and far cells are many."""

    def call(self, x: KerasTensor, mask: KerasTensor | None = None) -> KerasTensor:
        axis = _only(self.axis)
        exponential = _exponential(x - ops.max(x, axis=axis, keepdims=True))
        root = ops.rsqrt(_sum_of_last(ops.swapaxes(exponential, axis, -1)))
        # There is no 16-bit division.
        return exponential * ops.swapaxes(root * root, axis, -1)


def _exponential(x: KerasTensor) -> KerasTensor:
    """TFLite has a table of 512 values over all that it saw come in; what is next to nothing spares them."""
    return ops.exp(ops.maximum(x, _NEXT_TO_NOTHING))


def _sum_of_last(x: KerasTensor) -> KerasTensor:
    """Sum along the last axis, which stays, with one element."""
    return ops.matmul(x, np.ones((x.shape[-1], 1), "float32"))


def _only(axis: int | list[int] | tuple[int, ...]) -> int:
    (axis,) = (axis,) if isinstance(axis, int) else axis
    return axis


#: By the class of Keras's operation; those of functions have no public names.
_REPLACEMENTS = {
    "Square": lambda _: _Square(),
    "Sqrt": lambda _: _Root(),
    "Exp": lambda _: _Exponential(),
    "Sum": lambda operation: _Sum(_only(operation.axis)),
    "Softmax": lambda layer: _Softmax.from_config(layer.get_config()),
}
