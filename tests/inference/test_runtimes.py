from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from later_keras import EXPORTED, needs_later_keras

from cn_zoo.errors import InputError, WeightsError
from cn_zoo.inference.runtimes import open_runtime


@pytest.fixture(scope="module")
def network():
    """A network with the outputs of a pose estimator, small enough to export at once."""
    keras.utils.set_random_seed(0)
    depth = keras.Input((128, 128, 1), name="depth")
    x = keras.layers.Flatten()(keras.layers.Conv2D(4, 5, strides=16, activation="relu")(depth))
    pose = keras.layers.Reshape((14, 3), name="pose")(keras.layers.Dense(42)(x))
    sigma = keras.layers.Dense(14, activation="softplus", name="sigma")(x)
    latent = keras.layers.Dense(23, name="latent")(x)
    return keras.Model(depth, {"pose": pose, "sigma": sigma, "latent": latent})


@pytest.fixture(scope="module")
def files(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    signature = [keras.InputSpec(shape=(1, 128, 128, 1), dtype="float32", name="depth")]
    network.save(folder / "network.keras")
    for suffix in EXPORTED:
        form = {"tflite": "litert"}.get(suffix, suffix)
        network.export(folder / f"network.{suffix}", format=form, input_signature=signature, verbose=False)
    return folder


@pytest.mark.parametrize("suffix", [*EXPORTED, "keras"])
@pytest.mark.parametrize("threads", [1, 2])
def test_every_runtime_gives_the_network_its_outputs(network, files, suffix, threads):
    crop = np.random.default_rng(1).uniform(-1, 1, (128, 128)).astype("float32")
    expected = network(crop[None, :, :, None], training=False)
    found = open_runtime(files / f"network.{suffix}", threads).run(crop)
    assert found.keys() == {"pose", "sigma", "latent"}
    for name, value in found.items():
        np.testing.assert_allclose(value, tf.convert_to_tensor(expected[name])[0], atol=1e-5)


@pytest.mark.parametrize("suffix", EXPORTED)
def test_threads_share_a_runtime(files, suffix):
    runtime = open_runtime(files / f"network.{suffix}")
    crops = np.random.default_rng(2).uniform(-1, 1, (200, 128, 128)).astype("float32")
    expected = [runtime.run(crop)["pose"] for crop in crops]
    with ThreadPoolExecutor(8) as pool:
        found = [outputs["pose"] for outputs in pool.map(runtime.run, crops)]
    np.testing.assert_array_equal(found, expected)


@needs_later_keras
def test_full_integer_files_are_fed_and_read_in_8_bit(network, tmp_path):
    crops = np.random.default_rng(1).uniform(-1, 1, (20, 128, 128)).astype("float32")
    path = tmp_path / "integer.tflite"
    network.export(
        path,
        format="litert",
        input_signature=[keras.InputSpec(shape=(1, 128, 128, 1), dtype="float32", name="depth")],
        verbose=False,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=lambda: ([crop[None, :, :, None]] for crop in crops),
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
        inference_input_type=tf.int8,
        inference_output_type=tf.int8,
    )
    expected = network(crops[:1, :, :, None], training=False)
    found = open_runtime(path).run(crops[0])
    for name, value in found.items():
        assert value.dtype == np.float32
        reach = float(np.abs(expected[name]).max())
        np.testing.assert_allclose(value, expected[name][0], atol=0.06 * reach)
    # What 8 bit cannot hold counts as the most that they can, not as something of the other sign.
    beyond, clipped = (open_runtime(path).run(crop) for crop in (3 * crops[0], np.clip(3 * crops[0], -1, 1)))
    for name, value in beyond.items():
        np.testing.assert_array_equal(value, clipped[name])


@pytest.mark.parametrize("suffix", [*EXPORTED, "keras"])
@pytest.mark.parametrize("content", ["truncated", "empty", "text"])
def test_broken_files_are_weights_errors(files, tmp_path, suffix, content):
    whole = (files / f"network.{suffix}").read_bytes()
    path = tmp_path / f"broken.{suffix}"
    path.write_bytes({"truncated": whole[: len(whole) // 2], "empty": b"", "text": b"not a network\n" * 50}[content])
    with pytest.raises(WeightsError, match="broken") as caught:
        open_runtime(path)
    assert "\n" not in str(caught.value)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(InputError, match="pt"):
        open_runtime(tmp_path / "network.pt")


def test_an_error_without_text_is_told_by_its_kind(files, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("onnxruntime.InferenceSession", fail)
    with pytest.raises(WeightsError, match=r"network\.onnx: cannot be loaded as a network \(MemoryError\)"):
        open_runtime(files / "network.onnx")
