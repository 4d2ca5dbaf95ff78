"""The hand locator's networks as small ONNX files."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

#: Constants of fewer numbers stay as they are: they weigh nothing.
_SMALL_CONSTANT = 256


def export_small(network: keras.Model, path: Path) -> None:
    """Write a network of one input with static batch 1, open sizes staying open, its weights stored in 8 bit.

    Each output channel has its own scale. A runtime makes float32 of them once, on loading, and computes with that.

    Args:
        network: called at least once.
        path: ``.onnx``.
    """
    spec = keras.InputSpec(shape=(1, *network.input_shape[1:]), dtype="float32", name=network.inputs[0].name)
    network.export(path, format="onnx", opset_version=18, input_signature=[spec], verbose=False)
    _store_in_8_bit(path)


def _store_in_8_bit(path: Path) -> None:
    import onnx

    model = onnx.load(path)
    graph = model.graph
    for constant in list(graph.initializer):
        values = onnx.numpy_helper.to_array(constant)
        if values.dtype == np.float32 and values.size >= _SMALL_CONSTANT:
            _replace(graph, constant, values)
    onnx.save(model, path)


def _replace(graph: object, constant: object, values: np.ndarray) -> None:
    """A constant by whole numbers times a scale, worked out at the graph's beginning."""
    import onnx

    # Output channels come first in convolutions' weights and last in matrices.
    channel = 0 if values.ndim == 4 else values.ndim - 1
    others = tuple(axis for axis in range(values.ndim) if axis != channel)
    scale = np.maximum(np.abs(values).max(axis=others, keepdims=True), 1e-12) / 127
    whole = np.rint(values / scale).astype(np.int8)
    name = constant.name
    constant.CopyFrom(onnx.numpy_helper.from_array(whole, f"{name}_whole"))
    graph.initializer.append(onnx.numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale"))
    cast = onnx.helper.make_node("Cast", [f"{name}_whole"], [f"{name}_float"], to=onnx.TensorProto.FLOAT)
    scaled = onnx.helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], [name])
    graph.node.insert(0, scaled)
    graph.node.insert(0, cast)
