import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from cn_zoo.benchmarking.cost import count_macs, gflops
from cn_zoo.errors import WeightsError

SHAPES = {
    # operator, attributes, input, weights, output: multiply-adds
    "Conv": ({"strides": [2, 2]}, (1, 3, 9, 9), (8, 3, 3, 3), (1, 8, 4, 4), 8 * 16 * 3 * 9),
    "depthwise": ({"group": 4}, (1, 4, 5, 5), (4, 1, 3, 3), (1, 4, 3, 3), 4 * 9 * 9),
    "volume": ({}, (1, 2, 4, 4, 4), (5, 2, 1, 1, 1), (1, 5, 4, 4, 4), 5 * 64 * 2),
    "ConvTranspose": ({"strides": [2, 2]}, (1, 3, 4, 4), (3, 5, 2, 2), (1, 5, 8, 8), 3 * 16 * 5 * 4),
    "Gemm": ({}, (7, 11), (11, 13), (7, 13), 7 * 11 * 13),
    "turned Gemm": ({"transB": 1}, (7, 11), (13, 11), (7, 13), 7 * 11 * 13),
    "MatMul": ({}, (2, 7, 11), (2, 11, 13), (2, 7, 13), 2 * 7 * 11 * 13),
    "broadcast MatMul": ({}, (2, 7, 11), (11, 13), (2, 7, 13), 2 * 7 * 11 * 13),
    "Relu": ({}, (1, 9), None, (1, 9), 0),
}
OPERATORS = {"depthwise": "Conv", "volume": "Conv", "turned Gemm": "Gemm", "broadcast MatMul": "MatMul"}


@pytest.mark.parametrize("name", SHAPES)
def test_multiply_adds(tmp_path, name):
    attributes, entered, weights, given, expected = SHAPES[name]
    constants = [] if weights is None else [numpy_helper.from_array(np.zeros(weights, np.float32), "w")]
    inputs = ["x", *(each.name for each in constants)]
    # Between the graph's input and output: shapes are inferred.
    nodes = [
        helper.make_node("Identity", ["x0"], ["x"]),
        helper.make_node(OPERATORS.get(name, name), inputs, ["y"], **attributes),
        helper.make_node("Relu", ["y"], ["y0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, entered)],
        [helper.make_tensor_value_info("y0", TensorProto.FLOAT, given)],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    onnx.save(model, tmp_path / "a.onnx")
    assert count_macs(tmp_path / "a.onnx") == expected


def test_broken_files(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"not a network" * 9)
    with pytest.raises(WeightsError, match=r"a\.onnx: is no ONNX network"):
        count_macs(tmp_path / "a.onnx")


def test_two_operations_for_each_multiplication_with_addition():
    assert gflops(macs=50_000_000, milliseconds=2.0) == 50.0
