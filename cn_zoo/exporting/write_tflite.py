"""A network as a TFLite file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from cn_zoo.exporting._signature import signature

#: These have rank 4 (or are forced to 8 bit) on the way to sigma, where 8 bit would round small changes away.
_FLOAT_OPERATORS = ("SQUARED_DIFFERENCE", "SUM", "RESHAPE")


def write_tflite(network: keras.Model, precision: str, calibration: np.ndarray, path: Path) -> None:
    """Write a network with static batch 1 and float32 input and outputs.

    int8 means convolutions in 8 bit. A full-integer file was tried and given up: TFLite's 8-bit softmax rounds weights
    below 1/512 to zero, which moves the soft-argmax by millimetres.

    Args:
        network: with one input, called at least once.
        precision: ``"fp32"``, ``"fp16"`` or ``"int8"``.
        calibration: inputs ``(N, ...)`` that int8 takes its ranges from; N may be 0 for the others.
        path: ``.tflite``.
    """
    if precision == "int8":
        _write_quantized(_with_float_softmax(network), calibration, path)
        return
    options = {}
    if precision == "fp16":
        import tensorflow as tf

        options = {"optimizations": [tf.lite.Optimize.DEFAULT], "target_spec": {"supported_types": [tf.float16]}}
    network.export(path, format="litert", input_signature=signature(network, calibration), verbose=False, **options)


class _FloatSoftmax(layers.Softmax):
    """Softmax written out: TFLite's quantiser rounds the result of its own softmax to 8 bit, whatever one asks."""

    def call(self, x: KerasTensor, mask: KerasTensor | None = None) -> KerasTensor:
        """Softmax of ``x`` along the layer's axis."""
        exponential = ops.exp(x - ops.max(x, axis=self.axis, keepdims=True))
        return exponential / ops.sum(exponential, axis=self.axis, keepdims=True)


def _with_float_softmax(network: keras.Model) -> keras.Model:
    def cloned(layer: layers.Layer) -> layers.Layer:
        kind = _FloatSoftmax if isinstance(layer, layers.Softmax) else type(layer)
        return kind.from_config(layer.get_config())

    clone = keras.models.clone_model(network, clone_function=cloned, recursive=True)
    clone.set_weights(network.get_weights())
    return clone


def _write_quantized(network: keras.Model, calibration: np.ndarray, path: Path) -> None:
    """Quantise what works on maps, and nothing else: TensorFlow's selective quantisation."""
    import tensorflow as tf

    def inputs() -> Iterator[list[np.ndarray]]:
        for value in calibration:
            yield [value[None]]

    with tempfile.TemporaryDirectory() as folder:
        archive = keras.export.ExportArchive()
        archive.track(network)
        archive.add_endpoint(
            "serve", lambda value: network(value, training=False), input_signature=signature(network, calibration)
        )
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        beside_maps = _tensors_beside_maps(converter.convert())
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = inputs
        options = tf.lite.experimental.QuantizationDebugOptions(
            denylisted_nodes=beside_maps, denylisted_ops=list(_FLOAT_OPERATORS)
        )
        quantizer = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=inputs, debug_options=options
        )
        path.write_bytes(quantizer.get_nondebug_quantized_model())


def _tensors_beside_maps(float_file: bytes) -> list[str]:
    """Names of the tensors that are no maps (rank 4)."""
    from ai_edge_litert.interpreter import Interpreter

    tensors = Interpreter(model_content=float_file).get_tensor_details()
    return [tensor["name"] for tensor in tensors if len(tensor["shape"]) != 4]
