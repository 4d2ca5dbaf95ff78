"""What every network must do: one mixin, so that a new network is tested in two lines."""

import json
import os
import subprocess
import sys
from functools import cache

import keras
import numpy as np
import onnxruntime
import pytest

#: Loads models where cn_zoo cannot be imported, and writes their outputs: a line of three paths each, till the end.
_LOADER = """
import json, sys
sys.modules["cn_zoo"] = None
import keras, numpy as np
for line in sys.stdin:
    model_path, input_path, output_path = json.loads(line)
    outputs = keras.models.load_model(model_path)(np.load(input_path), training=False)
    outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
    np.savez(output_path, **{name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()})
    print("done", flush=True)
"""


def outputs_of(model, x):
    """A model's outputs as a dict of arrays, whatever it returns."""
    outputs = model(x, training=False)
    outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
    return {name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()}


def outputs_in_fresh_process(path, x, folder, backend):
    """Outputs of a saved model, loaded by another process that cannot import cn_zoo."""
    output = folder / "output.npz"
    np.save(folder / "input.npy", x)
    loader = _loader(backend)
    loader.stdin.write(json.dumps([str(path), str(folder / "input.npy"), str(output)]) + "\n")
    loader.stdin.flush()
    if loader.stdout.readline() != "done\n":
        _loader.cache_clear()
        raise AssertionError(f"{path} does not load on {backend} without cn_zoo; see the captured standard error")
    return dict(np.load(output))


@cache
def _loader(backend):
    """One for all tests, as a framework takes seconds to import; its input ends with the process that runs them."""
    return subprocess.Popen(
        [sys.executable, "-c", _LOADER],
        env={**os.environ, "KERAS_BACKEND": backend},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


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

    def test_config_makes_the_same_network(self, network):
        config = json.loads(json.dumps(network.get_config()))
        again = type(network).from_config(config)
        again.set_weights(network.get_weights())
        assert_same(outputs_of(again, self.batch), outputs_of(network, self.batch), 1e-6)

    def test_a_fitted_step_moves_every_weight(self):
        """Some element of each: a unit that ReLU holds at zero for the whole batch learns nothing from it.

        All outputs learn at once: where the kernel of one starts at zero, no gradient gets past it to earlier weights.
        """
        keras.utils.set_random_seed(1)
        model = self.build()
        target = {name: np.ones_like(value) for name, value in outputs_of(model, self.batch).items()}
        before = [np.array(w) for w in model.trainable_weights]
        model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        history = model.fit(self.batch, target if isinstance(model.output, dict) else target["output"], verbose=0)
        assert np.isfinite(history.history["loss"][0])
        after = [np.array(w) for w in model.trainable_weights]
        assert all(np.isfinite(w).all() for w in after)
        weights = zip(model.trainable_weights, before, after, strict=True)
        assert not [w.path for w, old, new in weights if np.array_equal(old, new)]

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
