"""A network as an ONNX file."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from cn_zoo.exporting._signature import signature
from cn_zoo.exporting.stored_weights import store_in_16_bit
from cn_zoo.onnx_runtime import import_onnx_runtime

if TYPE_CHECKING:
    import onnx

#: What works on maps (rank 4) runs in 8 bit; all else (soft-argmax, dense layers, pose decoder, sigma) stays float:
#: it costs little time, and in 8 bit it alone would cost most of the accuracy.
_QUANTIZED_OPERATORS = ("Conv", "ConvTranspose", "Relu", "LeakyRelu")
#: The share of a map's numbers that its range holds. The few beyond would make the steps of all the others coarser.
_RANGE_PERCENT = 99.99


def write_onnx(network: keras.Model, precision: str, calibration: np.ndarray, path: Path) -> None:
    """Write a network with static batch 1.

    Args:
        network: with one input, called at least once.
        precision: ``"fp32"``, ``"fp16"`` or ``"int8"``.
        calibration: inputs ``(N, ...)`` that int8 takes its ranges from; N may be 0 for the others.
        path: ``.onnx``.
    """
    inputs = signature(network, calibration.shape[1:])
    network.export(path, format="onnx", opset_version=18, input_signature=inputs, verbose=False)
    if precision == "int8":
        _quantize(path, inputs[0].name, calibration)
    if precision != "fp32":
        store_in_16_bit(path)


def _quantize(path: Path, name: str, calibration: np.ndarray) -> None:
    """Static quantisation with ranges seen on the calibration inputs, weights by channel."""
    import_onnx_runtime()
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Inputs(CalibrationDataReader):
        def __init__(self) -> None:
            self._left = iter(calibration)

        def get_next(self) -> dict[str, np.ndarray] | None:
            value = next(self._left, None)
            return None if value is None else {name: value[None]}

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        # The calibrator prints what it does.
        with redirect_stdout(io.StringIO()):
            quantize_static(
                prepared,
                path,
                Inputs(),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(_QUANTIZED_OPERATORS),
                nodes_to_exclude=_left_in_float(prepared),
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={"CalibPercentile": _RANGE_PERCENT},
            )


def _left_in_float(path: Path) -> list[str]:
    """Names of the nodes whose output is no map, and of those that 8 bit would slow down or spoil."""
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in model.graph.value_info}
    beside_maps = [node.name for node in model.graph.node if ranks.get(node.output[0]) != 4]
    kernels = {constant.name: constant.dims for constant in model.graph.initializer}
    convolutions = {node.name: kernels[node.input[1]] for node in model.graph.node if node.op_type == "Conv"}
    spoilt = [name for name, (outputs, *_) in convolutions.items() if _is_spoilt(outputs)]
    return beside_maps + _of_single_channels(model, convolutions) + spoilt


def _is_spoilt(outputs: int) -> bool:
    """Whether ONNX Runtime 1.21 to 1.24 computes an 8-bit convolution of so many outputs wrongly.

    On CPUs with AMX, it then reads memory that nobody has written; seen of all numbers of outputs up to 129. For Python
    3.10 there is no later version.
    """
    return outputs % 32 > 16 and outputs % 4 > 0


def _of_single_channels(model: onnx.ModelProto, convolutions: Mapping[str, Sequence[int]]) -> list[str]:
    """Names of the convolutions of one channel, and of what follows each: in 8 bit they take three times as long."""
    first = [node for node in model.graph.node if node.name in convolutions and convolutions[node.name][1] == 1]
    outputs = {node.output[0] for node in first}
    return [node.name for node in model.graph.node if node in first or outputs & set(node.input)]
