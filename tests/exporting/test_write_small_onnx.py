import keras
import numpy as np
import onnx

from cn_zoo.exporting.write_small_onnx import write_small_onnx
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.models.finder_and_judge import build_hand_finder


def test_sizes_stay_open_and_weights_take_a_byte(tmp_path):
    keras.utils.set_random_seed(0)
    finder, path = build_hand_finder(), tmp_path / "finder.onnx"
    finder(np.zeros((1, 16, 16, 2), "float32"))
    write_small_onnx(finder, path)
    runtime = open_runtime(path)
    for size in ((64, 96), (48, 32)):
        planes = np.random.default_rng(0).uniform(0, 20, (*size, 2)).astype("float32")
        expected = keras.ops.convert_to_numpy(finder(planes[None])["cells"])[0]
        np.testing.assert_allclose(runtime.run(planes)["cells"], expected, rtol=0.02, atol=0.02)
    nodes = {node.op_type for node in onnx.load(path).graph.node}
    assert "ConvTranspose" in nodes and "Pad" not in nodes
    assert path.stat().st_size < 1.5 * finder.count_params()
