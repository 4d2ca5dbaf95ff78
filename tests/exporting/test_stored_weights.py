import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from cn_zoo.exporting.stored_weights import store_in_8_bit


@pytest.fixture
def network(tmp_path):
    """Two convolutions and a matrix; each output channel is ten times as large as the last one."""
    rng = np.random.default_rng(0)
    sizes = 10.0 ** np.arange(-3, 3)
    weights = {
        "first": rng.normal(size=(6, 5, 3, 3)) * sizes[:, None, None, None],
        "second": rng.normal(size=(6, 5, 3, 3)) * sizes[:, None, None, None],
        "matrix": rng.normal(size=(50, 6)) * sizes,
    }
    nodes = [
        helper.make_node("Conv", ["maps", "first"], ["of_first"]),
        helper.make_node("Conv", ["maps", "second"], ["of_second"]),
        helper.make_node("MatMul", ["rows", "matrix"], ["of_matrix"]),
    ]
    shapes = {"maps": (1, 5, 8, 8), "rows": (3, 50)}
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info(f"of_{name}", TensorProto.FLOAT, None) for name in weights],
        [numpy_helper.from_array(each.astype(np.float32), name) for name, each in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), tmp_path / "network.onnx")
    return tmp_path / "network.onnx", {name: rng.normal(size=shape).astype("float32") for name, shape in shapes.items()}


def _outputs(path, values):
    session = ReferenceEvaluator(onnx.load(path))
    return dict(zip(session.output_names, session.run(None, values), strict=True))


def test_small_output_channels_are_kept_beside_large_ones(network):
    path, values = network
    before = _outputs(path, values)
    store_in_8_bit(path)
    after = _outputs(path, values)
    for name, axes in (("of_second", (0, 2, 3)), ("of_matrix", (0,))):
        off = np.abs(after[name] - before[name]).max(axis=axes) / np.abs(before[name]).max(axis=axes)
        assert (off > 0).all() and (off < 0.02).all(), name


def test_the_first_convolution_stays_as_it_is(network):
    path, values = network
    before, size = _outputs(path, values), path.stat().st_size
    store_in_8_bit(path)
    np.testing.assert_array_equal(_outputs(path, values)["of_first"], before["of_first"])
    assert path.stat().st_size < 0.75 * size
