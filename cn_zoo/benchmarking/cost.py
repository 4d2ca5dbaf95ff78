"""How much a network computes."""

from __future__ import annotations

import math
from pathlib import Path

from cn_zoo.errors import MissingDependencyError, WeightsError


def count_macs(path: Path) -> int:
    """Multiplications with addition of one run of an ONNX network: convolutions and matrix products, in any precision.

    All else (activations, softmax, sums) is left out: it is a per cent of a convolutional network.

    Args:
        path: ``.onnx``, of static shapes.

    Raises:
        MissingDependencyError: the ``onnx`` package is not installed.
        WeightsError: the file is broken.
    """
    try:
        import onnx
    except ImportError:
        raise MissingDependencyError("counting operations needs onnx: pip install 'cn_zoo[export]'") from None
    try:
        graph = onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True).graph
    except Exception as error:  # protobuf's and ONNX's own
        raise WeightsError(f"{path}: is no ONNX network, or broken; export or download it again") from error
    known = [*graph.value_info, *graph.input, *graph.output]
    shapes = {value.name: [each.dim_value for each in value.type.tensor_type.shape.dim] for value in known}
    shapes |= {constant.name: list(constant.dims) for constant in graph.initializer}
    counted = [node for node in graph.node if node.op_type in _COUNTED]
    return sum(_macs(node.op_type, *(shapes[name] for name in (*node.input[:2], node.output[0]))) for node in counted)


def gflops(macs: int, milliseconds: float) -> float:
    """Operations a second, in GFLOP/s, a multiplication with addition being two."""
    return 2 * macs / milliseconds / 1e6


_COUNTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def _macs(operator: str, first: list[int], second: list[int], output: list[int]) -> int:
    if operator == "Conv":  # kernel: out, in, ...
        return math.prod(output) * math.prod(second[1:])
    if operator == "ConvTranspose":  # kernel: in, out, ...
        return math.prod(first) * math.prod(second[1:])
    # The second factor holds the product's columns and the common axis, either way round.
    rows, columns = output[-2], output[-1]
    common = math.prod(second) // (columns * math.prod(second[:-2]))
    return math.prod(output[:-2]) * rows * columns * common
