"""Weights of an ONNX file stored in fewer bytes: a runtime makes float32 of them once, on loading."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

#: Constants of fewer numbers stay as they are, and so do vectors: they weigh nothing; some are scales of 8-bit weights.
_SMALL_CONSTANT = 256


def store_in_16_bit(path: Path) -> None:
    """Store a file's weights as float16: CPUs compute in float32 anyway."""
    import onnx

    model = onnx.load(path)
    for constant, values in _large_constants(model.graph):
        name, half = constant.name, f"{constant.name}_half"
        constant.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), half))
        model.graph.node.insert(0, onnx.helper.make_node("Cast", [half], [name], to=onnx.TensorProto.FLOAT))
    onnx.save(model, path)


def store_in_8_bit(path: Path) -> None:
    """Store a file's weights as whole numbers of 8 bit times a scale for each output channel.

    The first convolution keeps its own: its differences of neighbouring depths count by the millimetre.
    """
    import onnx

    model = onnx.load(path)
    first = next(node for node in model.graph.node if node.op_type == "Conv")
    for constant, values in _large_constants(model.graph):
        if constant.name not in first.input:
            _scale_whole_numbers(model.graph, constant, values)
    onnx.save(model, path)


def _large_constants(graph: onnx.GraphProto) -> Iterator[tuple[onnx.TensorProto, np.ndarray]]:
    """The float32 constants that weigh something, and their values."""
    import onnx

    for constant in list(graph.initializer):
        values = onnx.numpy_helper.to_array(constant)
        if values.dtype == np.float32 and values.ndim > 1 and values.size >= _SMALL_CONSTANT:
            yield constant, values


def _scale_whole_numbers(graph: onnx.GraphProto, constant: onnx.TensorProto, values: np.ndarray) -> None:
    """Work a constant out at the graph's beginning."""
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
