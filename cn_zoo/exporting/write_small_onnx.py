"""A network of open sizes, as the hand finder is, as a small ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import keras

from cn_zoo.exporting._signature import signature
from cn_zoo.exporting.stored_weights import store_in_8_bit

if TYPE_CHECKING:
    import onnx


def write_small_onnx(network: keras.Model, path: Path) -> None:
    """Write a network of one input with static batch 1, open sizes staying open, its weights stored in 8 bit.

    What has a fixed size is faster as `write_onnx` writes it in int8, which computes in 8 bit too.

    Args:
        network: called at least once; its transposed convolutions do not overlap.
        path: ``.onnx``.
    """
    inputs = signature(network, network.input_shape[1:])
    network.export(path, format="onnx", opset_version=18, input_signature=inputs, verbose=False)
    _leave_sizes_alone(path)
    store_in_8_bit(path)


def _leave_sizes_alone(path: Path) -> None:
    """Take out what cuts and pads a transposed convolution to the size that it has anyway.

    Where sizes are open, the export adds some 50 tiny nodes for it, a tenth of the finder's time.
    """
    import onnx

    model = onnx.load(path)
    makers = {name: node for node in model.graph.node for name in node.output}
    for pad in [node for node in model.graph.node if node.op_type == "Pad"]:
        cut = makers[pad.input[0]]
        if cut.op_type == "Slice" and (transposed := makers[cut.input[0]]).op_type == "ConvTranspose":
            # Who wanted the padded map gets the transposed convolution's; nobody wants the other.
            transposed.output[0], pad.output[0] = pad.output[0], transposed.output[0]
    _drop_unused(model.graph)
    onnx.save(model, path)


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Nodes come in the order of their work, so that one look from the end tells which are still needed."""
    needed = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):
        if needed.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            needed.update(node.input)
    for constant in [each for each in graph.initializer if each.name not in needed]:
        graph.initializer.remove(constant)
