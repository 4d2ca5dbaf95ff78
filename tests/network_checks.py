"""What every network must do: one mixin, so that a new network is tested in two lines."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import onnxruntime
import pytest

#: Loads a model where cn_zoo cannot be imported, and writes its outputs.
_LOADER = """
import sys
sys.modules["cn_zoo"] = None
import keras, numpy as np
model_path, input_path, output_path = sys.argv[1:]
outputs = keras.models.load_model(model_path)(np.load(input_path), training=False)
outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
np.savez(output_path, **{name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()})
"""


def outputs_of(model, x):
    """A model's outputs as a dict of arrays, whatever it returns."""
    outputs = model(x, training=False)
    outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
    return {name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()}


def outputs_in_fresh_process(path, x, folder, backend):
    """Outputs of a saved model, loaded by another process that cannot import cn_zoo."""
    np.save(folder / "input.npy", x)
    loader, output = folder / "loader.py", folder / "output.npz"
    loader.write_text(_LOADER)
    subprocess.run(
        [sys.executable, str(loader), str(path), str(folder / "input.npy"), str(output)],
        env={**os.environ, "KERAS_BACKEND": backend},
        check=True,
        capture_output=True,
        cwd=folder,
    )
    return dict(np.load(output))


def assert_same(left, right, tolerance):
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_allclose(left[name], right[name], atol=tolerance, rtol=0)


class NetworkChecks:
    """Give ``build()`` and ``batch`` (an input array of batch size 2); get the tests."""

    batch: np.ndarray

    def build(self):
        raise NotImplementedError

    @pytest.fixture(scope="class")
    def network(self):
        keras.utils.set_random_seed(1)
        return self.build()

    def test_outputs_are_finite_and_shaped_by_the_batch(self, network):
        for value in outputs_of(network, self.batch).values():
            assert value.shape[0] == len(self.batch)
            assert np.isfinite(value).all()

    def test_config_makes_the_same_architecture(self, network):
        again = type(network).from_config(network.get_config())
        assert [w.shape for w in again.weights] == [w.shape for w in network.weights]
        json.dumps(network.get_config(), default=str)

    def test_a_fitted_step_moves_the_weights(self):
        model = self.build()
        # Of several outputs one is enough to see that gradients arrive; a part that is frozen has none.
        output = model.output["pose"] if isinstance(model.output, dict) and "pose" in model.output else model.outputs[0]
        trained = keras.Model(model.inputs[0], output)
        target = np.ones_like(keras.ops.convert_to_numpy(trained(self.batch)))
        before = [np.array(w) for w in trained.trainable_weights]
        trained.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        history = trained.fit(self.batch, target, verbose=0)
        assert np.isfinite(history.history["loss"][0])
        after = [np.array(w) for w in trained.trainable_weights]
        assert any(not np.array_equal(x, y) for x, y in zip(before, after, strict=True))

    def test_loads_in_a_fresh_process_without_cn_zoo(self, network, tmp_path):
        network.save(tmp_path / "network.keras")
        backend = keras.backend.backend()
        found = outputs_in_fresh_process(tmp_path / "network.keras", self.batch, tmp_path, backend)
        assert_same(found, outputs_of(network, self.batch), 1e-5)

    def test_onnx_file_agrees(self, network, tmp_path):
        path = tmp_path / "network.onnx"
        shape = (1, *self.batch.shape[1:])
        signature = [keras.InputSpec(shape=shape, dtype="float32", name="x")]
        network.export(path, format="onnx", opset_version=18, input_signature=signature, verbose=False)
        session = onnxruntime.InferenceSession(path)
        values = session.run(None, {session.get_inputs()[0].name: self.batch[:1]})
        names = [output.name for output in session.get_outputs()]
        expected = outputs_of(network, self.batch[:1])
        if len(expected) == 1:
            names = list(expected)
        assert_same(dict(zip(names, values, strict=True)), expected, 1e-4)
