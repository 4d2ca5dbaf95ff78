"""How fast this machine computes at its best, through ONNX Runtime: what a network's speed is judged by."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cn_zoo.errors import MissingDependencyError
from cn_zoo.onnx_runtime import import_onnx_runtime

if TYPE_CHECKING:
    import onnx

#: Side and channels of the maps that 3x3 convolutions are tried on: the best of them is the peak.
_MAPS = ((8, 128), (16, 64), (48, 64))
_MATRIX = 512
#: Steps in a row, so that what each run costs around them counts little.
_STEPS = 4
_ROUNDS = 40


@dataclass(frozen=True)
class MachinePeak:
    """Operations a second in float32, a multiplication with addition being two, in GFLOP/s.

    Attributes:
        convolution: of the fastest 3x3 convolution tried.
        product: of square matrices.
    """

    convolution: float
    product: float


def measure_peak(threads: int = 1) -> MachinePeak:
    """Time convolutions and matrix products for about a second, in turns; the fastest run of each counts.

    Raises:
        MissingDependencyError: the ``onnx`` package is not installed.
    """
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise MissingDependencyError("the machine's peak needs onnx: pip install 'cn_zoo[export]'") from None
    convolutions = [_opened(_convolutions(*each), threads) for each in _MAPS]
    tasks = [*convolutions, _opened(_products(), threads)]
    seconds = [np.inf] * len(tasks)
    for _ in range(_ROUNDS):
        for index, task in enumerate(tasks):
            start = time.perf_counter()
            task()
            seconds[index] = min(seconds[index], time.perf_counter() - start)
    operations = [2 * _STEPS * 9 * (side * channels) ** 2 for side, channels in _MAPS] + [2 * _STEPS * _MATRIX**3]
    *convolution, product = (count / each / 1e9 for count, each in zip(operations, seconds, strict=True))
    return MachinePeak(max(convolution), product)


def _opened(model: onnx.ModelProto, threads: int) -> Callable[[], object]:
    onnxruntime = import_onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape
    value = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    return lambda: session.run(None, {"x": value})


def _convolutions(side: int, channels: int) -> onnx.ModelProto:
    kernel = _random((channels, channels, 3, 3), 9 * channels)
    attributes = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    return _chain("Conv", kernel, [1, channels, side, side], attributes)


def _products() -> onnx.ModelProto:
    return _chain("MatMul", _random((_MATRIX, _MATRIX), _MATRIX), [_MATRIX, _MATRIX], {})


def _random(shape: tuple[int, ...], inputs: int) -> np.ndarray:
    """Weights that keep the size of what they are applied to."""
    return np.random.default_rng(1).normal(0, inputs**-0.5, shape).astype(np.float32)


def _chain(operator: str, weights: np.ndarray, shape: list[int], attributes: dict[str, object]) -> onnx.ModelProto:
    """One operator several times, each with weights of its own, as in a network; then the mean, to return little."""
    from onnx import TensorProto, helper, numpy_helper

    names = [f"x{step}" for step in range(1, _STEPS + 1)]
    kernels = [numpy_helper.from_array(weights, f"w{step}") for step in range(_STEPS)]
    steps = [
        helper.make_node(operator, [before, kernel.name], [after], **attributes)
        for before, kernel, after in zip(["x", *names], kernels, names, strict=False)
    ]
    last = helper.make_node("ReduceMean", [names[-1]], ["y"], keepdims=0)
    graph = helper.make_graph(
        [*steps, last],
        "peak",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [])],
        kernels,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
