"""A pose estimator as an ONNX file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np

#: What works on maps (rank 4) runs in 8 bit; all else (soft-argmax, dense layers, pose decoder, sigma) stays float:
#: it costs little time, and in 8 bit it alone would cost most of the accuracy.
_QUANTIZED_OPERATORS = ("Conv", "Relu", "LeakyRelu")
#: Constants of fewer numbers stay float32 in fp16 files: they weigh nothing.
_SMALL_CONSTANT = 256


def write_onnx(estimator: keras.Model, precision: str, calibration: np.ndarray, path: Path) -> None:
    """Write a pose estimator with static batch 1.

    Args:
        estimator: as of ``cn_zoo.models.build_pose_estimator``, called at least once.
        precision: ``"fp32"``, ``"fp16"`` or ``"int8"``.
        calibration: crops ``(N, 128, 128, 1)`` that int8 takes its ranges from.
        path: ``.onnx``.
    """
    signature = [keras.InputSpec(shape=(1, 128, 128, 1), dtype="float32", name="depth")]
    estimator.export(path, format="onnx", opset_version=18, input_signature=signature, verbose=False)
    if precision == "fp16":
        _halve_weights(path)
    if precision == "int8":
        _quantize(path, calibration)


def _halve_weights(path: Path) -> None:
    """Store weights as float16 and cast them on loading, once: CPUs compute in float32 anyway."""
    import onnx

    model = onnx.load(path)
    graph = model.graph
    for constant in list(graph.initializer):
        values = onnx.numpy_helper.to_array(constant)
        if values.dtype == np.float32 and values.size >= _SMALL_CONSTANT:
            name, half = constant.name, f"{constant.name}_half"
            constant.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), half))
            graph.node.insert(0, onnx.helper.make_node("Cast", [half], [name], to=onnx.TensorProto.FLOAT))
    onnx.save(model, path)


def _quantize(path: Path, calibration: np.ndarray) -> None:
    """Static quantisation with ranges seen on the calibration crops, weights by channel."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Crops(CalibrationDataReader):
        def __init__(self) -> None:
            self._crops = iter(calibration)

        def get_next(self) -> dict[str, np.ndarray] | None:
            crop = next(self._crops, None)
            return None if crop is None else {"depth": crop[None]}

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            path,
            Crops(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_QUANTIZED_OPERATORS),
            nodes_to_exclude=_beside_maps(prepared),
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
        )


def _beside_maps(path: Path) -> list[str]:
    """Names of the nodes whose output is no map."""
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in model.graph.value_info}
    return [node.name for node in model.graph.node if ranks.get(node.output[0]) != 4]
